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
    if failed.is_empty() { Ok(Outcome::passed()) } else { Err(failed.join(", ")) }
}

/// The table, the tests in all, and last the total over everything, in which a step that counts no
/// tests of its own is one check.
fn summary(results: &[(&str, Outcome, Duration)]) -> String {
    let mut text =
        format!("\n{:<12}{:<9}{:>8}{:>8}{:>10}\n", "step", "result", "passed", "failed", "seconds");
    let (mut tests, mut all) = (Counts::default(), Counts::default());
    for (name, outcome, elapsed) in results {
        let Counts { passed, failed, .. } = outcome.counts;
        let seconds = elapsed.as_secs_f64();
        let word = word(&outcome.verdict);
        let why = match &outcome.verdict {
            Verdict::Passed => "",
            Verdict::Failed(why) | Verdict::Skipped(why) => why.lines().next().unwrap_or(""),
        };
        let row = format!("{name:<12}{word:<9}{passed:>8}{failed:>8}{seconds:>10.1}  {why}");
        text.push_str(row.trim_end());
        text.push('\n');
        tests += outcome.counts;
        all += outcome.counts;
        match &outcome.verdict {
            Verdict::Passed if passed + failed == 0 => all.passed += 1,
            Verdict::Failed(_) if failed == 0 => all.failed += 1,
            _ => {}
        }
    }
    let skipped = results.iter().filter(|(_, one, _)| matches!(one.verdict, Verdict::Skipped(_)));
    let (passed, failed, ignored) = (tests.passed, tests.failed, tests.ignored);
    text.push_str(&format!("\ntests: {passed} passed, {failed} failed, {ignored} ignored\n"));
    text.push_str(&format!("steps: {}, of which {} skipped\n", results.len(), skipped.count()));
    text.push_str(&format!("{} passed, {} failed\n", all.passed, all.failed));
    text
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
            ("fmt", Outcome::passed(), Duration::ZERO),
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
