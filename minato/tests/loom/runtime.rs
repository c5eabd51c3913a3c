//! The queue that threads meet in.

#[path = "../../src/runtime/injector.rs"]
pub(crate) mod injector;

/// The threads of the models do not know which task they run.
pub(crate) mod context {
    pub(crate) fn task() -> Option<crate::task::Id> {
        None
    }
}
