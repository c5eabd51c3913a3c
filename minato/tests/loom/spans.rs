//! No spans.

#[derive(Debug)]
pub(crate) struct Span;

impl Span {
    pub(crate) fn new_task(_: &dyn std::fmt::Display, _: &dyn std::fmt::Display) -> Self {
        Self
    }

    pub(crate) fn within<T>(&self, run: impl FnOnce() -> T) -> T {
        run()
    }
}
