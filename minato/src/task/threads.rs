//! Threads that take items from a queue and work on them: the blocking pool runs jobs on them, and
//! a multi-thread runtime its cores.
//!
//! One mutex guards everything. A thread that finds the queue empty waits on a condition variable
//! of its own, which it puts on a stack. The thread that queues an item pops the last one and
//! notifies it. So the same few threads, with warm caches, do the work, and the others reach the
//! end of their keep-alive. Both sides decide under the mutex, and a thread looks at the queue once
//! more before it ends. So no item is left to a thread that is about to end. A third thread that is
//! just done with an item may be faster and take the new one; then the notified thread waits again.
//!
//! The work and the hooks run outside the mutex and inside `catch_unwind`. The one exception is the
//! naming of a thread.

use std::collections::VecDeque;
use std::io;
use std::sync::PoisonError;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::panics::contain;
use crate::runtime::enter::Entries;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use crate::time::clock::real_now;

/// Code of the user that is run at certain moments. A panic in it is contained.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// How long a thread without work stays, unless told otherwise.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How threads are made.
#[derive(Clone)]
pub(crate) struct ThreadConfig {
    /// Names a thread that is about to start. Must not use the threads, whose lock is held.
    pub(crate) name: Arc<dyn Fn() -> String + Send + Sync>,
    /// The size of a thread's stack in bytes; `None` is std's default.
    pub(crate) stack_size: Option<usize>,
    /// How long a thread without work stays.
    pub(crate) keep_alive: Duration,
    /// Run by each thread before its first item.
    pub(crate) on_start: Vec<Hook>,
    /// Run by each thread after its last item.
    pub(crate) on_stop: Vec<Hook>,
    /// What a thread is in while it works on an item.
    pub(crate) entries: Entries,
}

/// Threads that work on items of the type `T`.
pub(crate) struct Threads<T> {
    config: ThreadConfig,
    state: Mutex<State<T>>,
    /// Notified when a thread has ended.
    ended: Condvar,
}

/// What the lock guards.
pub(super) struct State<T> {
    pub(super) queue: VecDeque<T>,
    /// The threads without work, the one idle for the shortest time last.
    pub(super) idle: Vec<Arc<Condvar>>,
    /// Items that wait or are worked on.
    pub(super) items: usize,
    /// Threads that will look at the queue again.
    pub(super) threads: usize,
    /// Threads that have not ended; more than `threads` while some run their `on_stop`.
    alive: usize,
    handles: Vec<JoinHandle<()>>,
    pub(super) stopped: bool,
}

impl ThreadConfig {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name: Arc::new(|| name.to_owned()),
            stack_size: None,
            keep_alive: KEEP_ALIVE,
            on_start: Vec::new(),
            on_stop: Vec::new(),
            entries: Entries::default(),
        }
    }
}

impl<T> Threads<T> {
    /// No thread starts before there is an item.
    pub(crate) fn new(config: ThreadConfig) -> Self {
        let state = State {
            queue: VecDeque::new(),
            idle: Vec::new(),
            items: 0,
            threads: 0,
            alive: 0,
            handles: Vec::new(),
            stopped: false,
        };
        Self { config, state: Mutex::new(state), ended: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock()
    }

    /// Gives `item` to an idle thread, or else to a new one, whose `life` calls
    /// [`work`](Self::work).
    ///
    /// # Errors
    ///
    /// When a thread is needed and cannot be started: gives the item back.
    pub(crate) fn give(
        &self,
        item: T,
        life: impl FnOnce() + Send + 'static,
    ) -> Result<(), (T, io::Error)> {
        let mut state = self.lock();
        if let Some(idle) = state.idle.pop() {
            idle.notify_one();
        } else if let Err(error) = self.start(&mut state, life) {
            return Err((item, error));
        }
        state.push(item);
        Ok(())
    }

    /// Starts a thread, under the lock: nobody may count on it before it is known to start.
    ///
    /// # Errors
    ///
    /// Those of the operating system, and `InvalidInput` for a name with a zero byte, on which std
    /// would panic.
    pub(super) fn start(
        &self,
        state: &mut State<T>,
        life: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let name = (self.config.name)();
        if name.contains('\0') {
            let text = "the name of a thread must not contain a zero byte";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut builder = thread::Builder::new().name(name);
        if let Some(bytes) = self.config.stack_size {
            builder = builder.stack_size(bytes);
        }
        let handle = builder.spawn(life)?;
        state.threads += 1;
        state.alive += 1;
        state.handles.retain(|handle| !handle.is_finished());
        state.handles.push(handle);
        Ok(())
    }

    /// The life of a thread: calls `work` with one item after the other.
    pub(crate) fn work(&self, work: impl Fn(T)) {
        call_hooks(&self.config.on_start);
        let condvar = Arc::new(Condvar::new());
        while let Some(item) = self.next(&condvar) {
            _ = contain(|| self.config.entries.within(|| work(item)));
            self.lock().items -= 1;
        }
        call_hooks(&self.config.on_stop);
        self.lock().alive -= 1;
        self.ended.notify_all();
    }

    /// Waits for an item. `None` is the end of this thread, which is no longer counted then.
    fn next(&self, condvar: &Arc<Condvar>) -> Option<T> {
        let deadline = real_now().checked_add(self.config.keep_alive);
        let mut state = self.lock();
        loop {
            if let Some(item) = state.queue.pop_front() {
                return Some(item);
            }
            let left = left_until(deadline);
            let (false, Some(left)) = (state.stopped, left) else {
                // In the same critical section as the look at the queue: after this, an item that
                // needs a thread gets a new one.
                state.threads -= 1;
                return None;
            };
            state.idle.push(Arc::clone(condvar));
            state = wait(condvar, state, left);
            // Still there unless it was popped for an item.
            state.idle.retain(|other| !Arc::ptr_eq(other, condvar));
        }
    }

    /// Takes the first item that `is_it` back, if no thread has taken it yet.
    pub(crate) fn take_back(&self, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let mut state = self.lock();
        let at = state.queue.iter().position(is_it)?;
        state.items -= 1;
        state.queue.remove(at)
    }

    /// Has threads end instead of waiting for items, now and from now on.
    pub(crate) fn stop(&self) {
        self.lock().stop();
    }

    /// Whether this is one of the threads.
    pub(super) fn is_own_thread(&self) -> bool {
        let current = thread::current().id();
        self.lock().handles.iter().any(|handle| handle.thread().id() == current)
    }

    /// Waits until all threads but this one have ended, at most until the deadline. `None` waits
    /// without limit. Returns whether they have.
    pub(crate) fn join(&self, deadline: Option<Instant>) -> bool {
        let own = self.is_own_thread();
        let mut state = self.lock();
        while state.alive > usize::from(own) {
            let Some(left) = left_until(deadline) else { return false };
            state = wait(&self.ended, state, left);
        }
        let current = thread::current().id();
        let is_other = |handle: &mut JoinHandle<()>| handle.thread().id() != current;
        let others: Vec<_> = state.handles.extract_if(.., is_other).collect();
        drop(state);
        // All that these still do is to leave, so that who counts threads afterwards finds none.
        others.into_iter().for_each(|handle| _ = handle.join());
        true
    }
}

impl<T> State<T> {
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.idle.drain(..).for_each(|idle| idle.notify_one());
    }

    pub(super) fn push(&mut self, item: T) {
        self.items += 1;
        self.queue.push_back(item);
    }
}

/// Calls hooks of the user's, each in turn; a panic there must not take the thread down.
pub(crate) fn call_hooks(hooks: &[Hook]) {
    hooks.iter().for_each(|hook| _ = contain(|| hook()));
}

/// How long to wait: without a deadline as long as can be said, after it not at all.
fn left_until(deadline: Option<Instant>) -> Option<Duration> {
    match deadline {
        None => Some(Duration::MAX),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(real_now());
            (!left.is_zero()).then_some(left)
        }
    }
}

/// Waits for `condvar` until `limit` at most, and without poisoning.
fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>, limit: Duration) -> MutexGuard<'a, T> {
    condvar.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner).0
}
