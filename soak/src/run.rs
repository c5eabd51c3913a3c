//! The runner: makes the namespaces, starts the others, carries their packets, and judges.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::future::{self, Either};
use minato::runtime::Builder;

use crate::carrier::Carrier;
use crate::namespace::{self, DRIVER, SERVER};
use crate::report::Report;
use crate::rest::Sample;
use crate::tally::Line;

/// The exit code of a run that was not possible here.
const SKIPPED: u8 = 77;
/// How long the others may take to end beyond their time.
const GRACE: Duration = Duration::from_secs(300);
/// How often it samples itself, and how many samples later it tells how far it is.
const SAMPLING: Duration = Duration::from_secs(3);
const PROGRESS: u64 = 20;

type SharedReport = Arc<Mutex<Report>>;

/// Soaks for so many minutes.
pub(crate) fn run(minutes: u64, seed: u64) -> ExitCode {
    println!("soaking for {minutes} minutes; --seed {seed}");
    match soak(minutes, seed) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Failure::Skipped(why)) => {
            println!("skipped: {why}");
            ExitCode::from(SKIPPED)
        }
        Err(Failure::Failed(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why there is no report.
enum Failure {
    /// It cannot run here.
    Skipped(String),
    Failed(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Failed(error)
    }
}

fn soak(minutes: u64, seed: u64) -> Result<bool, Failure> {
    let unable =
        |error| Failure::Skipped(format!("no network namespace with a TUN device: {error}"));
    namespace::prepare().map_err(unable)?;
    let program = std::env::current_exe()?;
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        // What nobody uses goes back to the system at once: what is resident is used, or lost.
        command.env("MALLOC_ARENA_MAX", "1").env("MALLOC_TRIM_THRESHOLD_", "0");
        command
    };
    let [first, second] = [seed, seed.rotate_left(32)].map(|seed| seed.to_string());
    let seconds = (minutes * 60).to_string();
    let serve = command(&["serve", &first]);
    let drive = command(&["drive", &second, &seconds]);
    let (one, server) = namespace::start(SERVER, serve).map_err(unable)?;
    let (two, driver) = namespace::start(DRIVER, drive).map_err(unable)?;
    let report = Arc::new(Mutex::new(Report::for_minutes(minutes)));
    let mut server = Process::new("server", server?, &report)?;
    let mut driver = Process::new("driver", driver?, &report)?;

    let limit = Duration::from_secs(minutes * 60) + GRACE;
    let runtime = Builder::new_current_thread().build()?;
    let fates = runtime.block_on(async {
        let carrier = Carrier::new(one, two, seed)?;
        let both = async {
            driver.end_within(limit, &report).await?;
            // This ends the input of the server, which then comes to its own end.
            drop(server.child.stdin.take());
            server.end_within(GRACE, &report).await
        };
        let (ended, fates) = carrier.carry_during(watch(both, &report)).await?;
        ended.map(|()| fates)
    })?;
    [server, driver].into_iter().for_each(Process::read_to_end);
    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
    report.link(fates);
    Ok(report.print())
}

/// Tells now and then how far it is, and what this process holds, while `other` runs.
async fn watch<T>(
    other: impl Future<Output = io::Result<T>>,
    report: &SharedReport,
) -> io::Result<T> {
    let begun = Instant::now();
    let telling = async {
        for count in 1_u64.. {
            minato::time::sleep(SAMPLING).await;
            let sample = Sample::take(begun)?;
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            report.take("carrier", Line::Sample(sample));
            if count.is_multiple_of(PROGRESS) {
                println!("after {:.0} s: {}", sample.seconds, report.progress());
            }
        }
        io::Result::Ok(())
    };
    let (telling, other) = (std::pin::pin!(telling), std::pin::pin!(other));
    match future::select(telling, other).await {
        Either::Left((ended, other)) => {
            ended?;
            other.await
        }
        Either::Right((given, _)) => given,
    }
}

/// One of the other processes, with the thread that reads what it tells.
struct Process {
    name: &'static str,
    child: Child,
    reader: JoinHandle<()>,
}

impl Process {
    fn new(name: &'static str, mut child: Child, report: &SharedReport) -> io::Result<Process> {
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let report = Arc::clone(report);
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                match Line::parse(&line) {
                    Some(line) => {
                        report.lock().unwrap_or_else(PoisonError::into_inner).take(name, line);
                    }
                    None => println!("{name}: {line}"),
                }
            }
        });
        Ok(Process { name, child, reader })
    }

    /// Waits for its end. What does not end in time, or not well, is wrong, and is killed.
    async fn end_within(&mut self, limit: Duration, report: &SharedReport) -> io::Result<()> {
        let begun = Instant::now();
        let what = loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => break format!("the {} ended with {status}", self.name),
                None if begun.elapsed() > limit => {
                    self.child.kill()?;
                    self.child.wait()?;
                    break format!("the {} did not end", self.name);
                }
                None => minato::time::sleep(Duration::from_millis(100)).await,
            }
        };
        report.lock().unwrap_or_else(PoisonError::into_inner).wrong(what);
        Ok(())
    }

    /// Waits until all that it told was read.
    fn read_to_end(self) {
        _ = self.reader.join();
    }
}
