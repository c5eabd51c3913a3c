//! What runs tasks.

pub(crate) mod context;
pub(crate) mod park;

#[cfg(feature = "rt")]
mod builder;
#[cfg(feature = "rt")]
#[path = "runtime.rs"]
mod own;

#[cfg(feature = "rt")]
pub use self::{builder::Builder, own::Runtime};
#[cfg(feature = "rt")]
pub use minato::runtime::{
    EnterGuard, Handle, Id, LocalOptions, LocalRuntime, RuntimeFlavor, RuntimeMetrics,
    TryCurrentError, is_rt_shutdown_err, worker_index,
};

#[cfg(feature = "rt")]
pub(crate) use minato::task::{spawn_blocking, spawn_mandatory_blocking};

#[cfg(feature = "process")]
pub(crate) mod signal {
    pub(crate) use crate::orphans::Handle;
}

#[cfg(feature = "rt")]
pub(crate) mod task {
    //! tokio notes where a task was spawned for `tokio_unstable`.

    #[derive(Clone, Copy)]
    pub(crate) struct SpawnLocation;

    impl SpawnLocation {
        pub(crate) fn capture() -> Self {
            Self
        }
    }
}
