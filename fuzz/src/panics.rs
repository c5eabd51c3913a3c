//! Panics that the documentation promises.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Has the hook for panics called only for those that no target expects.
pub fn hide_expected() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !EXPECTED.get() {
            hook(panic);
        }
    }));
}

/// Calls `work`, which must panic if `expected` says so, and must not otherwise. Returns what it
/// gives if it does not.
#[track_caller]
pub(crate) fn panics_if<T>(expected: bool, work: impl FnOnce() -> T) -> Option<T> {
    if !expected {
        return Some(work());
    }
    EXPECTED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(false);
    assert!(result.is_err(), "this must panic");
    None
}
