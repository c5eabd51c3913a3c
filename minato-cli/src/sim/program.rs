//! Running a program of tests, and hearing how its sweeps get on.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::build::Binary;
use super::events::{Event, Reader};
use crate::in_context;

/// How often a program is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether Ctrl-C was pressed.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C ends the programs that run, and then this one in good order.
pub(super) fn catch_interrupts() -> io::Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| io::Error::other(format!("cannot wait for Ctrl-C: {error}")))
}

pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// How a program ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// By itself, with this status and these last words.
    Ended(ExitStatus, String),
    /// It was ended by us, because it took too long or because of Ctrl-C.
    Stopped,
}

/// A run of a program.
pub(super) struct Run<'a> {
    pub(super) binary: &'a Binary,
    pub(super) arguments: Vec<String>,
    /// Besides those of the present process, from which the sweeps' own are taken away.
    pub(super) variables: Vec<(&'static str, String)>,
    /// The variable that names the file for what sweeps tell.
    pub(super) file: &'static str,
    pub(super) limit: Option<Duration>,
}

/// The variables of `minato-sim/src/sweep/environment.rs`.
const VARIABLES: [&str; 7] = [
    "MINATO_SIM",
    "MINATO_SIM_SEEDS",
    "MINATO_SIM_FAULTS",
    "MINATO_SIM_JOBS",
    "MINATO_SIM_RECORD",
    "MINATO_SIM_LIST",
    "MINATO_SIM_EVENTS",
];

impl Run<'_> {
    /// Runs the program to its end, and gives what its sweeps tell to `hear`.
    pub(super) fn hear(&self, mut hear: impl FnMut(Event)) -> io::Result<Ending> {
        let folder = TempDir::new()?;
        let (events, words) = (folder.path().join("events"), folder.path().join("words"));
        let mut reader = Reader::create(&events)?;
        let output = std::fs::File::create(&words)?;
        let mut command = Command::new(&self.binary.path);
        VARIABLES.iter().for_each(|name| _ = command.env_remove(name));
        let mut child = command
            .args(&self.arguments)
            .current_dir(&self.binary.folder)
            .env("CARGO_MANIFEST_DIR", &self.binary.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env(self.file, &events)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| {
                in_context(&format!("cannot run {}", self.binary.path.display()), &error)
            })?;
        let start = Instant::now();
        loop {
            let status = child.try_wait()?;
            reader.read()?.into_iter().for_each(&mut hear);
            if let Some(status) = status {
                let words = std::fs::read(&words)?;
                return Ok(Ending::Ended(status, String::from_utf8_lossy(&words).into_owned()));
            }
            if is_interrupted() || self.limit.is_some_and(|limit| start.elapsed() > limit) {
                child.kill()?;
                child.wait()?;
                return Ok(Ending::Stopped);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// What a harness of Rust ends with if a test failed.
const TESTS_FAILED: i32 = 101;

/// How a program ended whose tests have not all been run, if that is so: by a signal, say.
pub(super) fn crash(status: ExitStatus) -> Option<String> {
    match status.code() {
        Some(0 | TESTS_FAILED) => None,
        _ => Some(status.to_string()),
    }
}

/// What the first panic among the words of a program says, or else its last lines.
pub(super) fn panic(words: &str) -> String {
    let mut lines = words.lines().skip_while(|line| !line.contains("panicked at "));
    lines.nth(1).map_or_else(|| last_lines(words), |message| format!("  {message}\n"))
}

/// The last lines of what a program has said.
pub(super) fn last_lines(words: &str) -> String {
    let lines: Vec<&str> = words.lines().collect();
    let from = lines.len().saturating_sub(20);
    lines[from..].iter().map(|line| format!("  {line}\n")).collect()
}
