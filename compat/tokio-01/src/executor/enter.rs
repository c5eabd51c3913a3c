//! Whether a thread is in an executor of this crate already.
//!
//! As in tokio 0.1, `run` and `block_on` may not be called by a task, nor within each other. That
//! is a rule of this crate only: `wait` may be called anywhere, and so may Minato's own `block_on`.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

thread_local! {
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread until it is dropped, and then leaves it as it was.
pub(crate) struct Enter {
    before: bool,
    /// Not to be sent to other threads.
    _local: PhantomData<*const ()>,
}

impl Enter {
    /// Marks the thread for a `run` or `block_on`.
    ///
    /// # Panics
    ///
    /// If it is marked already: `what` was called by a task, or within another one.
    #[track_caller]
    pub(crate) fn or_panic(what: &str) -> Self {
        let entered = Self::mark();
        assert!(!entered.before, "{what}: {:?}", EnterError);
        entered
    }

    /// Marks the thread, whether it is marked or not: a task is polled.
    pub(crate) fn mark() -> Self {
        Self { before: ENTERED.replace(true), _local: PhantomData }
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        ENTERED.set(self.before);
    }
}

/// The text that programs of the time may look for.
struct EnterError;

impl fmt::Debug for EnterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = "attempted to run an executor while another executor is already running";
        f.debug_struct("EnterError").field("reason", &reason).finish()
    }
}
