//! `cargo xtask ci`: every step in order, whatever the ones before came to, and a table at the end.

use super::STEPS;
use crate::outcome::{Counts, Outcome, Verdict};
use crate::time_used::{Stopwatch, TimeUsed};

pub(crate) fn run() -> Result<Outcome, String> {
    let mut results = Vec::new();
    for step in STEPS {
        println!("\n== {}: {}", step.name, step.about);
        let stopwatch = Stopwatch::start();
        let outcome = step.outcome();
        let used = stopwatch.stop();
        println!("== {}: {} in {used}", step.name, word(&outcome.verdict));
        results.push((step.name, outcome, used));
    }
    print!("{}", summary(&results));
    let failed = results.iter().filter(|(_, outcome, _)| outcome.is_failed());
    let failed: Vec<&str> = failed.map(|(name, ..)| *name).collect();
    if failed.is_empty() { Ok(Outcome::default()) } else { Err(failed.join(", ")) }
}

/// The table, the tests in all, and last the total over everything, in which a step that counts no
/// tests of its own is one check.
fn summary(results: &[(&str, Outcome, TimeUsed)]) -> String {
    let mut text = format!(
        "\n{:<12}{:<9}{:>8}{:>8}{:>10}{:>11}\n",
        "step", "result", "passed", "failed", "seconds", "processor"
    );
    let (mut tests, mut checks, mut skipped) = (Counts::default(), Counts::default(), 0);
    let mut used = TimeUsed::default();
    for (name, Outcome { verdict, counts }, step) in results {
        let Counts { passed, failed, .. } = *counts;
        let [seconds, processor] = [step.elapsed, step.processor].map(|time| time.as_secs_f64());
        used += *step;
        let why = match verdict {
            Verdict::Passed => "",
            Verdict::Failed(why) | Verdict::Skipped(why) => why.lines().next().unwrap_or(""),
        };
        let word = word(verdict);
        let row = format!(
            "{name:<12}{word:<9}{passed:>8}{failed:>8}{seconds:>10.1}{processor:>11.1}  {why}"
        );
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
         steps: {steps}, of which {skipped} skipped\n\
         time: {used}\n{all_passed} passed, {all_failed} failed\n"
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_last_line_counts_everything() {
        let counts = |passed, failed| Counts { passed, failed, ignored: 0 };
        let failed = |why: &str, counts| Outcome { verdict: Verdict::Failed(why.into()), counts };
        let skipped = Outcome { verdict: Verdict::Skipped("no file".into()), counts: counts(0, 0) };
        let tested = Outcome { verdict: Verdict::Passed, counts: counts(10, 0) };
        let [elapsed, processor] = [60, 90].map(Duration::from_secs);
        let used = TimeUsed { elapsed, processor };
        let results = [
            ("fmt", Outcome::default(), TimeUsed::default()),
            ("test", tested, used),
            ("members", failed("2 tests", counts(3, 2)), used),
            ("doc", failed("a warning\nat a line", counts(0, 0)), TimeUsed::default()),
            ("loom", skipped, TimeUsed::default()),
        ];
        let text = summary(&results);
        assert_eq!(text.lines().last(), Some("14 passed, 3 failed"));
        assert!(text.contains("tests: 13 passed, 2 failed") && text.contains("1 skipped"));
        assert!(text.contains("120.0 s, and 180.0 s of processors"), "{text}");
        assert!(
            text.contains("FAILED") && text.contains("a warning") && !text.contains("at a line")
        );
    }
}
