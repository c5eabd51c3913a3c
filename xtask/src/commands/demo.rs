//! `cargo xtask demo`: the service in `demo/` on tokio and by `cargo minato`, with a PostgreSQL and
//! a Redis of its own: its tests, its page in a browser, and a short load.

use std::process::Command;

use super::programs;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, minutes};
use crate::tree;

/// A load that shows that all is answered and kept. It is too short for figures.
const SHORT: &[&str] = &["--debug", "--rounds", "2", "--requests", "1000", "--bookings", "200"];

pub(crate) fn run() -> Result<Outcome, String> {
    let mut command = Command::new("bash");
    command.arg(tree::root().join("demo/run")).args(SHORT);
    // The other programs have built most of what it needs.
    command.env("CARGO_TARGET_DIR", tree::programs_target());
    command.env("CARGO_MINATO", programs::cargo_minato()?);
    let (output, problem) = process::run(&mut command, minutes(40));
    Ok(outcome(&output, problem))
}

/// It skips where the system's packages cannot be had, and says so last.
fn outcome(output: &str, problem: Option<String>) -> Outcome {
    match output.lines().last().and_then(|line| line.strip_prefix("skipped: ")) {
        Some(why) if problem.is_some() => Outcome::skipped(why),
        _ => {
            let counts = process::count_tests(output);
            let none = || (counts == Counts::default()).then(|| "no test was run".to_string());
            Outcome::from_problems(problem.or_else(none).into_iter().collect(), counts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;

    #[test]
    fn what_cannot_run_is_skipped_and_what_ran_no_test_has_failed() {
        let verdict =
            |output, problem: Option<&str>| outcome(output, problem.map(Into::into)).verdict;
        let skipped = verdict("a\nskipped: no initdb\n", Some("status 77"));
        assert_eq!(skipped, Verdict::Skipped("no initdb".into()));
        assert_eq!(verdict("", None), Verdict::Failed("no test was run".into()));
        assert_eq!(verdict("a\n", Some("status 1")), Verdict::Failed("status 1".into()));
        let ran = "skipped: the page\ntest result: ok. 3 passed; 0 failed; 0 ignored\n";
        assert_eq!(verdict(ran, None), Verdict::Passed);
    }
}
