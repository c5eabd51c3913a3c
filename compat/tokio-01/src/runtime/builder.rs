//! How a runtime is made.

use std::any::Any;
use std::io;
use std::time::Duration;

use super::Runtime;
use crate::clock::Clock;
use crate::pool;

/// Describes a [`Runtime`].
///
/// ```
/// use tokio::runtime::Builder;
///
/// let runtime = Builder::new().core_threads(2).name_prefix("service-").build()?;
/// # drop(runtime);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    pool: pool::Builder,
}

impl Builder {
    /// A runtime with a thread per processor.
    pub fn new() -> Self {
        let mut pool = pool::Builder::new();
        pool.name_prefix("tokio-runtime-worker-");
        Self { pool }
    }

    /// The clock that [`clock::now`](crate::clock::now) and the timers go by within the runtime; by
    /// default that of the thread which makes this builder.
    pub fn clock(&mut self, clock: Clock) -> &mut Self {
        self.pool.clock = clock;
        self
    }

    /// A pool to run on, for what is set there. The clock stays.
    #[deprecated(since = "0.1.9", note = "use the functions on runtime::Builder instead")]
    #[doc(hidden)]
    pub fn threadpool_builder(&mut self, val: pool::Builder) -> &mut Self {
        let clock = self.pool.clock.clone();
        self.pool = val;
        self.clock(clock)
    }

    /// Called with what a task panicked with, on the thread that ran it. By default a line is
    /// written to standard error.
    pub fn panic_handler<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    {
        self.pool.panic_handler(f);
        self
    }

    /// How many threads run tasks; as many as there are processors by default. 0 counts as 1.
    pub fn core_threads(&mut self, val: usize) -> &mut Self {
        self.pool.pool_size(val);
        self
    }

    /// How many threads more run blocking jobs at most; 100 by default.
    pub fn blocking_threads(&mut self, val: usize) -> &mut Self {
        self.pool.max_blocking(val);
        self
    }

    /// How long a thread for blocking jobs stays without one; for ever by default. Those that run
    /// tasks always stay.
    pub fn keep_alive(&mut self, val: Option<Duration>) -> &mut Self {
        self.pool.keep_alive(val);
        self
    }

    /// What the names of the threads begin with; a number follows. "tokio-runtime-worker-" by
    /// default.
    pub fn name_prefix<S: Into<String>>(&mut self, val: S) -> &mut Self {
        self.pool.name_prefix(val);
        self
    }

    /// The size of the threads' stacks in bytes; std's default if not given.
    pub fn stack_size(&mut self, val: usize) -> &mut Self {
        self.pool.stack_size(val);
        self
    }

    /// Called on each thread before it does anything.
    pub fn after_start<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.pool.after_start(f);
        self
    }

    /// Called on each thread when it is done.
    pub fn before_stop<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.pool.before_stop(f);
        self
    }

    /// Makes the runtime. Its threads start with the first task; should that fail, the spawn is
    /// an error or panics.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn build(&mut self) -> io::Result<Runtime> {
        Ok(Runtime::of(self.pool.build()))
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
