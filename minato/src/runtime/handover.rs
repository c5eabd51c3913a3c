//! Passing a core from one thread to another.
//!
//! * A **current-thread** core is taken out of its [`CoreSlot`] by a thread that enters `block_on`,
//!   and put back when that thread leaves.
//! * A **worker** that is about to block passes its core to a spare thread, or to a new one. When
//!   it is done it takes the core back, if no thread has taken it yet; else it becomes spare.

use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::thread::{JoinHandle, Thread, ThreadId};
use std::time::Duration;

use super::context::Context;
use super::core::Core;
use super::inner::{Flavor, RuntimeInner};
use super::worker;
use crate::reactor::watch::TurnedBy;
use crate::sync::{Arc, Condvar, Mutex};
use crate::task::blocking::{call_hooks, spawn_thread, wait};
use crate::time::clock::real_now;

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

/// The threads of a multi-thread runtime.
#[derive(Default)]
pub(super) struct Threads(Mutex<ThreadsState>);

#[derive(Default)]
struct ThreadsState {
    /// The cores that a thread is to take.
    cores: VecDeque<Box<Core>>,
    /// The threads without a core, the one that became spare last at the end.
    spares: Vec<Arc<Condvar>>,
    handles: Vec<JoinHandle<()>>,
    /// Spare threads are to end.
    ending: bool,
}

impl Threads {
    /// Passes `core` to a spare thread, or else to a new one.
    ///
    /// # Errors
    ///
    /// When there is no thread for it: gives the core back.
    pub(super) fn pass(
        &self,
        shared: &Arc<RuntimeInner>,
        core: Box<Core>,
    ) -> Result<(), (Box<Core>, io::Error)> {
        let mut state = self.0.lock();
        if let Some(spare) = state.spares.pop() {
            state.cores.push_back(core);
            spare.notify_one();
            return Ok(());
        }
        let (name, runtime) = ((shared.config.thread_name)(), shared.clone());
        match spawn_thread(name, shared.config.stack_size, move || run(&runtime)) {
            Ok(handle) => {
                state.cores.push_back(core);
                state.handles.retain(|handle| !handle.is_finished());
                state.handles.push(handle);
                Ok(())
            }
            Err(error) => Err((core, error)),
        }
    }

    /// Takes the core of the given index back, if no thread has taken it yet.
    fn take_back(&self, index: usize) -> Option<Box<Core>> {
        let mut state = self.0.lock();
        let at = state.cores.iter().position(|core| core.index == index)?;
        state.cores.remove(at)
    }

    /// Waits for a core, as a spare thread. `None` when there was none for so long that the thread
    /// should end.
    fn next_core(&self, condvar: &Arc<Condvar>, keep_alive: Duration) -> Option<Box<Core>> {
        let deadline = real_now().checked_add(keep_alive);
        let mut state = self.0.lock();
        loop {
            // A thread that has waited too long looks for a core once more.
            if let Some(core) = state.cores.pop_front() {
                return Some(core);
            }
            let left = deadline.map_or(Duration::MAX, |end| end.duration_since(real_now()));
            if state.ending || left.is_zero() {
                return None;
            }
            state.spares.push(condvar.clone());
            state = wait(condvar, state, left);
            state.spares.retain(|spare| !Arc::ptr_eq(spare, condvar));
        }
    }

    /// Has spare threads end, now and from now on.
    pub(super) fn end(&self) {
        let mut state = self.0.lock();
        state.ending = true;
        state.spares.drain(..).for_each(|spare| spare.notify_one());
    }

    /// The handles of all threads there are, to be joined.
    pub(super) fn take_handles(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.0.lock().handles)
    }
}

/// The life of a thread of a multi-thread runtime: holds one core after the other.
fn run(shared: &Arc<RuntimeInner>) {
    let Flavor::MultiThread(pool) = &shared.flavor else { return };
    call_hooks(&shared.config.on_thread_start);
    let condvar = Arc::new(Condvar::new());
    while let Some(core) = pool.threads.next_core(&condvar, shared.config.keep_alive) {
        worker::run(shared, pool, core);
    }
    call_hooks(&shared.config.on_thread_stop);
}

/// The cores that a thread has passed on because it blocks. Dropping this takes back those that no
/// thread has taken yet.
pub(crate) struct Passed(Vec<(Rc<Context>, usize)>);

impl Passed {
    /// Passes on every core of a multi-thread runtime that is held in one of `contexts`.
    pub(crate) fn from_contexts(contexts: impl Iterator<Item = Rc<Context>>) -> Self {
        Self(
            contexts
                .filter_map(|context| pass_on(&context).map(|index| (context, index)))
                .collect(),
        )
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        for (context, index) in self.0.drain(..) {
            if let Flavor::MultiThread(pool) = &context.runtime.flavor
                && let Some(core) = pool.threads.take_back(index)
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
    match pool.threads.pass(&context.runtime, core) {
        Ok(()) => Some(index),
        Err((core, _)) => {
            // The core stays here; its siblings and the monitor help out.
            context.give_core(core);
            None
        }
    }
}
