//! Wakers of an executor that does much: each clone, wake and drop of one calls back.

use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};

type Call = Arc<dyn Fn() + Send + Sync>;

/// A waker that calls `call` whenever it, or a clone of it, is cloned, woken or dropped.
pub(crate) fn calling(call: impl Fn() + Send + Sync + 'static) -> Waker {
    let data = Arc::into_raw(Arc::new(Arc::new(call) as Call)).cast();
    // SAFETY: the table's functions take data of exactly this kind.
    unsafe { Waker::from_raw(RawWaker::new(data, &TABLE)) }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_data);

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the data is that of a live waker of this table.
    unsafe {
        wake_by_ref(data);
        Arc::increment_strong_count(data.cast::<Call>());
    }
    RawWaker::new(data, &TABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the data is that of a waker of this table, which ends here.
    unsafe { drop_data(data) };
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the data is that of a live waker of this table.
    unsafe { (*data.cast::<Call>())() };
}

unsafe fn drop_data(data: *const ()) {
    // SAFETY: the data is that of a waker of this table, which ends here.
    let call = unsafe { Arc::from_raw(data.cast::<Call>()) };
    (*call)();
}

/// A waker that calls `call` when the last clone of it is dropped.
pub(crate) fn calling_at_last_drop(call: impl FnMut() + Send + Sync + 'static) -> Waker {
    struct AtLastDrop<F: FnMut()>(F);

    impl<F: FnMut() + Send + Sync> Wake for AtLastDrop<F> {
        fn wake(self: Arc<Self>) {}
    }

    impl<F: FnMut()> Drop for AtLastDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    Waker::from(Arc::new(AtLastDrop(call)))
}

/// A waker that panics when it wakes.
pub(crate) fn panicking() -> Waker {
    struct Panicking;

    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("a waker's panic");
        }
    }

    Waker::from(Arc::new(Panicking))
}
