//! The queue that threads meet in.

#[path = "../../src/runtime/injector.rs"]
pub(crate) mod injector;

/// The threads of the models know of tasks only what runs alone.
pub(crate) mod context {
    use crate::task::run::Run;

    loom::thread_local! {
        static RUN: Run = Run::none();
    }

    pub(crate) fn run<T>(with: impl FnOnce(&Run) -> T) -> T {
        RUN.with(with)
    }

    pub(crate) fn task() -> Option<crate::task::Id> {
        None
    }
}
