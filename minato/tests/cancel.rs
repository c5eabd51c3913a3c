//! Cancelling: every future is dropped at every point at which it waits.
//!
//! Nothing that the docs call safe is lost, nothing stays open, and nobody is woken for a future
//! that is gone.

mod kit;

mod cancel {
    mod canary;
    mod datagrams;
    mod descriptors;
    mod knife;
    mod listening;
    mod owned;
    mod reading;
    mod timers;
    mod unix;
    mod waiting;
    mod writing;
}
