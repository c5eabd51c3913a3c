//! A place where one task of ours waits, without a lock.
//!
//! Nearly always a socket is waited for by one task in each direction, and that is a task of ours.
//! Its waker is then one address with a table of functions that we know, so that it fits into one
//! atomic word. Any other waker, or a second one, is for the caller to keep elsewhere.

use std::mem;
use std::ptr;
use std::sync::Arc as StdArc;
use std::task::{RawWakerVTable, Waker};

use super::cell::Schedule;
use crate::runtime::shared::Shared;
use crate::sync::{AtomicPtr, Ordering};

/// The table of the wakers of our runtimes' tasks.
#[inline]
fn wakers() -> &'static RawWakerVTable {
    <StdArc<Shared> as Schedule>::wakers()
}

/// One waiting task, or none.
///
/// The word holds the data of a waker with the table of [`wakers`], for which the place owns a
/// reference, or null. All steps are sequentially consistent: whoever parks here looks at the
/// readiness afterwards, and whoever changes the readiness looks here afterwards, and at least one
/// of the two must see the other.
pub(crate) struct ParkedTask(AtomicPtr<()>);

impl Default for ParkedTask {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl ParkedTask {
    /// Leaves `waker` here; false if it is not of one of our tasks, or another task waits here.
    #[inline]
    pub(crate) fn park(&self, waker: &Waker) -> bool {
        // Equal tables mean equal functions; equal functions in another table are only slower.
        if !ptr::eq(waker.vtable(), wakers()) {
            return false;
        }
        let data = waker.data().cast_mut();
        let parked = waker.clone();
        let exchanged =
            self.0.compare_exchange(ptr::null_mut(), data, Ordering::SeqCst, Ordering::SeqCst);
        match exchanged {
            Ok(_) => {
                mem::forget(parked);
                true
            }
            Err(here) => here == data,
        }
    }

    /// Takes out who waits here.
    #[inline]
    pub(crate) fn take(&self) -> Option<Waker> {
        if self.0.load(Ordering::SeqCst).is_null() {
            return None;
        }
        let data = self.0.swap(ptr::null_mut(), Ordering::SeqCst);
        if data.is_null() {
            return None;
        }
        // SAFETY: the data is that of a waker with this table, which `park` cloned and left to the
        // place; the swap took it out, so that nobody else makes a waker of it again.
        Some(unsafe { Waker::new(data, wakers()) })
    }
}

impl Drop for ParkedTask {
    fn drop(&mut self) {
        drop(self.take());
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Poll, Waker};

    use super::*;
    use crate::runtime::Builder;

    #[test]
    fn a_task_parks_once_and_is_woken_once() {
        let place = Arc::new(ParkedTask::default());
        let runtime = Builder::new_current_thread().build().unwrap();
        let polls = Arc::new(AtomicUsize::new(0));
        let task = {
            let (place, polls) = (place.clone(), polls.clone());
            runtime.spawn(poll_fn(move |cx| {
                if polls.fetch_add(1, Ordering::Relaxed) == 2 {
                    return Poll::Ready(());
                }
                assert!(place.park(cx.waker()));
                assert!(place.park(cx.waker()), "the same task is not in its own way");
                Poll::Pending
            }))
        };
        let waking = {
            let place = place.clone();
            runtime.spawn(async move {
                for _ in 0..2 {
                    while place.take().map(Waker::wake).is_none() {
                        crate::task::yield_now().await;
                    }
                }
            })
        };
        runtime.block_on(async {
            waking.await.unwrap();
            task.await.unwrap();
        });
        assert_eq!(polls.load(Ordering::Relaxed), 3);
        assert!(place.take().is_none());
    }

    #[test]
    fn foreign_wakers_and_second_tasks_are_refused() {
        let place = Arc::new(ParkedTask::default());
        assert!(!place.park(Waker::noop()));
        let runtime = Builder::new_current_thread().build().unwrap();
        let park = |place: &Arc<ParkedTask>| {
            let place = place.clone();
            runtime.spawn(poll_fn(move |cx| Poll::Ready(place.park(cx.waker()))))
        };
        let (first, second) = (park(&place), park(&place));
        assert!(runtime.block_on(first).unwrap());
        assert!(!runtime.block_on(second).unwrap(), "the first still has the place");
        assert!(place.take().is_some());
    }

    /// What is parked is let go of with the place: the task's cell does not leak.
    #[test]
    fn a_dropped_place_lets_go() {
        let kept = Arc::new(());
        let runtime = Builder::new_current_thread().build().unwrap();
        let place = Arc::new(ParkedTask::default());
        let task = {
            let (place, kept) = (Arc::downgrade(&place), kept.clone());
            runtime.spawn(poll_fn(move |cx| {
                let _kept = &kept;
                let place = place.upgrade().unwrap();
                if place.park(cx.waker()) { Poll::<()>::Pending } else { Poll::Ready(()) }
            }))
        };
        runtime.block_on(crate::task::yield_now());
        drop(place);
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
