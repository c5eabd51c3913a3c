//! What a pool is made of.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use minato::runtime;

use super::shared::Shared;
use super::{Sender, ThreadPool};
use crate::clock::Clock;
use crate::executor::place::{self, Place};
use crate::executor::task::PanicHandler;

/// How many threads run blocking jobs at most, unless told otherwise.
const BLOCKING_THREADS: usize = 100;

type Hook = Arc<dyn Fn() + Send + Sync>;

/// Describes a pool of threads.
#[derive(Clone)]
pub struct Builder {
    pool_size: Option<usize>,
    max_blocking: usize,
    keep_alive: Option<Duration>,
    name_prefix: String,
    stack_size: Option<usize>,
    after_start: Option<Hook>,
    before_stop: Option<Hook>,
    pub(super) panic_handler: PanicHandler,
    pub(crate) clock: Clock,
}

impl Builder {
    /// A pool with a thread per processor.
    pub fn new() -> Self {
        Self {
            pool_size: None,
            max_blocking: BLOCKING_THREADS,
            keep_alive: None,
            name_prefix: "tokio-threadpool-".to_owned(),
            stack_size: None,
            after_start: None,
            before_stop: None,
            panic_handler: PanicHandler::default(),
            clock: Clock::new(),
        }
    }

    /// How many threads run tasks; as many as there are processors by default. 0 counts as 1.
    pub fn pool_size(&mut self, val: usize) -> &mut Self {
        self.pool_size = Some(val);
        self
    }

    /// How many threads more run blocking jobs at most; 100 by default.
    pub fn max_blocking(&mut self, val: usize) -> &mut Self {
        self.max_blocking = val;
        self
    }

    /// How long a thread for blocking jobs stays without one; for ever by default. Those that run
    /// tasks always stay.
    pub fn keep_alive(&mut self, val: Option<Duration>) -> &mut Self {
        self.keep_alive = val;
        self
    }

    /// Called with what a task panicked with, on the thread that ran it. By default a line is
    /// written to standard error.
    pub fn panic_handler<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    {
        self.panic_handler = PanicHandler::new(f);
        self
    }

    /// What the names of the threads begin with; a number follows.
    pub fn name_prefix<S: Into<String>>(&mut self, val: S) -> &mut Self {
        self.name_prefix = val.into();
        self
    }

    /// The size of the threads' stacks in bytes; std's default if not given.
    pub fn stack_size(&mut self, val: usize) -> &mut Self {
        self.stack_size = Some(val);
        self
    }

    /// Called on each thread before it does anything.
    pub fn after_start<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.after_start = Some(Arc::new(f));
        self
    }

    /// Called on each thread when it is done.
    pub fn before_stop<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.before_stop = Some(Arc::new(f));
        self
    }

    /// Makes the pool. Its threads start with the first task.
    pub fn build(&self) -> ThreadPool {
        ThreadPool::of(Sender::of(Shared::new(self.clone())))
    }

    /// Starts the threads. They belong to `pool`.
    pub(super) fn start(self, pool: Weak<Shared>) -> io::Result<runtime::Runtime> {
        let (prefix, number) = (self.name_prefix, AtomicUsize::new(0));
        let keep_alive = self.keep_alive.unwrap_or(Duration::MAX);
        let (after_start, before_stop) = (self.after_start, self.before_stop);
        let mut builder = runtime::Builder::new_multi_thread();
        builder
            .max_blocking_threads(self.max_blocking)
            .thread_keep_alive(keep_alive)
            .thread_name_fn(move || format!("{prefix}{}", number.fetch_add(1, Ordering::Relaxed)))
            .on_thread_start(move || {
                if let Some(pool) = pool.upgrade() {
                    drop(place::put(Place::Pool(Sender::of(pool))));
                }
                after_start.iter().for_each(|hook| hook());
            })
            .on_thread_stop(move || before_stop.iter().for_each(|hook| hook()));
        if let Some(count) = self.pool_size {
            builder.worker_threads(count);
        }
        if let Some(bytes) = self.stack_size {
            builder.thread_stack_size(bytes);
        }
        builder.build()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("pool_size", &self.pool_size)
            .field("max_blocking", &self.max_blocking)
            .field("keep_alive", &self.keep_alive)
            .field("name_prefix", &self.name_prefix)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
