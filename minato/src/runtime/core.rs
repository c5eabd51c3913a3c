//! A core: a run queue with its reactor. A value, apart from the thread that holds it.

use std::task::Waker;
use std::time::Instant;

use super::builder::Config;
use super::intervals::Intervals;
use super::queue::Queue;
use crate::reactor;
use crate::sync::{Arc, Mutex};
use minato_sim::picker::Picker;

/// The picker of a core, which holds the lock while it asks.
pub(super) type SharedPicker = Arc<Mutex<Box<dyn Picker>>>;

/// A run queue with its reactor. What it does is in [`step`](super::step).
pub(crate) struct Core {
    /// Which of the runtime's cores this is.
    pub(crate) index: usize,
    pub(crate) reactor: Arc<reactor::ReactorInner>,
    pub(crate) queue: Queue,
    /// Counts polls, so that the reactor and the injector have their turn.
    pub(super) intervals: Intervals,
    /// Whether the holder has parked, and has polled nothing since.
    pub(super) parked: bool,
    /// Since when the holder is at work, if that is measured.
    pub(super) busy_since: Option<Instant>,
    /// How often in a row the next task came from the LIFO slot.
    pub(crate) lifo_polls: u32,
    /// Whether to spin before the next sleep, if the runtime was built to.
    pub(crate) spin_pays: bool,
    /// Chooses the next task, if the user has given one.
    pub(super) picker: Option<SharedPicker>,
    /// Room for the wakers of one turn.
    pub(crate) wakers: Vec<Waker>,
}

impl Core {
    pub(crate) fn new(
        index: usize,
        reactor: Arc<reactor::ReactorInner>,
        queue: Queue,
        config: &Config,
    ) -> Self {
        Self {
            index,
            reactor,
            queue,
            intervals: Intervals::new(config),
            parked: false,
            busy_since: None,
            lifo_polls: 0,
            spin_pays: false,
            picker: None,
            wakers: Vec::new(),
        }
    }
}
