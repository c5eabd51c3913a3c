//! A runtime as every thread sees it.

use std::panic::Location;
use std::sync::OnceLock;
use std::time::Duration;

use super::builder::Config;
use super::context::{self, Context};
use super::core::Core;
use super::enter::Entries;
use super::handover::CoreSlot;
use super::injector::Injector;
use super::metrics::CoreMetrics;
use super::pool::Pool;
use super::simulation::panics::PanicLog;
use crate::engine::Engine;
use crate::panics::Payload;
use crate::reactor;
use crate::reactor::process::Living;
use crate::sync::plain::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};
use crate::task::blocking::BlockingPool;
use crate::task::registry::Registry;
use crate::task::{Runnable, TaskRef};
use crate::time::clock::{Clock, real_now};

/// What kind of runtime this is.
pub(crate) enum Flavor {
    /// One core, held by the thread in `block_on`.
    CurrentThread(CoreSlot),
    /// A core per worker.
    MultiThread(Pool),
}

/// A runtime.
pub(crate) struct RuntimeInner {
    pub(super) id: super::Id,
    pub(super) name: Option<String>,
    pub(super) flavor: Flavor,
    pub(super) injector: Injector<Runnable>,
    pub(crate) config: Config,
    pub(crate) reactors: Box<[Arc<reactor::ReactorInner>]>,
    pub(crate) tasks: Registry,
    pub(crate) blocking: BlockingPool,
    pub(super) entries: Entries,
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(super) ended: AtomicBool,
    /// Whether there are hooks for parks, or somebody wants to know how long the workers are busy.
    pub(super) observes_parks: AtomicBool,
    /// Where the panics of tasks are noted, on a host of a simulation.
    pub(super) panics: OnceLock<Arc<PanicLog>>,
    /// Where the `block_on` was called that runs now, if the runtime is simulated.
    pub(super) root: Mutex<Option<&'static Location<'static>>>,
}

/// All runtimes of this process.
pub(super) static ALL: Living<RuntimeInner> = Living::new();

impl RuntimeInner {
    /// All runtimes of this process that have not ended.
    pub(crate) fn all() -> impl Iterator<Item = Arc<Self>> {
        ALL.all()
            .into_iter()
            .filter(|runtime| !runtime.has_ended() && !runtime.is_from_before_fork())
    }

    /// The address that names this runtime.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// A task has panicked which runs here.
    pub(crate) fn note_panic(&self, task: impl FnOnce() -> Option<TaskRef>, panic: &Payload) {
        if let (Some(panics), Some(host)) = (self.panics.get(), self.engine.host())
            && let Some(task) = task()
        {
            panics.add(host.host().name(), task, panic);
        }
    }

    /// The reactor for a thread that is in this runtime and holds no core: the one with the fewest
    /// sockets.
    pub(crate) fn shared_reactor(&self) -> &Arc<reactor::ReactorInner> {
        let least_used = self.reactors.iter().min_by_key(|reactor| reactor.socket_count());
        least_used.unwrap_or(&self.reactors[0])
    }

    /// Queues a woken task with a core that this thread holds. `yielded` says that it woke while it
    /// was polled, which was the last poll here.
    #[inline]
    pub(super) fn queue_with(&self, core: &mut Core, runnable: Runnable, yielded: bool) {
        core.reactor.counters.wakes.add(1);
        // A simulation looks at the reactors before each poll.
        if yielded && context::take_yield() && !self.engine.is_simulated() {
            return core.queue.push_yielded(runnable);
        }
        match &self.flavor {
            Flavor::CurrentThread(_) => core.queue.push(runnable),
            Flavor::MultiThread(pool) => pool.queue_with(core, runnable, yielded),
        }
    }

    /// Queues a woken task for any of the cores.
    pub(crate) fn inject(self: &Arc<Self>, runnable: Runnable) {
        if self.is_from_before_fork() {
            // The queue's lock may be held by a thread of the parent, and nobody comes to it here.
            // A thread of this process may be polling it in the copy of a current-thread runtime.
            return match &self.flavor {
                Flavor::CurrentThread(_) => std::mem::forget(runnable),
                Flavor::MultiThread(_) => drop(runnable),
            };
        }
        self.injector.push(runnable);
        match &self.flavor {
            Flavor::CurrentThread(_) => self.reactors[0].unpark(),
            Flavor::MultiThread(pool) => pool.wake_searcher(None),
        }
        if self.has_ended() {
            // Nobody comes to the queue any more, so what came late is dropped here.
            self.drop_queued();
        }
    }

    /// Drops whatever stands in the injector. What is of a core goes with that.
    pub(super) fn drop_queued(self: &Arc<Self>) {
        if let Flavor::CurrentThread(_) = &self.flavor {
            return self.drop_tasks();
        }
        while let Some(runnable) = self.injector.pop() {
            drop(runnable);
        }
    }

    /// Whether this process is a forked child of the one that made the runtime.
    pub(crate) fn is_from_before_fork(&self) -> bool {
        self.reactors[0].is_from_before_fork()
    }

    /// Keeps a forked child from going on with its copy of the runtime.
    ///
    /// # Panics
    ///
    /// In a forked child of the process that made the runtime.
    pub(super) fn check_fork(&self) {
        if self.is_from_before_fork() {
            panic!("the runtime cannot go on: {}", crate::task::FROM_BEFORE_FORK);
        }
    }

    /// Whether anything is to be done when a thread parks, besides parking.
    #[inline]
    pub(super) fn observes_parks(&self) -> bool {
        self.observes_parks.load(Ordering::Relaxed)
    }

    /// Whether the runtime has been shut down.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Whether this is a local runtime and the present thread is its own.
    pub(crate) fn is_local_here(&self) -> bool {
        matches!(&self.flavor, Flavor::CurrentThread(slot)
            if slot.only == Some(std::thread::current().id()))
    }

    /// Whether this is a local runtime of another thread.
    pub(crate) fn is_local_elsewhere(&self) -> bool {
        matches!(&self.flavor, Flavor::CurrentThread(slot)
            if slot.only.is_some_and(|only| only != std::thread::current().id()))
    }

    /// Keeps a stopped clock from jumping for as long as the result lives.
    pub(crate) fn hold_clock(self: &Arc<Self>) -> Option<ClockHold> {
        let Clock::Pausable(clock) = &self.clock else { return None };
        clock.hold();
        Some(ClockHold(self.clone()))
    }

    pub(super) fn metrics(&self, index: usize) -> Option<CoreMetrics> {
        self.reactors.get(index).map(|reactor| CoreMetrics::read(&reactor.counters))
    }

    /// Ends the runtime: takes no more tasks, drops those there are, and waits for running ones and
    /// for blocking jobs until `timeout` (`None`: as long as it takes).
    pub(super) fn shut_down(self: &Arc<Self>, timeout: Option<Duration>) {
        if self.is_from_before_fork() || self.tasks.is_closed() {
            // What this process has of it is a copy, without the threads to wait for; or it was
            // shut down explicitly before it is dropped.
            return;
        }
        let deadline = timeout.and_then(|timeout| real_now().checked_add(timeout));
        self.tasks.close();
        match &self.flavor {
            Flavor::CurrentThread(_) => self.entries.within(|| self.drop_tasks()),
            Flavor::MultiThread(pool) => context::in_no_world(|| pool.shut_down(deadline)),
        }
        self.ended.store(true, Ordering::SeqCst);
        for reactor in &self.reactors {
            reactor.end();
        }
        self.entries.within(|| self.drop_queued());
        context::in_no_world(|| self.blocking.shutdown(deadline));
        // What is let go must not wait for longer than was asked for. Within a runtime it will not.
        let _entered = deadline.map(|_| Context::enter_new(self.clone(), None));
        self.entries.release();
    }

    /// Drops the tasks of a current-thread core, unless a thread holds it, which drops them.
    pub(super) fn drop_tasks(self: &Arc<Self>) {
        let Flavor::CurrentThread(slot) = &self.flavor else { return };
        if self.is_local_elsewhere() {
            return;
        }
        let Some(core) = slot.take() else { return };
        let context = Context::enter_new(self.clone(), Some(core));
        context.with_core(|core| core.queue.end_yields());
        loop {
            let queued = context.with_core(|core| core.queue.pop()).flatten();
            match queued.or_else(|| self.injector.pop()) {
                Some(runnable) => drop(runnable),
                None => break,
            }
        }
        if let Some(core) = context.take_core() {
            slot.give(core);
        }
        drop(context);
        // Who came to the injector meanwhile found no core.
        if !self.injector.is_empty() {
            self.drop_tasks();
        }
    }

    /// Names the living tasks, for reports.
    pub(crate) fn describe_tasks(&self) -> String {
        let lines = self.task_lines();
        match lines.len() {
            0 => "no task is alive".to_owned(),
            _ => format!("alive are\n  {}", lines.join("\n  ")),
        }
    }

    /// A line for each task that is alive.
    pub(crate) fn task_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.tasks.each(|task| {
            let meta = task.meta();
            lines.push(format!("task {}, spawned at {}", meta.id, meta.spawned_at));
        });
        lines
    }
}

/// Keeps a stopped clock from jumping.
pub(crate) struct ClockHold(Arc<RuntimeInner>);

impl Drop for ClockHold {
    fn drop(&mut self) {
        if let Clock::Pausable(clock) = &self.0.clock {
            clock.release();
            if clock.is_paused() {
                // The thread that turns the core waits in real time: now it may let the clock jump.
                self.0.reactors[0].unpark();
            }
        }
    }
}
