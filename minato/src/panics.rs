//! Containing the panics of code that is not ours.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// What a panic was raised with. Dropping it never panics, whatever its own destructor does.
pub(crate) struct Payload(Option<Box<dyn Any + Send>>);

impl Payload {
    /// The text, if there is one.
    pub(crate) fn message(&self) -> Option<&str> {
        self.0.as_deref().and_then(message)
    }

    pub(crate) fn into_inner(mut self) -> Box<dyn Any + Send> {
        match self.0.take() {
            Some(payload) => payload,
            None => unreachable!("a payload is taken once, by value"),
        }
    }
}

/// The text of a panic, if it was raised with one.
pub(crate) fn message(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}

impl Drop for Payload {
    fn drop(&mut self) {
        if let Some(payload) = self.0.take()
            && let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)))
        {
            // The destructor of this payload may panic too, and so on without end.
            std::mem::forget(panic);
        }
    }
}

/// Calls what it holds when it is dropped, also by a panic.
pub(crate) struct Finally<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for Finally<F> {
    #[inline]
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Calls `code`; a panic in it has been reported by the hook and is returned.
pub(crate) fn contain<T>(code: impl FnOnce() -> T) -> Result<T, Payload> {
    panic::catch_unwind(AssertUnwindSafe(code)).map_err(|payload| Payload(Some(payload)))
}
