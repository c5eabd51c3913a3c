//! Time and CPU time of the workloads that drive themselves.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Measures a run of operations, from its start to [`Stopwatch::stop`].
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

/// What a run of operations took.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// From the first to the last.
    pub time: Duration,
    /// The CPU time of all threads of this process.
    pub cpu: Duration,
}

impl Stopwatch {
    /// Starts to measure.
    pub fn start() -> Stopwatch {
        Stopwatch { started: Instant::now(), cpu: process_cpu() }
    }

    /// What was spent since the start. What is cleaned up afterwards does not count.
    pub fn stop(self) -> Spent {
        let cpu = process_cpu().saturating_sub(self.cpu);
        Spent { time: self.started.elapsed(), cpu }
    }
}

/// The CPU time of all threads of this process so far.
fn process_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}
