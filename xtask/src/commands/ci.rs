//! `cargo xtask ci`: every step, whatever the others came to, and a table at the end.
//!
//! The steps stand in two rows that run side by side, so that the processors have work while tests
//! wait. Each step is a process of its own, whose processor time can be told. What those of the
//! second row print goes to log files, which are shown after the first row.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::{env, io, thread};

use super::{BESIDE, Command, STEPS};
use crate::outcome::{Counts, Outcome, Verdict};
use crate::report::{self, Report};
use crate::time_used::{Stopwatch, TimeUsed};
use crate::tree;

/// The folder for what steps leave to this one.
const FOLDER: &str = "target/ci";

type Row = Vec<(&'static str, Report)>;

pub(crate) fn run() -> Result<Outcome, String> {
    fs::create_dir_all(tree::root().join(FOLDER)).map_err(|error| format!("{FOLDER}: {error}"))?;
    let stopwatch = Stopwatch::start();
    let mut results: Row = Vec::new();
    thread::scope(|scope| {
        let beside = scope.spawn(|| BESIDE.iter().map(beside).collect::<Row>());
        results.extend(STEPS.iter().map(in_sight));
        // A panic there has been printed; its steps are missing in the table.
        results.extend(beside.join().unwrap_or_default());
    });
    for step in BESIDE {
        print_log(step);
    }
    print!("{}", summary(&results, stopwatch.stop().elapsed));
    let failed = results.iter().filter(|(_, report)| report.outcome.is_failed());
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    match failed.as_slice() {
        [] if results.len() == STEPS.len() + BESIDE.len() => Ok(Outcome::default()),
        [] => Err("not every step was run".to_string()),
        failed => Err(failed.join(", ")),
    }
}

/// Runs a step that prints as it goes.
fn in_sight(step: &Command) -> (&'static str, Report) {
    println!("\n== {}: {}", step.name, step.about);
    let report = run_step(step, || Ok(Stdio::inherit()));
    println!("== {}: {} in {}", step.name, word(&report.outcome.verdict), report.used);
    (step.name, report)
}

/// Runs a step that prints to its log file.
fn beside(step: &Command) -> (&'static str, Report) {
    let log = File::create(log_file(step));
    let report = run_step(step, || Ok(log.as_ref().map_err(copy)?.try_clone()?.into()));
    println!("== beside: {}: {} in {}", step.name, word(&report.outcome.verdict), report.used);
    (step.name, report)
}

fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

fn log_file(step: &Command) -> PathBuf {
    tree::root().join(FOLDER).join(format!("{}.log", step.name))
}

fn print_log(step: &Command) {
    println!("\n== {}: {}", step.name, step.about);
    match fs::read(log_file(step)) {
        Ok(words) => println!("{}", String::from_utf8_lossy(&words)),
        Err(error) => println!("{}: {error}", log_file(step).display()),
    }
}

/// Runs a step as a process. One that hands over no report has failed.
fn run_step(step: &Command, output: impl Fn() -> io::Result<Stdio>) -> Report {
    let stopwatch = Stopwatch::start();
    let file = tree::root().join(FOLDER).join(format!("{}.report", step.name));
    // That of a run before must not pass for this one's.
    _ = fs::remove_file(&file);
    let run = || {
        let mut process = std::process::Command::new(env::current_exe()?);
        process.arg(step.name).env(report::FILE, &file).stdin(Stdio::null());
        process.stdout(output()?).stderr(output()?).status()
    };
    let report = match run() {
        Ok(status) => Report::read(&file).map_err(|why| format!("{status}, and {why}")),
        Err(error) => Err(error.to_string()),
    };
    report.unwrap_or_else(|why| {
        let used = TimeUsed { elapsed: stopwatch.stop().elapsed, ..TimeUsed::default() };
        Report { outcome: Verdict::Failed(why).into(), used }
    })
}

/// The table, the tests in all, and last the total over everything, in which a step that counts no
/// tests of its own is one check.
fn summary(results: &[(&str, Report)], elapsed: Duration) -> String {
    let mut text = format!(
        "\n{:<12}{:<9}{:>8}{:>8}{:>10}{:>11}\n",
        "step", "result", "passed", "failed", "seconds", "processor"
    );
    let (mut tests, mut checks, mut skipped) = (Counts::default(), Counts::default(), 0);
    let mut used = TimeUsed { elapsed, ..TimeUsed::default() };
    for (name, Report { outcome: Outcome { verdict, counts }, used: step }) in results {
        let Counts { passed, failed, .. } = *counts;
        let [seconds, processor] = [step.elapsed, step.processor].map(|time| time.as_secs_f64());
        used.processor += step.processor;
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
    use super::*;

    #[test]
    fn the_last_line_counts_everything() {
        let [elapsed, processor] = [60, 90].map(Duration::from_secs);
        let report = |verdict, passed, failed| {
            let outcome = Outcome { verdict, counts: Counts { passed, failed, ignored: 0 } };
            Report { outcome, used: TimeUsed { elapsed, processor } }
        };
        let failed = |why: &str| Verdict::Failed(why.into());
        let results = [
            ("fmt", report(Verdict::Passed, 0, 0)),
            ("test", report(Verdict::Passed, 10, 0)),
            ("members", report(failed("2 tests"), 3, 2)),
            ("doc", report(failed("a warning\nat a line"), 0, 0)),
            ("loom", report(Verdict::Skipped("no file".into()), 0, 0)),
        ];
        let text = summary(&results, Duration::from_secs(200));
        assert_eq!(text.lines().last(), Some("14 passed, 3 failed"));
        assert!(text.contains("tests: 13 passed, 2 failed") && text.contains("1 skipped"));
        assert!(text.contains("200.0 s, and 450.0 s of processors"), "{text}");
        assert!(
            text.contains("FAILED") && text.contains("a warning") && !text.contains("at a line")
        );
    }
}
