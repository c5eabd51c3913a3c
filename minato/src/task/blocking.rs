//! The blocking pool: threads for jobs that may block.
//!
//! The pool knows nothing of runtimes and futures. A job is a closure; what it returns, and what
//! becomes of a panic in it, is for the closure to pass on. A job that never runs is dropped, and
//! whoever waits for it learns of it by what that drop sets off.
//!
//! # How it works
//!
//! One mutex guards everything. A thread that finds the queue empty takes a *condvar*: a condition
//! variable of its own on a stack. Whoever queues a job pops the condvar that was taken last and
//! notifies it, so that the same few threads (with warm caches) do the work and the others reach
//! the end of their keep-alive. Both sides decide under the mutex, and a thread looks at the queue
//! once more before it gives up, so a job cannot be left to a thread that is about to end. It may
//! happen that a third thread, just done with its job, is faster and takes it; then the notified
//! one takes a condvar again.
//!
//! Code that is not ours (jobs, hooks, drops of jobs) runs outside the mutex and inside
//! `catch_unwind`. The one exception is the naming of a thread.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use crate::panics::contain;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard};
use crate::time::clock::real_now;

/// A piece of work that may block.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Code of the user that is run at certain moments. A panic in it is contained.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// What a pool is made from.
#[derive(Clone)]
pub(crate) struct BlockingConfig {
    /// The most threads at a time, at least 1 (0 counts as 1), without those that run `on_stop`.
    pub(crate) thread_limit: usize,
    /// The most jobs that wait while all threads are busy.
    pub(crate) queue_limit: usize,
    /// How long a thread without work stays.
    pub(crate) keep_alive: Duration,
    /// Names a thread that is about to start. Must not use the pool, whose lock is held.
    pub(crate) thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    /// The size of a thread's stack in bytes; `None` is std's default.
    pub(crate) stack_size: Option<usize>,
    /// Run by each thread before its first job.
    pub(crate) on_start: Vec<Hook>,
    /// Run by each thread after its last job.
    pub(crate) on_stop: Vec<Hook>,
    /// Run whenever [`BlockingPool::running`] has become 0.
    pub(crate) on_idle: Vec<Hook>,
}

impl fmt::Debug for BlockingConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingConfig")
            .field("thread_limit", &self.thread_limit)
            .field("queue_limit", &self.queue_limit)
            .field("keep_alive", &self.keep_alive)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}

/// Why the pool did not take a job. The job was dropped.
#[derive(Debug)]
pub(crate) enum Rejected {
    /// The pool has been shut down.
    ShutDown,
    /// All threads are busy and the queue is full.
    LimitExhausted {
        /// The pool's limit of threads.
        threads: usize,
        /// The pool's limit of queued jobs.
        queued: usize,
    },
    /// The pool has no thread and could not start one.
    ThreadNotStarted(io::Error),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejected::ShutDown => f.write_str("the blocking pool has been shut down"),
            Rejected::LimitExhausted { threads, queued } => write!(
                f,
                "the blocking pool is exhausted: \
                 its {threads} threads are busy and {queued} jobs wait"
            ),
            Rejected::ThreadNotStarted(error) => {
                write!(f, "the blocking pool could not start a thread: {error}")
            }
        }
    }
}

impl std::error::Error for Rejected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Rejected::ThreadNotStarted(error) => Some(error),
            _ => None,
        }
    }
}

/// A cheap handle to the pool.
///
/// When the last one is dropped, the pool stops as in [`shutdown`](BlockingPool::shutdown), but
/// nobody waits: running jobs end in their own time.
#[derive(Clone)]
pub(crate) struct BlockingPool {
    owner: Arc<Owner>,
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.owner.inner.state.lock();
        f.debug_struct("BlockingPool")
            .field("running", &state.jobs)
            .field("threads", &state.threads)
            .field("idle", &state.idle_threads.len())
            .finish()
    }
}

/// What all handles share, and the threads do not.
struct Owner {
    inner: Arc<PoolInner>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.inner.stop();
    }
}

/// What handles and threads share.
struct PoolInner {
    config: BlockingConfig,
    state: Mutex<State>,
    /// Notified when the last thread has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// The threads without work, the one idle for the shortest time last.
    idle_threads: Vec<Arc<Condvar>>,
    /// Jobs that run or wait.
    jobs: usize,
    /// Threads that will look at the queue again.
    threads: usize,
    /// Threads that have not ended; more than `threads` while some run their `on_stop`.
    alive: usize,
    handles: Vec<thread::JoinHandle<()>>,
    stopped: bool,
}

impl BlockingPool {
    /// Makes a pool. No thread starts before there is a job.
    pub(crate) fn new(config: BlockingConfig) -> Self {
        let config = BlockingConfig { thread_limit: config.thread_limit.max(1), ..config };
        let inner = PoolInner { config, state: Mutex::default(), ended: Condvar::new() };
        BlockingPool { owner: Arc::new(Owner { inner: Arc::new(inner) }) }
    }

    /// Gives a job to an idle thread, else to a new one, else to the queue.
    ///
    /// # Errors
    ///
    /// Says why the job was not taken. If a thread cannot be started but others are there, the job
    /// waits for one of those, which is not an error.
    pub(crate) fn spawn(&self, job: Job) -> Result<(), Rejected> {
        let shared = &self.owner.inner;
        let config = &shared.config;
        let mut state = shared.state.lock();
        if state.stopped {
            return Err(Rejected::ShutDown);
        }
        if state.jobs >= config.thread_limit.saturating_add(config.queue_limit) {
            let (threads, queued) = (config.thread_limit, config.queue_limit);
            return Err(Rejected::LimitExhausted { threads, queued });
        }
        if let Some(condvar) = state.idle_threads.pop() {
            condvar.notify_one();
        } else if state.threads < config.thread_limit {
            // Under the lock: nobody may count on this thread before it is known to start.
            match shared.start_thread(&mut state) {
                Err(error) if state.threads == 0 => return Err(Rejected::ThreadNotStarted(error)),
                Ok(()) | Err(_) => {}
            }
        }
        state.jobs += 1;
        state.queue.push_back(job);
        Ok(())
    }

    /// How many jobs run or wait. A job runs until it has returned, so one that wakes somebody
    /// is still counted at that moment; `on_idle` tells when the count is 0.
    pub(crate) fn running(&self) -> usize {
        self.owner.inner.state.lock().jobs
    }

    /// Drops the jobs that wait, takes no more, and waits until the running ones are done and all
    /// threads have ended, at most until the deadline. `None` waits without limit.
    ///
    /// Returns whether all threads have ended. A thread of the pool would wait for itself: called
    /// on one, this does not wait, and returns whether it is the only one left.
    pub(crate) fn shutdown(&self, deadline: Option<Instant>) -> bool {
        let shared = &self.owner.inner;
        shared.stop();
        let mut state = shared.state.lock();
        let current = thread::current().id();
        if state.handles.iter().any(|handle| handle.thread().id() == current) {
            return state.alive == 1;
        }
        while state.alive > 0 {
            let Some(left) = left_until(deadline) else {
                return false;
            };
            state = wait(&shared.ended, state, left);
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        // All that these still do is to leave, so that who counts threads afterwards finds none.
        for handle in handles {
            let _ = handle.join();
        }
        true
    }
}

impl PoolInner {
    fn start_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let shared = Arc::clone(self);
        let name = (self.config.thread_name)();
        let handle = spawn_thread(name, self.config.stack_size, move || shared.run())?;
        state.threads += 1;
        state.alive += 1;
        state.handles.retain(|handle| !handle.is_finished());
        state.handles.push(handle);
        Ok(())
    }

    /// The life of a thread.
    fn run(&self) {
        call_hooks(&self.config.on_start);
        let condvar = Arc::new(Condvar::new());
        while let Some(job) = self.next_job(&condvar) {
            _ = contain(job);
            self.finished(1);
        }
        call_hooks(&self.config.on_stop);
        let mut state = self.state.lock();
        state.alive -= 1;
        if state.alive == 0 {
            self.ended.notify_all();
        }
    }

    /// Waits for a job. `None` is the end of this thread, which is no longer counted then.
    fn next_job(&self, condvar: &Arc<Condvar>) -> Option<Job> {
        let deadline = real_now().checked_add(self.config.keep_alive);
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.queue.pop_front() {
                return Some(job);
            }
            let left = left_until(deadline);
            let (false, Some(left)) = (state.stopped, left) else {
                // In the same critical section as the look at the queue: after this, a job that
                // needs a thread gets a new one.
                state.threads -= 1;
                return None;
            };
            state.idle_threads.push(Arc::clone(condvar));
            state = wait(condvar, state, left);
            // Still there unless it was popped for a job.
            state.idle_threads.retain(|other| !Arc::ptr_eq(other, condvar));
        }
    }

    /// Notes that jobs are gone, after they are.
    fn finished(&self, jobs: usize) {
        let mut state = self.state.lock();
        state.jobs -= jobs;
        let idle = jobs > 0 && state.jobs == 0;
        drop(state);
        if idle {
            call_hooks(&self.config.on_idle);
        }
    }

    /// Takes no more jobs, drops those that wait, and sends idle threads home.
    fn stop(&self) {
        let mut state = self.state.lock();
        state.stopped = true;
        let queue = std::mem::take(&mut state.queue);
        for condvar in state.idle_threads.drain(..) {
            condvar.notify_one();
        }
        drop(state);
        let dropped = queue.len();
        for job in queue {
            _ = contain(move || drop(job));
        }
        self.finished(dropped);
    }
}

/// Starts a thread with a name and, if given, the size of its stack in bytes.
///
/// # Errors
///
/// Those of the operating system, and `InvalidInput` for a name with a zero byte, on which std
/// would panic.
pub(crate) fn spawn_thread<F, T>(
    name: String,
    stack_size: Option<usize>,
    body: F,
) -> io::Result<thread::JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if name.contains('\0') {
        let text = "the name of a thread must not contain a zero byte";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut builder = thread::Builder::new().name(name);
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(body)
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
pub(crate) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    limit: Duration,
) -> MutexGuard<'a, T> {
    condvar.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::HashSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    /// Far longer than anything here takes: reached only by a failing test.
    const LONG: Duration = Duration::from_secs(60);

    fn config(thread_limit: usize, queue_limit: usize) -> BlockingConfig {
        BlockingConfig {
            thread_limit,
            queue_limit,
            keep_alive: LONG,
            thread_name: Arc::new(|| "blocking-test".to_owned()),
            stack_size: None,
            on_start: Vec::new(),
            on_stop: Vec::new(),
            on_idle: Vec::new(),
        }
    }

    /// A hook that counts how often it runs.
    fn counting() -> (Arc<AtomicUsize>, Vec<Hook>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let hook: Hook = Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        (count, vec![hook])
    }

    /// A job that runs until the sender is used or dropped, after it has said that it runs.
    fn held(pool: &BlockingPool) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        let job = move || {
            started.send(()).unwrap();
            let _ = released.recv();
        };
        pool.spawn(Box::new(job)).unwrap();
        has_started.recv_timeout(LONG).unwrap();
        release
    }

    /// Runs a job to its end and returns what it returned.
    fn ask<T: Send + 'static>(pool: &BlockingPool, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, answered) = mpsc::channel();
        pool.spawn(Box::new(move || answer.send(job()).unwrap())).unwrap();
        answered.recv_timeout(LONG).unwrap()
    }

    /// Waits for something that another thread is about to do.
    fn until(condition: impl Fn() -> bool) {
        let deadline = Instant::now() + LONG;
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain");
            thread::yield_now();
        }
    }

    fn idle(pool: &BlockingPool) -> usize {
        pool.owner.inner.state.lock().idle_threads.len()
    }

    fn stop(pool: &BlockingPool) -> bool {
        pool.shutdown(Some(Instant::now() + LONG))
    }

    #[test]
    fn jobs_run_on_named_threads_that_start_with_the_first_job() {
        let (started, on_start) = counting();
        let (stopped, on_stop) = counting();
        let pool = BlockingPool::new(BlockingConfig { on_start, on_stop, ..config(4, 4) });
        assert_eq!(started.load(Ordering::SeqCst), 0);
        let name = ask(&pool, || thread::current().name().map(str::to_owned));
        assert_eq!(name.as_deref(), Some("blocking-test"));
        assert_eq!(started.load(Ordering::SeqCst), 1);
        assert!(stop(&pool));
        assert_eq!(stopped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_thread_idle_for_the_shortest_time_is_used_again() {
        let pool = BlockingPool::new(config(3, 0));
        let holds = [held(&pool), held(&pool), held(&pool)];
        for (done, hold) in holds.into_iter().enumerate() {
            drop(hold);
            until(|| idle(&pool) == done + 1);
        }
        let mut threads = HashSet::new();
        for _ in 0..20 {
            threads.insert(ask(&pool, || thread::current().id()));
            until(|| idle(&pool) == 3);
        }
        assert_eq!(threads.len(), 1);
        assert!(stop(&pool));
    }

    #[test]
    fn beyond_the_threads_jobs_wait_and_beyond_the_queue_they_are_refused() {
        let pool = BlockingPool::new(config(2, 3));
        let holds = [held(&pool), held(&pool)];
        let (done, all_done) = mpsc::channel();
        for number in 0..3 {
            let done = done.clone();
            pool.spawn(Box::new(move || done.send(number).unwrap())).unwrap();
        }
        assert_eq!(pool.running(), 5);
        let refused = pool.spawn(Box::new(|| {})).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the blocking pool is exhausted: its 2 threads are busy and 3 jobs wait"
        );
        assert!(all_done.try_recv().is_err());
        drop(holds);
        let mut numbers: Vec<i32> = (0..3).map(|_| all_done.recv_timeout(LONG).unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
        until(|| pool.running() == 0);
        assert_eq!(pool.owner.inner.state.lock().threads, 2);
        assert!(stop(&pool));
    }

    #[test]
    fn a_thread_without_work_ends_and_the_next_job_gets_a_new_one() {
        let (stopped, on_stop) = counting();
        let keep_alive = Duration::from_millis(1);
        let pool = BlockingPool::new(BlockingConfig { keep_alive, on_stop, ..config(1, 9) });
        for round in 1..=20 {
            assert_eq!(ask(&pool, || 5), 5);
            until(|| stopped.load(Ordering::SeqCst) == round);
        }
        assert!(stop(&pool));
    }

    #[test]
    fn a_job_is_never_left_to_a_thread_that_is_ending() {
        let (ending, is_ending) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let on_stop: Vec<Hook> = vec![Arc::new(move || {
            let _ = ending.send(());
            let _ = released.lock().recv();
        })];
        let keep_alive = Duration::ZERO;
        let pool = BlockingPool::new(BlockingConfig { keep_alive, on_stop, ..config(1, 9) });
        let first = ask(&pool, || thread::current().id());
        is_ending.recv_timeout(LONG).unwrap();
        assert_ne!(ask(&pool, || thread::current().id()), first);
        drop(release);
        assert!(stop(&pool));
    }

    #[test]
    fn no_job_is_lost_while_threads_come_and_go() {
        // A keep-alive of nothing makes every thread about to end when the next job arrives.
        for keep_alive in [Duration::ZERO, Duration::from_micros(30), LONG] {
            let pool = BlockingPool::new(BlockingConfig { keep_alive, ..config(2, 10_000) });
            let done = Arc::new(AtomicUsize::new(0));
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for _ in 0..500 {
                            let done = Arc::clone(&done);
                            let job = move || {
                                done.fetch_add(1, Ordering::SeqCst);
                            };
                            pool.spawn(Box::new(job)).unwrap();
                        }
                    });
                }
            });
            until(|| pool.running() == 0);
            assert_eq!(done.load(Ordering::SeqCst), 1500);
            assert!(stop(&pool));
        }
    }

    #[test]
    fn a_panic_in_a_job_or_hook_leaves_the_pool_and_its_thread_at_work() {
        struct PanicOnDrop;
        impl Drop for PanicOnDrop {
            fn drop(&mut self) {
                panic!("a payload that panics when dropped");
            }
        }
        let on_start: Vec<Hook> = vec![Arc::new(|| panic!("a start hook that panics"))];
        let pool = BlockingPool::new(BlockingConfig { on_start, ..config(1, 9) });
        let thread = ask(&pool, || thread::current().id());
        pool.spawn(Box::new(|| panic!("a job that panics"))).unwrap();
        pool.spawn(Box::new(|| std::panic::panic_any(PanicOnDrop))).unwrap();
        assert_eq!(ask(&pool, || thread::current().id()), thread);
        until(|| pool.running() == 0);
        assert!(stop(&pool));
    }

    #[test]
    fn on_idle_runs_when_nothing_is_left() {
        let (idle, on_idle) = counting();
        let pool = BlockingPool::new(BlockingConfig { on_idle, ..config(2, 9) });
        let (first, second) = (held(&pool), held(&pool));
        drop(first);
        until(|| pool.running() == 1);
        assert_eq!(idle.load(Ordering::SeqCst), 0);
        drop(second);
        until(|| idle.load(Ordering::SeqCst) == 1);
        assert_eq!(pool.running(), 0);
        assert!(stop(&pool));
    }

    #[test]
    fn shutdown_drops_what_waits_and_waits_for_what_runs() {
        let pool = BlockingPool::new(config(1, 9));
        let hold = held(&pool);
        let (canary, gone) = mpsc::channel::<()>();
        pool.spawn(Box::new(move || canary.send(()).unwrap())).unwrap();
        assert!(!pool.shutdown(Some(Instant::now())), "a job is still running");
        // Dropped, not run: the channel is closed and empty.
        assert_eq!(gone.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(pool.running(), 1);
        assert!(matches!(pool.spawn(Box::new(|| {})), Err(Rejected::ShutDown)));
        drop(hold);
        assert!(pool.shutdown(None));
        assert!(pool.shutdown(None), "again is fine");
        assert_eq!(pool.running(), 0);
    }

    #[test]
    fn shutdown_on_a_thread_of_the_pool_does_not_wait_for_itself() {
        let pool = BlockingPool::new(config(2, 9));
        let inner = pool.clone();
        assert!(ask(&pool, move || inner.shutdown(None)));
        assert!(stop(&pool));

        let pool = BlockingPool::new(config(2, 9));
        let hold = held(&pool);
        let inner = pool.clone();
        assert!(!ask(&pool, move || inner.shutdown(None)));
        drop(hold);
        assert!(stop(&pool));
    }

    #[test]
    fn dropping_the_last_handle_sends_idle_threads_home_and_drops_what_waits() {
        let (stopped, on_stop) = counting();
        let pool = BlockingPool::new(BlockingConfig { on_stop, ..config(1, 9) });
        let hold = held(&pool);
        let (canary, gone) = mpsc::channel::<()>();
        let clone = pool.clone();
        pool.spawn(Box::new(move || canary.send(()).unwrap())).unwrap();
        drop(pool);
        assert_eq!(gone.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(clone);
        assert_eq!(gone.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(stopped.load(Ordering::SeqCst), 0);
        drop(hold);
        until(|| stopped.load(Ordering::SeqCst) == 1);
    }

    #[test]
    fn a_drop_that_panics_in_shutdown_is_contained() {
        struct PanicOnDrop;
        impl Drop for PanicOnDrop {
            fn drop(&mut self) {
                panic!("a job that panics when dropped");
            }
        }
        let pool = BlockingPool::new(config(1, 9));
        let hold = held(&pool);
        for _ in 0..2 {
            let bomb = PanicOnDrop;
            pool.spawn(Box::new(move || drop(bomb))).unwrap();
        }
        drop(pool);
        drop(hold);
    }

    #[test]
    fn a_thread_that_cannot_start_is_an_error_unless_another_can_do_the_job() {
        let fail = Arc::new(AtomicUsize::new(1));
        let failing = Arc::clone(&fail);
        // A name that no thread can have stands for whatever keeps a thread from starting.
        let thread_name: Arc<dyn Fn() -> String + Send + Sync> =
            Arc::new(move || "\0".repeat(failing.load(Ordering::SeqCst)));
        let pool = BlockingPool::new(BlockingConfig { thread_name, ..config(2, 9) });
        let error = pool.spawn(Box::new(|| {})).unwrap_err();
        assert!(matches!(&error, Rejected::ThreadNotStarted(_)), "{error}");
        assert_eq!(pool.running(), 0);

        fail.store(0, Ordering::SeqCst);
        let hold = held(&pool);
        fail.store(1, Ordering::SeqCst);
        let (done, is_done) = mpsc::channel();
        pool.spawn(Box::new(move || done.send(()).unwrap())).unwrap();
        drop(hold);
        is_done.recv_timeout(LONG).unwrap();
        assert!(stop(&pool));
    }
}
