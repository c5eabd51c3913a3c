//! What runs: spawned tasks and their handles.
//!
//! A task is a future that a runtime polls whenever it is woken. [`spawn`] hands one to the runtime
//! that the thread is in, or outside every runtime to the *default runtime*, which starts then: a
//! multi-thread runtime with as many workers as the machine has processors. The [`JoinHandle`]
//! gives the task's output, or says that it panicked or was cancelled; dropping the handle lets the
//! task run on.
//!
//! [`spawn_blocking`] runs a closure that blocks on a thread of its own kind, [`block_in_place`]
//! blocks the current worker after its core has moved elsewhere, and [`yield_now`] gives the other
//! tasks a turn. [`coop`] says how a task gives them a turn without being asked.
//!
//! A [`JoinSet`] joins many tasks in the order in which they finish. The futures of a [`LocalSet`]
//! need not be `Send`, and run wherever the set is polled. A [`LocalKey`] is a value that a task
//! carries along.

pub(crate) mod blocking;
pub(crate) mod budget;
mod cell;
pub mod coop;
mod finished;
mod id;
mod join;
mod join_set;
mod local;
mod local_key;
mod local_queue;
pub(crate) mod local_set;
mod parked;
mod process_pool;
mod raw;
pub(crate) mod registry;
pub(crate) mod run;
mod spawn;
mod state;
#[cfg(test)]
mod tests;
pub(crate) mod threads;
mod yield_now;

pub(crate) use self::cell::{Runnable, Schedule, TaskMeta, TaskRef};
#[doc(hidden)]
#[deprecated = "moved to minato::task::coop"]
pub use self::coop::{Unconstrained, consume_budget, unconstrained};
pub use self::id::{Id, id, try_id};
pub use self::join::{AbortHandle, JoinError, JoinHandle};
pub use self::join_set::JoinSet;
pub use self::local_key::{AccessError, LocalKey};
pub use self::local_set::{LocalEnterGuard, LocalSet};
pub(crate) use self::parked::ParkedTask;
pub(crate) use self::process_pool::run_blocking;
pub(crate) use self::spawn::{FROM_BEFORE_FORK, spawn_blocking_at, spawn_local_at, spawn_on};
pub use self::spawn::{
    block_in_place, spawn, spawn_blocking, spawn_local, spawn_mandatory_blocking,
};
pub use self::yield_now::{YieldNow, yield_now};

/// Futures that this module's functions return.
pub mod futures {
    pub use super::local_key::TaskLocalFuture;
}
