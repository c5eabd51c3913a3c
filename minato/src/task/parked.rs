//! A place where one task of ours waits, without a lock.
//!
//! Nearly always a socket is waited for by one task in each direction, and that is a task of ours.
//! Its waker is then one address with a table of functions that we know, so that it fits into one
//! atomic word. Any other waker, or a second one, is for the caller to keep elsewhere.

use std::ptr;
use std::task::Waker;

use super::raw::{WAKERS, with_task};
use super::run::Run;
use crate::runtime::context;
use crate::sync::{self, AtomicPtr, Ordering};

/// One waiting task, or none.
///
/// The word holds the data of a waker with the table [`WAKERS`], for which the place owns a
/// reference, or null. All steps are sequentially consistent: a waiter parks here and then looks at
/// the readiness, and an event changes the readiness and then looks here. At least one of the two
/// must see the other. `tests/loom/models/parked.rs` tries it.
pub(crate) struct ParkedTask(AtomicPtr<()>);

impl Default for ParkedTask {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl ParkedTask {
    /// Leaves `waker` here; false if it is not of one of our tasks, or another task waits here.
    #[inline(always)]
    pub(crate) fn park(&self, waker: &Waker) -> bool {
        // Equal tables mean equal functions; equal functions in another table are only slower.
        let parked = with_task(waker, |task| {
            let data = waker.data().cast_mut();
            // What a clone of the waker does, without a call through its table. The run of a task
            // that an event has woken has the reference that was here before.
            let of_the_run = context::run(|run| run.take_reference(task.address()));
            if !of_the_run {
                task.state.add_reference();
            }
            let exchanged =
                self.0.compare_exchange(ptr::null_mut(), data, Ordering::SeqCst, Ordering::SeqCst);
            match exchanged {
                Ok(_) => {
                    sync::sequential();
                    true
                }
                Err(here) => {
                    if of_the_run {
                        context::run(Run::give_reference);
                    } else {
                        // It is not the last hold, since the caller's waker lives.
                        _ = task.state.drop_reference();
                    }
                    here == data
                }
            }
        });
        parked.unwrap_or(false)
    }

    /// The address of the task that waits here, for those who look: it may be gone already.
    pub(crate) fn address(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed).addr()).filter(|address| *address != 0)
    }

    /// Takes out who waits here.
    #[inline]
    pub(crate) fn take(&self) -> Option<Waker> {
        sync::sequential();
        if self.0.load(Ordering::SeqCst).is_null() {
            return None;
        }
        let data = self.0.swap(ptr::null_mut(), Ordering::SeqCst);
        if data.is_null() {
            return None;
        }
        // SAFETY: the data is that of a waker with this table, which `park` cloned and left to the
        // place; the swap took it out, so that nobody else makes a waker of it again.
        Some(unsafe { Waker::new(data, &WAKERS) })
    }
}

impl Drop for ParkedTask {
    fn drop(&mut self) {
        drop(self.take());
    }
}
