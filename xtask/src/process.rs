//! Running programs: shown as they run, with a time limit, with their output kept where a step
//! reads it.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::tree;

/// Longer than anything here takes. A command that hangs ends with a report.
pub(crate) const LONG: Duration = minutes(25);

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// The cargo that runs us, to be run in the project's root.
pub(crate) fn cargo(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(tree::root());
    command
}

/// Runs a command to its end, showing it and what it prints. Gives that, and why the run is a
/// failure, if it is one.
pub(crate) fn run(command: &mut Command, limit: Duration) -> (String, Option<String>) {
    println!("$ {}", describe(command));
    let mut output = String::new();
    let problem = match watched(command, limit, &mut output) {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("`{}`: {status}", describe(command))),
        Err(error) => Some(format!("`{}`: {error}", describe(command))),
    };
    (output, problem)
}

/// Like [`run`]: gives what the command wrote, if it succeeds.
pub(crate) fn succeed(command: &mut Command, limit: Duration) -> Result<String, String> {
    let (output, problem) = run(command, limit);
    problem.map_or(Ok(output), Err)
}

/// Like [`run`], for a command that runs `cargo test`: counts the tests.
pub(crate) fn tests(command: &mut Command, limit: Duration) -> Outcome {
    let (output, problem) = run(command, limit);
    let counts = count_tests(&output);
    // A filter or a typing error must not pass for success.
    let none = || (counts.passed + counts.ignored == 0).then(|| "no test was run".to_string());
    Outcome::from_problems(problem.or_else(none).into_iter().collect(), counts)
}

/// What a program's [`run`] came to that counts its tests as cargo does. It skips where it cannot
/// run: then it says so last, and fails.
pub(crate) fn skippable(output: &str, problem: Option<String>) -> Outcome {
    match output.lines().last().and_then(|line| line.strip_prefix("skipped: ")) {
        Some(why) if problem.is_some() => Outcome::skipped(why),
        _ => {
            let counts = count_tests(output);
            let none = || (counts == Counts::default()).then(|| "no test was run".to_string());
            Outcome::from_problems(problem.or_else(none).into_iter().collect(), counts)
        }
    }
}

/// What a command writes to standard output, which is not shown.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{}: {error}", describe(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}`: {}: {}", describe(command), output.status, errors.trim()))
}

/// Runs a command and prints what it writes line by line. A thread kills what runs for too long.
fn watched(command: &mut Command, limit: Duration, output: &mut String) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command holds the pipe's writing end too.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (id, (ended, watched)) = (child.id(), mpsc::channel::<()>());
    let watchdog = thread::spawn(move || {
        let is_late = watched.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if is_late {
            kill_all(&id.to_string());
        }
        is_late
    });
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        print!("{}", String::from_utf8_lossy(&line));
        *output += &String::from_utf8_lossy(&line);
        line.clear();
    }
    let status = child.wait()?;
    drop(ended);
    match watchdog.join() {
        Ok(false) => Ok(status),
        _ => Err(io::Error::other(format!("not done after {limit:?}, and killed"))),
    }
}

/// Adds up the `test result:` lines of `cargo test`.
pub(crate) fn count_tests(output: &str) -> Counts {
    let mut counts = Counts::default();
    for (_, result) in output.lines().filter_map(|line| line.split_once("test result: ")) {
        let words: Vec<&str> =
            result.split([' ', ';', ',']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let number = pair[0].parse().unwrap_or(0);
            match pair[1] {
                "passed" => counts.passed += number,
                "failed" => counts.failed += number,
                "ignored" => counts.ignored += number,
                _ => {}
            }
        }
    }
    counts
}

/// Kills a process and what it started: a test left behind by a killed cargo would hold our pipe
/// open. A parent ends before its children, so that it starts no others.
fn kill_all(id: &str) {
    let children = output(Command::new("pgrep").args(["-P", id])).unwrap_or_default();
    _ = Command::new("kill").args(["-KILL", id]).status();
    children.lines().for_each(kill_all);
}

fn describe(command: &Command) -> String {
    let value = |value: Option<&OsStr>| value.unwrap_or_default().to_owned();
    let variables =
        command.get_envs().map(|(name, to)| format!("{}={:?} ", name.display(), value(to)));
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let arguments = command.get_args().map(|argument| format!(" {}", argument.display()));
    variables.chain([name.display().to_string()]).chain(arguments).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Verdict;

    #[test]
    fn results_are_added_up() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; finished in 0.10s
            test a ... ok
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 5 filtered out; finished in 1s";
        assert_eq!(count_tests(output), Counts { passed: 4, failed: 2, ignored: 1 });
        assert_eq!(count_tests("nothing"), Counts::default());
    }

    #[test]
    fn a_run_that_does_not_end_is_killed_with_its_descendants() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sh -c 'sleep 1000; true' & sleep 1000"]);
        let (output, problem) = run(&mut command, Duration::from_millis(200));
        assert_eq!(output, "begun\n");
        assert!(problem.unwrap().contains("killed"));
    }

    #[test]
    fn failures_are_told() {
        let script = ["-c", "echo out; echo error >&2; exit 3"];
        let (shown, problem) = run(Command::new("sh").args(script), LONG);
        assert_eq!(shown, "out\nerror\n");
        assert!(problem.unwrap().contains('3'));
        let problem = output(Command::new("sh").args(script)).unwrap_err();
        assert!(problem.contains('3') && problem.ends_with(": error"), "{problem}");
        let absent = succeed(&mut Command::new("./no-such-program"), LONG);
        assert!(absent.unwrap_err().contains("no-such-program"));
    }

    #[test]
    fn what_cannot_run_is_skipped_and_what_ran_no_test_has_failed() {
        let verdict =
            |output, problem: Option<&str>| skippable(output, problem.map(Into::into)).verdict;
        let skipped = verdict("a\nskipped: no initdb\n", Some("status 77"));
        assert_eq!(skipped, Verdict::Skipped("no initdb".into()));
        assert_eq!(verdict("", None), Verdict::Failed("no test was run".into()));
        assert_eq!(verdict("a\n", Some("status 1")), Verdict::Failed("status 1".into()));
        let ran = "skipped: the page\ntest result: ok. 3 passed; 0 failed; 0 ignored\n";
        assert_eq!(verdict(ran, None), Verdict::Passed);
    }
}
