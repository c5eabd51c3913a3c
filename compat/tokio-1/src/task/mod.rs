//! Spawning tasks, and waiting for them.

#[cfg(feature = "rt-multi-thread")]
pub use minato::task::block_in_place;
#[cfg(feature = "rt")]
pub use minato::task::futures;
#[cfg(feature = "rt")]
pub use minato::task::{
    AbortHandle, Id, JoinError, JoinHandle, JoinSet, LocalEnterGuard, LocalKey, LocalSet, id,
    spawn, spawn_blocking, spawn_local, try_id, yield_now,
};

#[cfg(not(feature = "rt"))]
pub(crate) mod coop;
#[cfg(feature = "rt")]
pub mod coop;
#[cfg(feature = "rt")]
#[deprecated = "it is in `task::coop`"]
#[doc(hidden)]
pub use self::coop::{Unconstrained, consume_budget, unconstrained};
