//! Contexts on top of each other: a `block_on` within a task, or within another `block_on`.
//!
//! The contexts further down keep their cores, and their tasks cannot run until the call on top
//! returns. What would wait for one of them must know, so that it is an error and not a hang.

use std::panic::Location;
use std::ptr;
use std::rc::Rc;

use super::context::{self, Context, contexts};
use super::inner::RuntimeInner;
use crate::panics::Finally;

/// The contexts of a thread that keep their cores while a `block_on` on top of them runs. Their
/// tasks cannot run until that returns.
pub(crate) struct Blocked(Vec<(Rc<Context>, Option<&'static Location<'static>>)>);

impl Blocked {
    /// Those of this thread, which is going to block.
    pub(crate) fn here() -> Self {
        let holding = contexts().filter(|context| context.has_core());
        Self(holding.map(|context| (context.clone(), context.nested_at.get())).collect())
    }

    /// Calls `poll`, which polls the future of the `block_on` at `place`.
    pub(crate) fn while_polling<T>(
        &self,
        place: &'static Location<'static>,
        poll: impl FnOnce() -> T,
    ) -> T {
        self.0.iter().for_each(|(context, _)| context.nested_at.set(Some(place)));
        let restore = || self.0.iter().for_each(|(context, before)| context.nested_at.set(*before));
        let _restore = Finally(restore);
        poll()
    }
}

/// The context in which this thread holds a core of `runtime`, however many lie on top of it.
pub(crate) fn holding(runtime: &RuntimeInner) -> Option<Rc<Context>> {
    contexts().find(|context| ptr::eq(&*context.runtime, runtime) && context.has_core())
}

/// Where a `block_on` was called whose future is being polled, and which keeps the tasks of
/// the runtime at `address` from running on this thread.
pub(crate) fn nested_at(address: usize) -> Option<&'static Location<'static>> {
    if context::is_in(0) {
        return None;
    }
    contexts()
        .filter(|context| context.runtime.address() == address)
        .find_map(|context| context.nested_at.get())
}

/// Whether this thread runs a task or blocking job of `runtime` at this moment, as a worker or a
/// thread of its blocking pool.
pub(crate) fn is_at_work_for(runtime: &RuntimeInner) -> bool {
    contexts().any(|context| ptr::eq(&*context.runtime, runtime) && context.at_work.get())
}
