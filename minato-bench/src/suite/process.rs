//! The processes that the suite starts: pinned to a processor, read line by line, always ended.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rustix::process::{getpriority_process, setpriority_process};

use crate::peer::LACKS;

/// How long a process may take to end once its input has.
const END: Duration = Duration::from_secs(20);

/// The priority of processes that are measured beside others, where it may be raised.
const PRIORITY: i32 = -5;

/// The process groups that run, for who wants to end them all.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Why a run has no figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The peer does not have what was asked for.
    Lacks(String),
    /// It failed, or did not end in time.
    Failed(String),
    /// Somebody has asked the suite to end.
    Interrupted,
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Lacks(what) | Trouble::Failed(what) => out.write_str(what),
            Trouble::Interrupted => out.write_str("interrupted"),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Failed(error.to_string())
    }
}

/// Has Ctrl-C, or a polite request to terminate, kill what runs and end the suite.
///
/// # Errors
///
/// That of installing the handler.
pub fn end_on_interrupt() -> io::Result<()> {
    let handler = || {
        INTERRUPTED.store(true, Ordering::Relaxed);
        for group in running().iter() {
            let _ = killpg(Pid::from_raw(*group), Signal::SIGKILL);
        }
    };
    ctrlc::set_handler(handler).map_err(io::Error::other)
}

/// Whether somebody has asked the suite to end.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn running() -> std::sync::MutexGuard<'static, BTreeSet<i32>> {
    RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A process in a group of its own, which is killed when this is dropped.
///
/// If the suite itself is killed, the process sees the end of its standard input.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    name: String,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    has_ended: bool,
}

impl Program {
    /// Starts a command on one processor, or on any.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or the suite is to end.
    pub(crate) fn start(
        command: &mut Command,
        processor: Option<usize>,
    ) -> Result<Program, Trouble> {
        Program::start_by(command, |spawn| on_processor(processor, spawn))
    }

    /// As [`Program::start`], as one of several that share the processor: none of them takes it
    /// from another by waking.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or the suite is to end.
    pub(crate) fn start_in_batch(
        command: &mut Command,
        processor: Option<usize>,
    ) -> Result<Program, Trouble> {
        Program::start_by(command, |spawn| on_processor(processor, || in_batch(spawn)))
    }

    fn start_by(
        command: &mut Command,
        place: impl FnOnce(&mut dyn FnMut() -> io::Result<Child>) -> io::Result<Child>,
    ) -> Result<Program, Trouble> {
        if is_interrupted() {
            return Err(Trouble::Interrupted);
        }
        let name = describe(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0);
        let mut child = place(&mut || command.spawn())
            .map_err(|error| Trouble::Failed(format!("{name}: {error}")))?;
        running().insert(child.id().cast_signed());
        let stdin = child.stdin.take();
        let (sender, lines) = channel();
        let stdout = child.stdout.take();
        // It ends with the process, or when the receiver is gone.
        thread::spawn(move || {
            let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let stderr = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        Ok(Program { child, name, stdin, lines, stderr, has_ended: false })
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it prints.
    ///
    /// # Errors
    ///
    /// If it ends instead, or prints none in time.
    pub(crate) fn line(&mut self, limit: Duration) -> Result<String, Trouble> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(self.late(limit)),
            Err(RecvTimeoutError::Disconnected) => {
                self.wait()?;
                Err(Trouble::Failed(format!("{} ended early", self.name)))
            }
        }
    }

    /// Writes a line to its input, and returns the next one that it prints.
    ///
    /// # Errors
    ///
    /// If it ends instead, or prints none in time.
    pub(crate) fn ask(&mut self, question: &str, limit: Duration) -> Result<String, Trouble> {
        let Some(stdin) = &mut self.stdin else {
            return Err(Trouble::Failed(format!("{} is asked nothing any more", self.name)));
        };
        // One that has ended says why below.
        let _ = writeln!(stdin, "{question}");
        self.line(limit)
    }

    /// The address in the line `listening ADDR`.
    ///
    /// # Errors
    ///
    /// If it prints something else, or nothing in time.
    pub(crate) fn address(&mut self, limit: Duration) -> Result<String, Trouble> {
        let line = self.line(limit)?;
        let address = line.strip_prefix("listening ").map(str::to_string);
        address.ok_or_else(|| Trouble::Failed(format!("{} said `{line}`", self.name)))
    }

    /// Ends its input, and returns what it printed since, on standard output and in all on
    /// standard error, once it has ended well.
    ///
    /// # Errors
    ///
    /// If it ends badly, or not in time.
    pub(crate) fn finish(mut self, limit: Duration) -> Result<(Vec<String>, String), Trouble> {
        drop(self.stdin.take());
        self.output(limit)
    }

    /// As [`Program::finish`], for a process that ends by itself.
    ///
    /// # Errors
    ///
    /// If it ends badly, or not in time.
    pub(crate) fn output(&mut self, limit: Duration) -> Result<(Vec<String>, String), Trouble> {
        let until = Instant::now() + limit;
        let mut printed = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => printed.push(line),
                Err(RecvTimeoutError::Timeout) => return Err(self.late(limit)),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let stderr = self.wait()?;
        Ok((printed, stderr))
    }

    /// Waits for the process, whose output has ended, and judges how it ended.
    fn wait(&mut self) -> Result<String, Trouble> {
        let until = Instant::now() + END;
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if Instant::now() > until => return Err(self.late(END)),
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        self.forget();
        let stderr = self.stderr.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        self.judge(status, &stderr)?;
        Ok(stderr)
    }

    fn judge(&self, status: ExitStatus, stderr: &str) -> Result<(), Trouble> {
        let said = stderr.trim().lines().next_back().unwrap_or_default();
        match status.code() {
            _ if is_interrupted() => Err(Trouble::Interrupted),
            Some(0) => Ok(()),
            Some(LACKS) => Err(Trouble::Lacks(said.to_string())),
            _ => Err(Trouble::Failed(format!("{}: {status}: {said}", self.name))),
        }
    }

    fn late(&self, limit: Duration) -> Trouble {
        if is_interrupted() {
            return Trouble::Interrupted;
        }
        Trouble::Failed(format!("{} hung: killed after {} s", self.name, limit.as_secs()))
    }

    fn forget(&mut self) {
        self.has_ended = true;
        running().remove(&self.child.id().cast_signed());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
            let _ = self.child.wait();
            self.forget();
        }
    }
}

/// Runs `start` with the calling thread on one processor: what it starts inherits that.
fn on_processor<T>(processor: Option<usize>, start: impl FnOnce() -> T) -> T {
    let this = Pid::from_raw(0);
    let (Some(processor), Ok(before)) = (processor, sched_getaffinity(this)) else {
        return start();
    };
    let mut one = CpuSet::new();
    let pinned = one.set(processor).and_then(|()| sched_setaffinity(this, &one));
    let started = start();
    if pinned.is_ok() {
        // The set was in force a moment ago.
        let _ = sched_setaffinity(this, &before);
    }
    started
}

/// Runs `start` with the calling thread as one that does not preempt: what it starts inherits that.
fn in_batch<T>(start: impl FnOnce() -> T) -> T {
    let before = getpriority_process(None).unwrap_or(0);
    // Without the right to raise the priority, it stays.
    let _ = setpriority_process(None, PRIORITY);
    schedule_as(libc::SCHED_BATCH);
    let started = start();
    schedule_as(libc::SCHED_OTHER);
    let _ = setpriority_process(None, before);
    started
}

/// Gives the calling thread one of the policies without priorities, which anybody may have.
fn schedule_as(policy: libc::c_int) {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the pointer is to a value that lives until the call returns, and the call only reads.
    unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) };
}

/// The processors that this process may use.
pub(crate) fn processors() -> Vec<usize> {
    let Ok(allowed) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|at| allowed.is_set(*at).unwrap_or(false)).collect()
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let mut words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some((_, name)) = words[0].rsplit_once('/') {
        words[0] = name.to_string();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Program {
        Program::start(Command::new("sh").args(["-c", script]), None).unwrap()
    }

    #[test]
    fn a_server_is_started_and_ended() {
        let mut server = shell("echo listening 1.2.3.4:5; cat; echo received 7; echo well >&2");
        assert_eq!(server.address(LIMIT).unwrap(), "1.2.3.4:5");
        let (lines, stderr) = server.finish(LIMIT).unwrap();
        assert_eq!((lines, stderr.as_str()), (vec!["received 7".to_string()], "well\n"));
    }

    #[test]
    fn how_it_ended_is_told() {
        let lacking = shell("echo this peer lacks wings >&2; exit 3").finish(LIMIT).unwrap_err();
        assert_eq!(lacking, Trouble::Lacks("this peer lacks wings".to_string()));
        let failed = shell("echo broken >&2; exit 1").line(LIMIT).unwrap_err();
        assert!(matches!(&failed, Trouble::Failed(why) if why.contains("broken")), "{failed}");
        let early = shell("exit 0").line(LIMIT).unwrap_err();
        assert!(matches!(&early, Trouble::Failed(why) if why.contains("early")), "{early}");
        let other = shell("echo hello").address(LIMIT).unwrap_err();
        assert!(matches!(&other, Trouble::Failed(why) if why.contains("hello")), "{other}");
        assert!(Program::start(&mut Command::new("./no-such-program"), None).is_err());
    }

    #[test]
    fn what_hangs_is_killed_with_its_children() {
        let mut program = shell("echo $$; sleep 1000 & echo $!; wait");
        let pids: Vec<i32> =
            (0..2).map(|_| program.line(LIMIT).unwrap().parse().unwrap()).collect();
        let hung = program.output(Duration::from_millis(50)).unwrap_err();
        assert!(matches!(&hung, Trouble::Failed(why) if why.contains("hung")), "{hung}");
        drop(program);
        for pid in pids {
            let until = Instant::now() + LIMIT;
            // A child that was adopted may take a moment to be collected.
            while is_alive(pid) {
                assert!(Instant::now() < until, "{pid} lives");
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    fn is_alive(pid: i32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    }

    #[test]
    fn a_process_runs_where_it_is_put_and_we_stay_where_we_were() {
        let all = processors();
        let last = *all.last().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "grep Cpus_allowed_list /proc/self/status"]);
        let line = Program::start(&mut command, Some(last)).unwrap().line(LIMIT).unwrap();
        assert_eq!(line.split_whitespace().last().unwrap(), last.to_string());
        assert_eq!(processors(), all);
    }

    #[test]
    fn who_shares_a_processor_does_not_preempt_and_we_stay_as_we_were() {
        // The policy is the 41st field, the 39th after the name.
        let policy = |stat: &str| {
            let (_, fields) = stat.rsplit_once(") ").unwrap();
            fields.split(' ').nth(38).unwrap().parse::<i32>().unwrap()
        };
        let ours = || policy(&std::fs::read_to_string("/proc/thread-self/stat").unwrap());
        let before = ours();
        let mut command = Command::new("cat");
        command.arg("/proc/self/stat");
        let line = Program::start_in_batch(&mut command, None).unwrap().line(LIMIT).unwrap();
        assert_eq!(policy(&line), libc::SCHED_BATCH);
        assert_eq!(ours(), before);
    }

    #[test]
    fn a_question_is_answered_by_a_line() {
        let mut program = shell("read a; echo got $a; read b; echo $b too");
        assert_eq!(program.ask("go 5", LIMIT).unwrap(), "got go 5");
        assert_eq!(program.ask("go 6", LIMIT).unwrap(), "go 6 too");
        assert!(program.ask("go 7", LIMIT).is_err());
    }
}
