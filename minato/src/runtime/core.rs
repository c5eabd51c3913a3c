//! A core: a run queue with its reactor. A value, apart from the thread that holds it.

use std::task::Waker;

use super::metrics::CoreCounters;
use super::picker::Picker;
use super::queue::Queue;
use crate::reactor;
use crate::sync::Arc;

/// A run queue with its reactor. What it does is in [`step`](super::step).
pub(crate) struct Core {
    /// Which of the runtime's cores this is.
    pub(crate) index: usize,
    pub(crate) reactor: Arc<reactor::ReactorInner>,
    pub(crate) queue: Queue,
    pub(crate) counters: Arc<CoreCounters>,
    /// Counts polls, so that the reactor and the injector have their turn.
    pub(crate) tick: u32,
    /// How often in a row the next task came from the LIFO slot.
    pub(crate) lifo_polls: u32,
    /// Whether to spin before the next sleep, if the runtime was built to.
    pub(crate) spin_pays: bool,
    /// Chooses the next task, if the user has given one.
    pub(crate) picker: Option<Box<dyn Picker>>,
    /// Room for the wakers of one turn.
    pub(crate) wakers: Vec<Waker>,
}

impl Core {
    pub(crate) fn new(index: usize, reactor: Arc<reactor::ReactorInner>, queue: Queue) -> Self {
        Self {
            index,
            reactor,
            queue,
            counters: Arc::default(),
            tick: 0,
            lifo_polls: 0,
            spin_pays: false,
            picker: None,
            wakers: Vec::new(),
        }
    }
}
