//! What stands for spans while the feature `tracing` is off: nothing.

use std::fmt::Display;

use crate::engine::Source;

/// No span of a task or socket.
#[derive(Debug)]
pub(crate) struct Span;

impl Span {
    #[inline(always)]
    pub(crate) fn new_task(_id: &dyn Display, _spawned_at: &dyn Display) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn new_socket(_made_at: &dyn Display) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn note(&self, _source: &Source) {}

    #[inline(always)]
    pub(crate) fn within<T>(&self, run: impl FnOnce() -> T) -> T {
        run()
    }
}
