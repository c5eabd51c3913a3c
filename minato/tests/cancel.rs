//! Cancelling: every future is dropped at every point at which it waits.
//!
//! Nothing that the docs call safe is lost, nothing stays open, and nobody is woken for a future
//! that is gone.

#[allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses a part of it")]
mod kit;

mod cancel {
    mod canary;
    mod descriptors;
    mod knife;
    mod listening;
    mod owned;
    mod reading;
    mod timers;
    mod waiting;
    mod writing;
}
