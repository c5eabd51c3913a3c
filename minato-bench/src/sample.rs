//! What the kernel knows about another process: CPU time, context switches, memory.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// Reads the counters of one process.
///
/// CPU time comes from the process's CPU clock, which counts nanoseconds and includes what runs at
/// this moment; the ticks of `/proc/PID/stat` would be too coarse by four orders of magnitude.
#[derive(Debug)]
pub struct Sampler {
    clock: ClockId,
    folder: PathBuf,
}

/// The counters of a process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// CPU time of all its threads, user and system.
    pub cpu: Duration,
    /// How often its threads went to sleep.
    pub voluntary_switches: u64,
    /// Bytes of memory that are resident.
    pub resident: u64,
}

impl Sampler {
    /// A reader of the counters of process `pid`.
    ///
    /// # Errors
    ///
    /// If there is no such process.
    pub fn new(pid: i32) -> io::Result<Sampler> {
        let clock = clock_getcpuclockid(Pid::from_raw(pid))?;
        Ok(Sampler { clock, folder: PathBuf::from(format!("/proc/{pid}")) })
    }

    /// The counters now.
    ///
    /// # Errors
    ///
    /// If the process has ended.
    pub fn sample(&self) -> io::Result<Sample> {
        let cpu = self.cpu()?;
        let status = std::fs::read_to_string(self.folder.join("status"))?;
        let resident = field(&status, "VmRSS:").unwrap_or(0) * 1024;
        let mut voluntary_switches = 0;
        for task in std::fs::read_dir(self.folder.join("task"))? {
            // A thread may end between the listing and the reading.
            let Ok(status) = std::fs::read_to_string(task?.path().join("status")) else { continue };
            voluntary_switches += field(&status, "voluntary_ctxt_switches:").unwrap_or(0);
        }
        Ok(Sample { cpu, voluntary_switches, resident })
    }

    /// The CPU time of all threads so far, for a cheaper look than [`Sampler::sample`].
    ///
    /// # Errors
    ///
    /// If the process has ended.
    pub fn cpu(&self) -> io::Result<Duration> {
        Ok(clock_gettime(self.clock)?.into())
    }
}

/// The number behind `name` at the start of a line.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let status = "Name:\tx\nVmRSS:\t  1234 kB\nvoluntary_ctxt_switches:\t56\n\
                      nonvoluntary_ctxt_switches:\t7\n";
        assert_eq!(field(status, "VmRSS:"), Some(1234));
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Some(56));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_has_used_cpu_and_memory() {
        let sampler = Sampler::new(std::process::id().cast_signed()).unwrap();
        let before = sampler.sample().unwrap();
        assert!(before.resident > 0);
        let mut sum = 0_u64;
        while sampler.cpu().unwrap() == before.cpu {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sampler.sample().unwrap().cpu > before.cpu);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Sampler::new(i32::MAX - 1).is_err());
    }
}
