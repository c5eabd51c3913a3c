//! The identifier of a task.

use std::fmt;

use crate::sync::plain::{AtomicU64, Ordering};

/// Identifies a task. No other task of the process has or had the same id.
///
/// In a simulated world the id names the host and counts its tasks. It is the same in every run,
/// and no other task of the world has it. It is printed as `1.3`: the fourth task of the second
/// host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u64);

/// Marks the id of a task of a simulated host.
const SIMULATED: u64 = 1 << 63;

/// Below this bit stands the number of the task on its host, and above that of the host.
const HOST_SHIFT: u32 = 40;

impl Id {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The id of the `nth` task of a simulated host.
    pub(crate) fn on_host(host: u64, nth: u64) -> Self {
        Self(SIMULATED | (host << HOST_SHIFT) | (nth & ((1 << HOST_SHIFT) - 1)))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & SIMULATED == 0 {
            return self.0.fmt(f);
        }
        let host = (self.0 & !SIMULATED) >> HOST_SHIFT;
        let nth = self.0 & ((1 << HOST_SHIFT) - 1);
        write!(f, "{host}.{nth}")
    }
}
