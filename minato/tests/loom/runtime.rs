//! The queue that threads meet in.

#[path = "../../src/runtime/injector.rs"]
pub(crate) mod injector;
