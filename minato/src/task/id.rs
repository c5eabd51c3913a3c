//! The identifier of a task.

use std::fmt;
use std::num::NonZeroU64;

use minato_sim::TaskName;

use crate::runtime::context;
use crate::sync::plain::{AtomicU64, Ordering};

/// Identifies a task. No other task of the process has or had the same id.
///
/// In a simulated world the id names the host and counts its tasks. It is the same in every run,
/// and no other task of the world has it. It is printed as `1.3`: the fourth task of the second
/// host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

/// The id of the task that runs here.
///
/// That is the task that is being polled, or whose future or output is being dropped, also within
/// [`spawn_blocking`](super::spawn_blocking). A future that a `block_on` runs is no task: within
/// it this is the task that has called the `block_on`, if any has.
///
/// # Panics
///
/// Outside of all tasks; see [`try_id`].
///
/// ```
/// let handle = minato::spawn(async { minato::task::id() });
/// let id = handle.id();
/// assert_eq!(minato::run(handle).unwrap(), id);
/// ```
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => panic!("there is no task id outside of a task"),
    }
}

/// The id of the task that runs here, or `None` outside of all tasks; see [`id`].
///
/// ```
/// assert_eq!(minato::task::try_id(), None);
/// ```
pub fn try_id() -> Option<Id> {
    context::task()
}

impl Id {
    pub(crate) fn next() -> Self {
        static BEFORE: AtomicU64 = AtomicU64::new(0);
        Self(NonZeroU64::MIN.saturating_add(BEFORE.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn number(self) -> u64 {
        self.0.get()
    }

    /// The id of the `nth` task of a simulated host.
    pub(crate) fn on_host(host: u64, nth: u64) -> Self {
        let number = TaskName { host, nth }.number();
        Self(NonZeroU64::new(number).expect("its highest bit is set"))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match TaskName::of_number(self.number()) {
            Some(TaskName { host, nth }) => write!(f, "{host}.{nth}"),
            None => self.number().fmt(f),
        }
    }
}
