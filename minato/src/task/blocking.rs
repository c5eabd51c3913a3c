//! The blocking pool: threads for jobs that may block.
//!
//! The pool knows nothing of runtimes and futures. A job is a closure; what it returns, and what
//! becomes of a panic in it, is for the closure to pass on. A job that never runs is dropped, and
//! the one who waits for it learns of it by what that drop sets off. [`Threads`] says how jobs and
//! threads meet; the pool adds limits.

use std::time::Instant;

use super::threads::{ThreadConfig, Threads};
use crate::panics::contain;
use crate::sync::Arc;
use crate::time::clock::real_now;

/// A piece of work that may block.
pub(crate) struct Job {
    work: Box<dyn FnOnce() + Send>,
    /// Whether it runs even if the pool is shut down before a thread has begun it.
    mandatory: bool,
}

impl Job {
    pub(crate) fn new(work: impl FnOnce() + Send + 'static, mandatory: bool) -> Self {
        Self { work: Box::new(work), mandatory }
    }
}

/// How much a pool takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most threads at a time, at least 1 (0 counts as 1), without those that run `on_stop`.
    pub(crate) threads: usize,
    /// The most jobs that wait while all threads are busy.
    pub(crate) queue: usize,
}

/// A pool.
///
/// When it is dropped, it stops as in [`shutdown`](BlockingPool::shutdown), but nobody waits:
/// running jobs end in their own time.
pub(crate) struct BlockingPool {
    limits: Limits,
    threads: Arc<Threads<Job>>,
}

impl BlockingPool {
    /// Makes a pool. No thread starts before there is a job.
    pub(crate) fn new(config: ThreadConfig, limits: Limits) -> Self {
        let limits = Limits { threads: limits.threads.max(1), ..limits };
        Self { limits, threads: Arc::new(Threads::new(config)) }
    }

    /// Gives a job to an idle thread, else to a new one, else to the queue.
    ///
    /// # Errors
    ///
    /// Says why the job was not taken, and drops it. If a thread cannot be started but others are
    /// there, the job waits for one of those, which is not an error.
    pub(crate) fn spawn(&self, job: Job) -> Result<(), String> {
        let mut state = self.threads.lock();
        if state.stopped {
            return Err("the blocking pool has been shut down".to_owned());
        }
        let Limits { threads, queue } = self.limits;
        if state.items >= threads.saturating_add(queue) {
            return Err(format!(
                "the blocking pool is exhausted: its {threads} threads are busy and {queue} jobs \
                 wait"
            ));
        }
        if let Some(idle) = state.idle.pop() {
            idle.notify_one();
        } else if state.threads < threads {
            let threads = self.threads.clone();
            let life = move || threads.work(|job| (job.work)());
            if let Err(error) = self.threads.start(&mut state, life)
                && state.threads == 0
            {
                return Err(format!("the blocking pool could not start a thread: {error}"));
            }
        }
        state.push(job);
        Ok(())
    }

    /// How many jobs run or wait. A job runs until it has returned, so one that wakes somebody is
    /// still counted at that moment.
    pub(crate) fn running(&self) -> usize {
        self.threads.lock().items
    }

    /// Drops the jobs that wait, takes no more, and waits until the others are done and all threads
    /// have ended, at most until the deadline. `None` waits without limit.
    ///
    /// A job waits if every thread is busy with another one. Those that a thread is on its way to,
    /// and those that are mandatory, run all the same.
    ///
    /// Returns whether all threads have ended. A thread of the pool would wait for itself: called
    /// on one, this does not wait, and returns whether it is the only one left.
    pub(crate) fn shutdown(&self, deadline: Option<Instant>) -> bool {
        self.stop();
        let deadline = if self.threads.is_own_thread() { Some(real_now()) } else { deadline };
        self.threads.join(deadline)
    }

    /// Takes no more jobs, drops those that wait, and ends idle threads.
    fn stop(&self) {
        let mut state = self.threads.lock();
        let busy = state.items - state.queue.len();
        let mut coming = state.threads - state.idle.len() - busy;
        let waits = |job: &Job| {
            let has_thread = coming > 0;
            coming = coming.saturating_sub(1);
            !has_thread && !job.mandatory
        };
        let (waiting, rest) = state.queue.drain(..).partition::<Vec<_>, _>(waits);
        state.queue = rest.into();
        state.stop();
        drop(state);
        let dropped = waiting.len();
        for job in waiting {
            _ = contain(move || drop(job));
        }
        self.threads.lock().items -= dropped;
    }
}

impl Drop for BlockingPool {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::HashSet;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::super::threads::Hook;
    use crate::sync::Mutex;

    /// Far longer than anything here takes: reached only by a failing test.
    const LONG: Duration = Duration::from_secs(60);

    fn config() -> ThreadConfig {
        ThreadConfig { keep_alive: LONG, ..ThreadConfig::new("blocking-test") }
    }

    fn new_pool(config: ThreadConfig, threads: usize, queue: usize) -> BlockingPool {
        BlockingPool::new(config, Limits { threads, queue })
    }

    fn job(work: impl FnOnce() + Send + 'static) -> Job {
        Job::new(work, false)
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
        let work = move || {
            started.send(()).unwrap();
            let _ = released.recv();
        };
        pool.spawn(job(work)).unwrap();
        has_started.recv_timeout(LONG).unwrap();
        release
    }

    /// Runs a job to its end and returns what it returned.
    fn ask<T: Send + 'static>(pool: &BlockingPool, work: impl FnOnce() -> T + Send + 'static) -> T {
        let (answer, answered) = mpsc::channel();
        pool.spawn(job(move || answer.send(work()).unwrap())).unwrap();
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
        pool.threads.lock().idle.len()
    }

    fn stop(pool: &BlockingPool) -> bool {
        pool.shutdown(Some(Instant::now() + LONG))
    }

    #[test]
    fn jobs_run_on_named_threads_that_start_with_the_first_job() {
        let (started, on_start) = counting();
        let (stopped, on_stop) = counting();
        let pool = new_pool(ThreadConfig { on_start, on_stop, ..config() }, 4, 4);
        assert_eq!(started.load(Ordering::SeqCst), 0);
        let name = ask(&pool, || thread::current().name().map(str::to_owned));
        assert_eq!(name.as_deref(), Some("blocking-test"));
        assert_eq!(started.load(Ordering::SeqCst), 1);
        assert!(stop(&pool));
        assert_eq!(stopped.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_thread_idle_for_the_shortest_time_is_used_again() {
        let pool = new_pool(config(), 3, 0);
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
        let pool = new_pool(config(), 2, 3);
        let holds = [held(&pool), held(&pool)];
        let (done, all_done) = mpsc::channel();
        for number in 0..3 {
            let done = done.clone();
            pool.spawn(job(move || done.send(number).unwrap())).unwrap();
        }
        assert_eq!(pool.running(), 5);
        let refused = pool.spawn(job(|| {})).unwrap_err();
        assert_eq!(
            refused,
            "the blocking pool is exhausted: its 2 threads are busy and 3 jobs wait"
        );
        assert!(all_done.try_recv().is_err());
        drop(holds);
        let mut numbers: Vec<i32> = (0..3).map(|_| all_done.recv_timeout(LONG).unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
        until(|| pool.running() == 0);
        assert_eq!(pool.threads.lock().threads, 2);
        assert!(stop(&pool));
    }

    #[test]
    fn a_thread_without_work_ends_and_the_next_job_gets_a_new_one() {
        let (stopped, on_stop) = counting();
        let keep_alive = Duration::from_millis(1);
        let pool = new_pool(ThreadConfig { keep_alive, on_stop, ..config() }, 1, 9);
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
        let pool = new_pool(ThreadConfig { keep_alive, on_stop, ..config() }, 1, 9);
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
            let pool = new_pool(ThreadConfig { keep_alive, ..config() }, 2, 10_000);
            let done = Arc::new(AtomicUsize::new(0));
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for _ in 0..500 {
                            let done = Arc::clone(&done);
                            let work = move || {
                                done.fetch_add(1, Ordering::SeqCst);
                            };
                            pool.spawn(job(work)).unwrap();
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
        let pool = new_pool(ThreadConfig { on_start, ..config() }, 1, 9);
        let thread = ask(&pool, || thread::current().id());
        pool.spawn(job(|| panic!("a job that panics"))).unwrap();
        pool.spawn(job(|| std::panic::panic_any(PanicOnDrop))).unwrap();
        assert_eq!(ask(&pool, || thread::current().id()), thread);
        until(|| pool.running() == 0);
        assert!(stop(&pool));
    }

    #[test]
    fn shutdown_drops_what_waits_and_waits_for_what_runs() {
        let pool = new_pool(config(), 1, 9);
        let hold = held(&pool);
        let (canary, gone) = mpsc::channel::<()>();
        pool.spawn(job(move || canary.send(()).unwrap())).unwrap();
        assert!(!pool.shutdown(Some(Instant::now())), "a job is still running");
        // Dropped, not run: the channel is closed and empty.
        assert_eq!(gone.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(pool.running(), 1);
        assert!(pool.spawn(job(|| {})).is_err_and(|why| why.ends_with("has been shut down")));
        drop(hold);
        assert!(pool.shutdown(None));
        assert!(pool.shutdown(None), "again is fine");
        assert_eq!(pool.running(), 0);
    }

    #[test]
    fn shutdown_runs_what_is_mandatory_and_what_a_thread_is_coming_for() {
        for coming in 0..3 {
            let (sender, receiver) = mpsc::channel::<()>();
            let receiver = Mutex::new(receiver);
            let count = AtomicUsize::new(0);
            // The first thread starts at once, the others only when they are told to.
            let on_start: Vec<Hook> = vec![Arc::new(move || {
                if count.fetch_add(1, Ordering::SeqCst) > 0 {
                    let _ = receiver.lock().recv();
                }
            })];
            let pool = new_pool(ThreadConfig { on_start, ..config() }, 1 + coming, 99);
            let hold = held(&pool);
            let (ran, has_run) = mpsc::channel();
            for number in 0..6 {
                let ran = ran.clone();
                let work = move || ran.send(number).unwrap();
                pool.spawn(Job::new(work, number % 2 == 1)).unwrap();
            }
            drop(ran);
            assert!(!pool.shutdown(Some(Instant::now())));
            let runs = |number: &usize| *number < coming || number % 2 == 1;
            let expected: Vec<usize> = (0..6).filter(runs).collect();
            assert_eq!(pool.running(), 1 + expected.len());
            drop(sender);
            drop(hold);
            assert!(stop(&pool));
            let mut numbers: Vec<usize> = has_run.iter().collect();
            numbers.sort_unstable();
            assert_eq!(numbers, expected);
        }
    }

    #[test]
    fn shutdown_on_a_thread_of_the_pool_does_not_wait_for_itself() {
        let pool = Arc::new(new_pool(config(), 2, 9));
        let inner = pool.clone();
        assert!(ask(&pool, move || inner.shutdown(None)));
        assert!(stop(&pool));

        let pool = Arc::new(new_pool(config(), 2, 9));
        let hold = held(&pool);
        let inner = pool.clone();
        assert!(!ask(&pool, move || inner.shutdown(None)));
        drop(hold);
        assert!(stop(&pool));
    }

    #[test]
    fn dropping_the_last_handle_sends_idle_threads_home_and_drops_what_waits() {
        let (stopped, on_stop) = counting();
        let pool = Arc::new(new_pool(ThreadConfig { on_stop, ..config() }, 1, 9));
        let hold = held(&pool);
        let (canary, gone) = mpsc::channel::<()>();
        let clone = pool.clone();
        pool.spawn(job(move || canary.send(()).unwrap())).unwrap();
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
        let pool = new_pool(config(), 1, 9);
        let hold = held(&pool);
        for _ in 0..2 {
            let bomb = PanicOnDrop;
            pool.spawn(job(move || drop(bomb))).unwrap();
        }
        drop(pool);
        drop(hold);
    }

    #[test]
    fn a_thread_that_cannot_start_is_an_error_unless_another_can_do_the_job() {
        let fail = Arc::new(AtomicUsize::new(1));
        let failing = Arc::clone(&fail);
        // A name that no thread can have stands for whatever keeps a thread from starting.
        let name: Arc<dyn Fn() -> String + Send + Sync> =
            Arc::new(move || "\0".repeat(failing.load(Ordering::SeqCst)));
        let pool = new_pool(ThreadConfig { name, ..config() }, 2, 9);
        let error = pool.spawn(job(|| {})).unwrap_err();
        assert!(error.starts_with("the blocking pool could not start a thread: "), "{error}");
        assert_eq!(pool.running(), 0);

        fail.store(0, Ordering::SeqCst);
        let hold = held(&pool);
        fail.store(1, Ordering::SeqCst);
        let (done, is_done) = mpsc::channel();
        pool.spawn(job(move || done.send(()).unwrap())).unwrap();
        drop(hold);
        is_done.recv_timeout(LONG).unwrap();
        assert!(stop(&pool));
    }
}
