//! Spans of `tracing` for tasks and sockets: the feature `tracing` is on.
//!
//! Both are at level `TRACE`. The span `task` of the target `minato::task` lives as long as the
//! task's cell, has no parent, and is entered for each poll; its fields are `id` and `spawned_at`.
//! The span `socket` of the target `minato::net` lives as long as the socket, within the span where
//! that was made; its fields are `made_at`, and from the first wait on `kind`, `local` and `peer`.

use std::fmt::Display;

use tracing::field::{Empty, debug, display};
use tracing::trace_span;

use crate::engine::Source;

/// A span of a task or socket.
#[derive(Debug)]
pub(crate) struct Span(tracing::Span);

impl Span {
    pub(crate) fn new_task(id: &dyn Display, spawned_at: &dyn Display) -> Self {
        let (id, spawned_at) = (display(id), display(spawned_at));
        Self(trace_span!(target: "minato::task", parent: None, "task", id, spawned_at))
    }

    pub(crate) fn new_socket(made_at: &dyn Display) -> Self {
        let made_at = display(made_at);
        Self(trace_span!(
            target: "minato::net", "socket", made_at, kind = Empty, local = Empty, peer = Empty
        ))
    }

    /// Notes in a socket's span what it is and whom it talks to.
    pub(crate) fn note(&self, source: &Source) {
        if self.0.is_disabled() {
            return;
        }
        let (kind, local, peer) = source.describe();
        self.0.record("kind", debug(kind));
        for (name, address) in [("local", local), ("peer", peer)] {
            address.iter().for_each(|address| _ = self.0.record(name, debug(address)));
        }
    }

    /// Calls `run` within the span.
    #[inline]
    pub(crate) fn within<T>(&self, run: impl FnOnce() -> T) -> T {
        self.0.in_scope(run)
    }
}
