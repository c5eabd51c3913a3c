//! What a process holds at rest, between two runtimes: then descriptors and memory must be back at
//! what they were.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::tally::Line;

/// What was held at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// When, since the process began.
    pub(crate) seconds: f64,
    /// How many descriptors are open.
    pub(crate) descriptors: u64,
    /// How many bytes of the heap are in use.
    pub(crate) heap: u64,
    /// How many bytes of memory are resident, and how many were at most.
    pub(crate) resident: u64,
    pub(crate) peak: u64,
}

impl Sample {
    pub(crate) fn take(begun: Instant) -> io::Result<Sample> {
        // The listing itself holds a descriptor.
        let descriptors = fs::read_dir("/proc/self/fd")?.count().saturating_sub(1) as u64;
        let status = fs::read_to_string("/proc/self/status")?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            number.map(|kibibytes| kibibytes * 1024)
        };
        let missing = || io::Error::other("/proc/self/status has no VmRSS and VmHWM");
        Ok(Sample {
            seconds: begun.elapsed().as_secs_f64(),
            descriptors,
            heap: IN_USE.load(Ordering::Relaxed) as u64,
            resident: bytes("VmRSS:").ok_or_else(missing)?,
            peak: bytes("VmHWM:").ok_or_else(missing)?,
        })
    }
}

/// Tells what is held now.
pub(crate) fn tell(begun: Instant) -> io::Result<()> {
    println!("{}", Line::Sample(Sample::take(begun)?));
    Ok(())
}

/// The system's allocator, with a count of the bytes that are in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: the system's allocator does the work, by the contract that the callers keep.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_more_is_seen() {
        let begun = Instant::now();
        let before = Sample::take(begun).unwrap();
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        let after = Sample::take(begun).unwrap();
        // Other tests of this process may open and close some of their own.
        assert!(after.descriptors >= before.descriptors + 40, "{before:?} {after:?}");
        assert!(after.resident > 0 && after.peak >= after.resident);
        let memory = vec![1_u8; 1 << 24];
        assert!(Sample::take(begun).unwrap().heap >= after.heap + (1 << 23));
        drop((files, memory));
    }
}
