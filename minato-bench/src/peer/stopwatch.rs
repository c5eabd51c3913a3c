//! Time and CPU time of the workloads that drive themselves.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Measures a run of operations, from its start to [`Stopwatch::report`].
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
    cpu: Duration,
}

impl Stopwatch {
    /// Starts to measure.
    pub fn start() -> Stopwatch {
        Stopwatch { started: Instant::now(), cpu: process_cpu() }
    }

    /// Prints the line `operations N nanoseconds T cpu C`.
    pub fn report(self, operations: u64) {
        let elapsed = self.started.elapsed().as_nanos();
        let cpu = process_cpu().saturating_sub(self.cpu).as_nanos();
        println!("operations {operations} nanoseconds {elapsed} cpu {cpu}");
    }
}

/// The CPU time of all threads of this process so far.
fn process_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}
