//! A runtime without threads: tasks, reactor and timers on the thread that calls it.
//!
//! Its tasks need not be `Send`. They run while somebody is in [`Runtime::block_on`] or
//! [`Runtime::run`]; [`block_on_all`] and [`run`] do both on a fresh runtime.
//!
//! A task that panics takes `block_on` or `run` with it, as in tokio 0.1: the panic goes on there.
//! The runtime can be used afterwards, and its other tasks are still there.
//!
//! ```
//! use std::rc::Rc;
//! use futures::future;
//! use tokio::runtime::current_thread;
//!
//! let text = Rc::new("stays here");
//! current_thread::run(future::lazy(move || {
//!     current_thread::spawn(future::lazy(move || Ok(assert_eq!(text.len(), 10))));
//!     Ok(())
//! }));
//! ```

mod builder;
mod handle;
mod local;
mod local_runtime;
mod task_executor;

pub use self::builder::Builder;
pub use self::handle::Handle;
pub(crate) use self::local::Local;
pub use self::local_runtime::{RunError, Runtime, block_on_all, run};
pub use self::task_executor::{TaskExecutor, spawn};
