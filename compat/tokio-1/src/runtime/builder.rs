//! The builder of runtimes.

use std::fmt;
use std::io;
use std::time::Duration;

use minato::runtime::{self as m, LocalOptions, LocalRuntime};

use super::Runtime;
use crate::{inspect, simulation};

/// Minato's builder, whose runtimes are ours.
pub struct Builder(m::Builder);

/// Methods that change [Minato's builder](m::Builder) by the method of the same name.
macro_rules! settings {
    ($($(#[$attribute:meta])* $name:ident($($value:ident: $type:ty)?);)*) => {
        impl Builder {$(
            $(#[$attribute])*
            #[doc = concat!("See Minato's `", stringify!($name), "`.")]
            #[track_caller]
            pub fn $name(&mut self $(, $value: $type)?) -> &mut Self {
                self.0.$name($($value)?);
                self
            }
        )*}
    };
}

settings! {
    enable_all();
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    enable_io();
    #[cfg(feature = "time")]
    enable_time();
    event_interval(polls: u32);
    global_queue_interval(polls: u32);
    max_blocking_threads(count: usize);
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    max_io_events_per_busy_tick(count: usize);
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    max_io_events_per_tick(count: usize);
    name(name: impl Into<String>);
    on_thread_park(hook: impl Fn() + Send + Sync + 'static);
    on_thread_start(hook: impl Fn() + Send + Sync + 'static);
    on_thread_stop(hook: impl Fn() + Send + Sync + 'static);
    on_thread_unpark(hook: impl Fn() + Send + Sync + 'static);
    #[cfg(feature = "test-util")]
    start_paused(paused: bool);
    thread_keep_alive(idle: Duration);
    thread_name(name: impl Into<String>);
    thread_name_fn(name: impl Fn() -> String + Send + Sync + 'static);
    thread_stack_size(bytes: usize);
    worker_threads(count: usize);
}

impl Builder {
    /// For a runtime that runs its tasks on the thread that waits for one.
    pub fn new_current_thread() -> Self {
        Self(m::Builder::new_current_thread())
    }

    /// For a runtime with threads of its own.
    #[cfg(feature = "rt-multi-thread")]
    pub fn new_multi_thread() -> Self {
        Self(m::Builder::new_multi_thread())
    }

    /// Starts a runtime.
    pub fn build(&mut self) -> io::Result<Runtime> {
        simulation::set_up(&mut self.0)?;
        let runtime = self.0.build()?;
        note(runtime.handle());
        Ok(Runtime::of(runtime))
    }

    /// Starts a runtime whose tasks need not be `Send`.
    pub fn build_local(&mut self, options: LocalOptions) -> io::Result<LocalRuntime> {
        simulation::set_up(&mut self.0)?;
        let runtime = self.0.build_local(options)?;
        note(runtime.handle());
        Ok(runtime)
    }
}

/// Notes a simulated runtime, and has others looked into if that is wanted.
fn note(runtime: &m::Handle) {
    simulation::note(runtime);
    if runtime.world().is_none() {
        inspect::start();
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
