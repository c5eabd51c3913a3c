//! Containing the panics of code that is not ours.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

/// What a panic was raised with. Dropping it never panics, whatever its own destructor does.
pub(crate) struct Payload(Option<Box<dyn Any + Send>>);

impl Payload {
    pub(crate) fn into_inner(mut self) -> Box<dyn Any + Send> {
        match self.0.take() {
            Some(payload) => payload,
            None => unreachable!("a payload is taken once, by value"),
        }
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        if let Some(payload) = self.0.take()
            && let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)))
        {
            // This one may do the same, and so on without end.
            std::mem::forget(panic);
        }
    }
}

/// Calls `code`; a panic in it has been reported by the hook and is returned.
pub(crate) fn contain<T>(code: impl FnOnce() -> T) -> Result<T, Payload> {
    panic::catch_unwind(AssertUnwindSafe(code)).map_err(|payload| Payload(Some(payload)))
}
