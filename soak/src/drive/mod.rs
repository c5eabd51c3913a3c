//! The driver: what it sends, what must come back, and whom it cuts off.

mod datagrams;
mod stream;
mod timers;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use minato::runtime::Runtime;

use crate::rest;
use crate::serve::any_runtime;
use crate::tally::Tally;

/// How many tasks of each kind a runtime has.
const STREAMS: u64 = 24;
const DATAGRAMS: u64 = 6;
const TIMERS: u64 = 12;

const LONGEST_LIFE: Duration = Duration::from_secs(8);
/// How long a runtime may take to become idle after its tasks were told to end: longer than any
/// conversation.
const IDLE_LIMIT: Duration = Duration::from_secs(120);

/// What all tasks of the process share.
#[derive(Clone)]
pub(crate) struct Driver {
    pub(crate) tally: Tally,
    /// Whether tasks are to end after what they are doing.
    is_over: Arc<AtomicBool>,
    /// The last server that was heard of.
    generation: Arc<AtomicU64>,
}

impl Driver {
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    pub(crate) fn hear_of(&self, generation: u64) {
        self.generation.fetch_max(generation, Ordering::Relaxed);
    }

    /// Spawns the tasks of one runtime.
    fn spawn(&self, numbers: &mut Rng) {
        for _ in 0..STREAMS {
            minato::spawn(stream::converse_again_and_again(self.clone(), numbers.fork()));
        }
        for _ in 0..DATAGRAMS {
            minato::spawn(datagrams::exchange_again_and_again(self.clone(), numbers.fork()));
        }
        for _ in 0..TIMERS {
            minato::spawn(timers::time_again_and_again(self.clone(), numbers.fork()));
        }
    }
}

/// Drives for so many seconds.
pub(crate) fn run(seed: u64, seconds: u64) -> io::Result<()> {
    let driver =
        Driver { tally: Tally::default(), is_over: Arc::default(), generation: Arc::default() };
    driver.tally.watch_panics();
    let mut numbers = Rng::with_seed(seed);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        let runtime = any_runtime(&mut numbers)?;
        let life = LONGEST_LIFE.mul_f64(numbers.f64());
        driver.is_over.store(false, Ordering::Relaxed);
        runtime.block_on(async {
            driver.spawn(&mut numbers);
            minato::time::sleep(life).await;
        });
        end(runtime, &driver, &mut numbers);
        driver.tally.add("runtimes of the driver", 1);
        rest::tell(begun)?;
    }
    driver.tally.print();
    Ok(())
}

/// Ends a runtime in one of the ways that there are.
fn end(runtime: Runtime, driver: &Driver, numbers: &mut Rng) {
    match numbers.usize(..3) {
        0 => drop(runtime),
        1 => runtime.shutdown_timeout(Duration::from_secs(5)),
        // In good order: all that was begun comes to its end.
        _ => {
            driver.is_over.store(true, Ordering::Relaxed);
            let (done, is_done) = mpsc::channel::<()>();
            let tally = driver.tally.clone();
            let watchdog = thread::spawn(move || {
                if is_done.recv_timeout(IDLE_LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
                    tally.wrong(format!("a task has not ended after {IDLE_LIMIT:?}"));
                    std::process::exit(1);
                }
            });
            runtime.wait_idle();
            drop(done);
            _ = watchdog.join();
            driver.tally.add("runtimes that became idle", 1);
        }
    }
}

/// A duration up to `longest`, short ones as likely as long ones.
pub(crate) fn up_to(longest: Duration, numbers: &mut Rng) -> Duration {
    let exponent = numbers.f64() * 10.0;
    longest.mul_f64(exponent.exp2() / 1024.0)
}
