//! Running programs: shown as they run, with a time limit, with their output kept where a step
//! reads it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::tree;

/// Longer than anything here takes. A command that hangs ends with a report.
pub(crate) const LONG: Duration = Duration::from_secs(25 * 60);

/// What a program wrote, and why the run is a failure, if it is one.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) output: String,
    pub(crate) problem: Option<String>,
}

/// The cargo that runs us, to be run in the project's root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(tree::root());
    command
}

/// A program by its path, to be run in the project's root.
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.current_dir(tree::root());
    command
}

/// Runs a command to its end, showing it and what it prints.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Finished {
    println!("$ {}", describe(command));
    let mut output = String::new();
    let ended = watched(command, limit, &mut output);
    let problem = match ended {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("`{}`: {status}", describe(command))),
        Err(error) => Some(format!("`{}`: {error}", describe(command))),
    };
    Finished { output, problem }
}

/// Like [`run`]: gives what the command wrote, if it succeeds.
pub(crate) fn succeed(command: &mut Command, limit: Duration) -> Result<String, String> {
    let finished = run(command, limit);
    finished.problem.map_or(Ok(finished.output), Err)
}

/// Like [`run`], for a command that runs `cargo test`: counts the tests.
pub(crate) fn tests(command: &mut Command, limit: Duration) -> Result<Outcome, String> {
    let finished = run(command, limit);
    let counts = count_tests(&finished.output);
    // A filter or a typing error must not pass for success.
    let none = || (counts.passed + counts.ignored == 0).then(|| "no test was run".to_string());
    Ok(Outcome::from_problems(finished.problem.or_else(none).into_iter().collect(), counts))
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
fn watched(
    command: &mut Command,
    limit: Duration,
    output: &mut String,
) -> Result<ExitStatus, String> {
    let text = |error: std::io::Error| error.to_string();
    let (reader, writer) = std::io::pipe().map_err(text)?;
    command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(text)?).stderr(writer);
    let mut child = command.spawn().map_err(text)?;
    // The command holds the pipe's writing end too.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (id, (ended, watched)) = (child.id(), mpsc::channel::<()>());
    let watchdog = thread::spawn(move || {
        let is_late = watched.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if is_late {
            kill_all(id);
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
    let status = child.wait().map_err(text)?;
    drop(ended);
    match watchdog.join() {
        Ok(false) => Ok(status),
        _ => Err(format!("not done after {} s, and killed", limit.as_secs())),
    }
}

/// Adds up the `test result:` lines of `cargo test`.
pub(crate) fn count_tests(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        let Some(at) = line.find("test result: ") else { continue };
        for part in line[at + "test result: ".len()..].split([';', '.']) {
            let mut words = part.split_whitespace();
            let Some(Ok(number)) = words.next().map(str::parse::<usize>) else { continue };
            match words.next() {
                Some("passed") => counts.passed += number,
                Some("failed") => counts.failed += number,
                Some("ignored") => counts.ignored += number,
                _ => {}
            }
        }
    }
    counts
}

/// Kills a process and what it started: a test left behind by a killed cargo would hold our pipe
/// open.
fn kill_all(id: u32) {
    let listing = output(Command::new("ps").args(["-A", "-o", "pid=,ppid="])).unwrap_or_default();
    let all = descendants(id, &listing).into_iter().map(|process| process.to_string());
    _ = Command::new("kill").arg("-KILL").args(all).status();
}

/// A process and, from a listing of processes and their parents, all that descend from it.
fn descendants(ancestor: u32, listing: &str) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = listing
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(|word| word.parse().ok());
            Some((numbers.next()??, numbers.next()??))
        })
        .collect();
    let mut found = vec![ancestor];
    let mut next = 0;
    while next < found.len() {
        let children = pairs.iter().filter(|(_, parent)| *parent == found[next]);
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        found.extend(children);
        next += 1;
    }
    found
}

fn describe(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={:?}", name.to_string_lossy(), value.to_string_lossy()));
        }
    }
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    words.push(name.to_string_lossy().into_owned());
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; finished in 0.10s
            test a ... ok
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 5 filtered out; finished in 1s";
        assert_eq!(count_tests(output), Counts { passed: 4, failed: 2, ignored: 1 });
        assert_eq!(count_tests("nothing"), Counts::default());
    }

    #[test]
    fn descendants_are_found_at_any_depth() {
        let listing = "  1 0\n 10 1\n 12 11\n 11 10\n 20 1\nrubbish\n";
        assert_eq!(descendants(10, listing), [10, 11, 12]);
        assert_eq!(descendants(1, listing), [1, 10, 20, 11, 12]);
    }

    #[test]
    fn a_run_that_does_not_end_is_killed_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sleep 1000 & sleep 1000"]);
        let finished = run(&mut command, Duration::from_millis(200));
        assert_eq!(finished.output, "begun\n");
        assert!(finished.problem.unwrap().contains("killed"));
    }

    #[test]
    fn failures_are_told() {
        let script = ["-c", "echo out; echo error >&2; exit 3"];
        let finished = run(Command::new("sh").args(script), LONG);
        assert_eq!(finished.output, "out\nerror\n");
        assert!(finished.problem.unwrap().contains('3'));
        let problem = output(Command::new("sh").args(script)).unwrap_err();
        assert!(problem.contains('3') && problem.ends_with(": error"), "{problem}");
        let absent = succeed(&mut Command::new("./no-such-program"), LONG);
        assert!(absent.unwrap_err().contains("no-such-program"));
    }
}
