//! What a step takes: the time that passes, and that of processors, which other work on the machine
//! does not make longer.

use std::fmt;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct TimeUsed {
    pub(crate) elapsed: Duration,
    /// User and system time, of this process and of those that it has waited for.
    pub(crate) processor: Duration,
}

impl fmt::Display for TimeUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [elapsed, processor] = [self.elapsed, self.processor].map(|time| time.as_secs_f64());
        write!(f, "{elapsed:.1} s, and {processor:.1} s of processors")
    }
}

pub(crate) struct Stopwatch {
    begun: Instant,
    processor: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Stopwatch {
        Stopwatch { begun: Instant::now(), processor: processor() }
    }

    pub(crate) fn stop(self) -> TimeUsed {
        let processor = processor().saturating_sub(self.processor);
        TimeUsed { elapsed: self.begun.elapsed(), processor }
    }
}

/// The time of processors until now. A system that does not tell has none.
fn processor() -> Duration {
    let of = |who| {
        let usage = getrusage(who).ok()?;
        let micros = |time: TimeVal| time.num_microseconds().try_into().ok();
        let (user, system) = (micros(usage.user_time())?, micros(usage.system_time())?);
        Some(Duration::from_micros(user) + Duration::from_micros(system))
    };
    [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN].into_iter().filter_map(of).sum()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_time_of_a_child_is_counted() {
        let stopwatch = Stopwatch::start();
        let script = "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done";
        assert!(Command::new("sh").args(["-c", script]).status().unwrap().success());
        let used = stopwatch.stop();
        assert!(used.processor > Duration::from_millis(5), "{used}");
    }
}
