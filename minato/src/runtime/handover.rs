//! Passing a core from one thread to another.
//!
//! * A **current-thread** core is taken out of its [`CoreSlot`] by a thread that enters `block_on`,
//!   and put back when that thread leaves.
//! * A **worker** that is about to block passes its core to a spare thread, or to a new one. When
//!   it is done it takes the core back, if no thread has taken it yet; else it becomes spare.

use std::io;
use std::rc::Rc;
use std::thread::{Thread, ThreadId};

use super::context::{Context, contexts};
use super::core::Core;
use super::inner::{Flavor, RuntimeInner};
use super::pool::Pool;
use super::worker;
use crate::reactor::watch::TurnedBy;
use crate::sync::{Arc, Mutex};

/// The place of a current-thread core while no thread holds it, and the threads that wait for it.
pub(crate) struct CoreSlot {
    state: Mutex<SlotState>,
    /// The only thread that may hold the core, for a local runtime.
    pub(super) only: Option<ThreadId>,
}

struct SlotState {
    core: Option<Box<Core>>,
    waiting: Vec<Thread>,
}

impl CoreSlot {
    pub(super) fn new(core: Box<Core>, only: Option<ThreadId>) -> Self {
        let state = SlotState { core: Some(core), waiting: Vec::new() };
        Self { state: Mutex::new(state), only }
    }

    /// Takes the core, or registers `thread` to be unparked when the core is put back.
    pub(super) fn take_or_wait(&self, thread: &Thread) -> Option<Box<Core>> {
        let mut state = self.state.lock();
        let core = state.core.take();
        if core.is_some() {
            state.waiting.retain(|waiting| waiting.id() != thread.id());
        } else if state.waiting.iter().all(|waiting| waiting.id() != thread.id()) {
            state.waiting.push(thread.clone());
        }
        core
    }

    pub(super) fn take(&self) -> Option<Box<Core>> {
        self.state.lock().core.take()
    }

    /// Puts the core back, and wakes the next thread that waits.
    pub(super) fn give(&self, core: Box<Core>) {
        let mut state = self.state.lock();
        core.reactor.set_turned_by(TurnedBy::Nobody);
        state.core = Some(core);
        let next = state.waiting.pop();
        drop(state);
        if let Some(next) = next {
            next.unpark();
        }
    }

    /// Ends the wait of `thread`. If the core is here, the next thread that waits is woken for it.
    pub(super) fn leave(&self, thread: &Thread) {
        let mut state = self.state.lock();
        state.waiting.retain(|waiting| waiting.id() != thread.id());
        if state.core.is_some()
            && let Some(next) = state.waiting.pop()
        {
            next.unpark();
        }
    }
}

/// Passes `core` to a spare thread of `pool`, or else to a new one.
///
/// # Errors
///
/// When there is no thread for it: gives the core back.
pub(super) fn pass(
    shared: &Arc<RuntimeInner>,
    pool: &Pool,
    core: Box<Core>,
) -> Result<(), (Box<Core>, io::Error)> {
    let runtime = shared.clone();
    pool.threads.give(core, move || {
        if let Flavor::MultiThread(pool) = &runtime.flavor {
            pool.threads.work(|core| worker::run(&runtime, pool, core));
        }
    })
}

/// The cores that a thread has passed on because it blocks. Dropping this takes back those that no
/// thread has taken yet.
pub(crate) struct Passed(Vec<(usize, Rc<Context>)>);

impl Passed {
    /// Passes on every core of a multi-thread runtime that this thread holds.
    pub(crate) fn here() -> Self {
        let passed = |context: Rc<Context>| Some((pass_on(&context)?, context));
        Self(contexts().filter_map(passed).collect())
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        for (index, context) in self.0.drain(..) {
            if let Flavor::MultiThread(pool) = &context.runtime.flavor
                && let Some(core) = pool.threads.take_back(|core| core.index == index)
            {
                context.give_core(core);
            }
        }
    }
}

/// Passes the core on that is held in `context`; returns its index.
fn pass_on(context: &Context) -> Option<usize> {
    let Flavor::MultiThread(pool) = &context.runtime.flavor else { return None };
    let core = context.take_core()?;
    let index = core.index;
    match pass(&context.runtime, pool, core) {
        Ok(()) => Some(index),
        Err((core, _)) => {
            // The core stays here; its siblings and the monitor help out.
            context.give_core(core);
            None
        }
    }
}
