//! `cargo xtask ci`: every step in order, whatever the ones before came to, and a table at the end.

use std::time::{Duration, Instant};

use super::STEPS;
use crate::outcome::{Counts, Outcome, Verdict};

pub(crate) fn run() -> Result<Outcome, String> {
    let mut results = Vec::new();
    for step in STEPS {
        println!("\n== {}: {}", step.name, step.about);
        let begun = Instant::now();
        let outcome = step.outcome();
        let elapsed = begun.elapsed();
        println!("== {}: {} in {:.1} s", step.name, word(&outcome.verdict), elapsed.as_secs_f64());
        results.push((step.name, outcome, elapsed));
    }
    print!("{}", summary(&results));
    let failed = results.iter().filter(|(_, outcome, _)| outcome.is_failed());
    let failed: Vec<&str> = failed.map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(Outcome::default()) } else { Err(failed.join(", ")) }
}

/// The table, the tests in all, and last the total over everything, in which a step that counts no
/// tests of its own is one check.
fn summary(results: &[(&str, Outcome, Duration)]) -> String {
    let mut text =
        format!("\n{:<12}{:<9}{:>8}{:>8}{:>10}\n", "step", "result", "passed", "failed", "seconds");
    let (mut tests, mut checks, mut skipped) = (Counts::default(), Counts::default(), 0);
    for (name, Outcome { verdict, counts }, elapsed) in results {
        let Counts { passed, failed, .. } = *counts;
        let seconds = elapsed.as_secs_f64();
        let why = match verdict {
            Verdict::Passed => "",
            Verdict::Failed(why) | Verdict::Skipped(why) => why.lines().next().unwrap_or(""),
        };
        let word = word(verdict);
        let row = format!("{name:<12}{word:<9}{passed:>8}{failed:>8}{seconds:>10.1}  {why}");
        text += &format!("{}\n", row.trim_end());
        tests += *counts;
        match verdict {
            Verdict::Passed => checks.passed += usize::from(passed + failed == 0),
            Verdict::Failed(_) => checks.failed += usize::from(failed == 0),
            Verdict::Skipped(_) => skipped += 1,
        }
    }
    let Counts { passed, failed, ignored } = tests;
    let (all_passed, all_failed) = (passed + checks.passed, failed + checks.failed);
    let steps = results.len();
    text + &format!(
        "\ntests: {passed} passed, {failed} failed, {ignored} ignored\n\
         steps: {steps}, of which {skipped} skipped\n{all_passed} passed, {all_failed} failed\n"
    )
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed(_) => "FAILED",
        Verdict::Skipped(_) => "skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_everything() {
        let counts = |passed, failed| Counts { passed, failed, ignored: 0 };
        let failed = |why: &str, counts| Outcome { verdict: Verdict::Failed(why.into()), counts };
        let skipped = Outcome { verdict: Verdict::Skipped("no file".into()), counts: counts(0, 0) };
        let tested = Outcome { verdict: Verdict::Passed, counts: counts(10, 0) };
        let results = [
            ("fmt", Outcome::default(), Duration::ZERO),
            ("test", tested, Duration::ZERO),
            ("members", failed("2 tests", counts(3, 2)), Duration::ZERO),
            ("doc", failed("a warning\nat a line", counts(0, 0)), Duration::ZERO),
            ("loom", skipped, Duration::ZERO),
        ];
        let text = summary(&results);
        assert_eq!(text.lines().last(), Some("14 passed, 3 failed"));
        assert!(text.contains("tests: 13 passed, 2 failed") && text.contains("1 skipped"));
        assert!(
            text.contains("FAILED") && text.contains("a warning") && !text.contains("at a line")
        );
    }
}
