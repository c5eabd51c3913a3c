//! Threads, a reactor and timers, to run tasks with.
//!
//! [`run`] is for the main function of a program: it runs a future and all that it spawns, until
//! all of it is done. A [`Runtime`] is the same in parts. In [`current_thread`] is the one that
//! needs no threads, and whose tasks need not be `Send`.
//!
//! A `Runtime` is a multi-thread runtime of [`minato`], which it starts with its first task: making
//! one starts no thread. `wait` may be called within its tasks, on its only thread, too: the
//! thread's reactor is looked after for that long.
//!
//! ```
//! use futures::{Future, future};
//! use tokio::runtime::Runtime;
//!
//! let mut runtime = Runtime::new()?;
//! let sum = runtime.block_on(future::ok::<_, ()>(1).map(|one| one + 1));
//! assert_eq!(sum, Ok(2));
//! runtime.shutdown_on_idle().wait().unwrap();
//! # std::io::Result::Ok(())
//! ```

mod builder;
pub mod current_thread;
mod task_executor;
mod threaded;

pub use self::builder::Builder;
pub use self::task_executor::TaskExecutor;
pub use self::threaded::{Runtime, run};
pub use crate::pool::Shutdown;
