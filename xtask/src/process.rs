//! Running programs: shown as they run, with a time limit, with their output kept where a step
//! reads it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::outcome::{Counts, Outcome, Verdict};
use crate::tree;

/// Longer than anything here takes, so that what hangs ends with a report rather than with the
/// patience of who waits.
pub(crate) const LONG: Duration = Duration::from_secs(25 * 60);

/// What a program wrote and how it ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Why the run is a failure, if it is one.
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
    run_quietly(command, limit, true)
}

/// As [`run`], for a step that is this one command.
pub(crate) fn step(command: &mut Command) -> Outcome {
    Outcome::from(run(command, LONG).problem.map_or(Ok(()), Err))
}

/// As [`step`], for a command that runs `cargo test`: counts the tests.
pub(crate) fn tests(command: &mut Command, limit: Duration) -> Outcome {
    let finished = run(command, limit);
    let counts = count_tests(&finished.stdout);
    let verdict = match finished.problem {
        Some(problem) => Verdict::Failed(problem),
        // A filter or a typing error must not pass for success.
        None if counts.passed + counts.ignored == 0 => {
            Verdict::Failed("no test was run".to_string())
        }
        None => Verdict::Passed,
    };
    Outcome { verdict, counts }
}

/// Runs a command to its end; `show` says whether what it prints is passed on.
pub(crate) fn run_quietly(command: &mut Command, limit: Duration, show: bool) -> Finished {
    let begun = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let problem = Some(format!("cannot run {}: {error}", describe(command)));
            return Finished { stdout: String::new(), stderr: String::new(), problem };
        }
    };
    let stdout = keep(child.stdout.take(), show.then_some(|line| print!("{line}")));
    let stderr = keep(child.stderr.take(), show.then_some(|line| eprint!("{line}")));
    let ended = wait(&mut child, begun, limit);
    let (stdout, stderr) = (text(stdout), text(stderr));
    let problem = match ended {
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("`{}`: {status}", describe(command))),
        Err(error) => Some(format!("`{}`: {error}", describe(command))),
    };
    Finished { stdout, stderr, problem }
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

fn keep(pipe: Option<impl Read + Send + 'static>, show: Option<fn(&str)>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut kept = String::new();
        let Some(pipe) = pipe else { return kept };
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            if let Some(show) = show {
                show(&text);
            }
            kept.push_str(&text);
            line.clear();
        }
        kept
    })
}

fn text(thread: JoinHandle<String>) -> String {
    thread.join().unwrap_or_default()
}

fn wait(child: &mut Child, begun: Instant, limit: Duration) -> Result<ExitStatus, String> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if begun.elapsed() >= limit => {
                kill_all(child);
                return Err(format!("not done after {} s, and killed", limit.as_secs()));
            }
            Ok(None) => thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Kills the child and what it started: a test left behind by a killed cargo would hold our pipes
/// open.
fn kill_all(child: &mut Child) {
    let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let listing = listing.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    for process in descendants(child.id(), &listing.unwrap_or_default()) {
        let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Those in a listing of process and parent that descend from `ancestor`.
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
    found.remove(0);
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
        assert_eq!(descendants(10, listing), [11, 12]);
        assert_eq!(descendants(1, listing), [10, 20, 11, 12]);
    }

    #[test]
    fn a_run_that_does_not_end_is_killed_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo begun; sleep 1000 & sleep 1000"]);
        let finished = run_quietly(&mut command, Duration::from_millis(200), false);
        assert_eq!(finished.stdout, "begun\n");
        assert!(finished.problem.unwrap().contains("killed"));
    }

    #[test]
    fn failures_are_told() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo error >&2; exit 3"]);
        let finished = run_quietly(&mut command, LONG, false);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("out\n", "error\n"));
        assert!(finished.problem.unwrap().contains('3'));
        let absent = run_quietly(&mut Command::new("./no-such-program"), LONG, false);
        assert!(absent.problem.unwrap().starts_with("cannot run"));
    }
}
