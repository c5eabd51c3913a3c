//! The names of tokio 1.54.1 on Minato: what a program that is written for tokio runs on, without
//! a changed line.
//!
//! - What does network I/O or runs tasks (`net`, `io`, `time`, `task`, `runtime`, `signal`) is
//!   Minato's, by re-exports.
//! - What builds on that (`sync`, `fs`, `process`, standard input and output, `select!` and the
//!   other macros) is tokio's own source, unmodified. `cargo minato prepare` puts it below
//!   `src/tokio/`, out of the package that was published. It is compiled against Minato: it has
//!   Minato's traits, threads, clock and budget.
//!
//! Each name is public under the features that make it so in tokio.

// Most of what is compiled here is tokio's, and made for its own lints and flags.
#![allow(dead_code, unexpected_cfgs, unused_imports, unused_macros)]

#[cfg(tokio_unstable)]
compile_error!("`--cfg tokio_unstable` asks for names of tokio that are not there on Minato");

#[macro_use]
#[doc(hidden)]
#[path = "tokio/macros/mod.rs"]
pub mod macros;

#[cfg(feature = "fs")]
#[path = "tokio/fs/mod.rs"]
pub mod fs;

pub mod io;
pub mod net;

#[cfg(feature = "process")]
#[path = "tokio/process/mod.rs"]
pub mod process;

#[cfg(feature = "rt")]
pub mod runtime;
#[cfg(not(feature = "rt"))]
mod runtime;

#[cfg(feature = "signal")]
pub mod signal;
#[cfg(all(feature = "process", not(feature = "signal")))]
mod signal;

pub mod stream {
    //! Empty, as in tokio: streams are in the crate `tokio-stream`.
}

#[cfg(feature = "rt")]
mod inspect;
#[cfg(feature = "rt")]
mod simulation;
// The C library's functions are answered from the world of the thread that calls them.
#[cfg(all(feature = "simulation", target_os = "linux"))]
minato::sim::interpose!();

#[cfg(feature = "sync")]
#[path = "tokio/sync/mod.rs"]
pub mod sync;
#[cfg(not(feature = "sync"))]
#[path = "tokio/sync/mod.rs"]
mod sync;

pub mod task;
#[cfg(feature = "rt")]
pub use self::task::spawn;
#[cfg(feature = "rt")]
pub use minato::task_local;

#[cfg(feature = "time")]
pub mod time;

#[cfg(all(feature = "macros", feature = "rt-multi-thread"))]
pub use tokio_macros::{main, test};
#[cfg(all(feature = "macros", not(feature = "rt")))]
pub use tokio_macros::{main_fail as main, test_fail as test};
#[cfg(all(feature = "macros", feature = "rt", not(feature = "rt-multi-thread")))]
pub use tokio_macros::{main_rt as main, test_rt as test};
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use tokio_macros::{select_priv_clean_pattern, select_priv_declare_output_enum};

// What tokio's source stands on: its own, and below it the few names that are ours.
#[path = "tokio/blocking.rs"]
mod blocking;
#[path = "tokio/future/mod.rs"]
mod future;
#[path = "tokio/loom/mod.rs"]
mod loom;
#[cfg(feature = "process")]
mod orphans;
#[path = "tokio/util/mod.rs"]
mod util;

use std::os;

mod trace {
    //! tokio's debugger of tasks, which needs `tokio_unstable`.

    use std::task::{Context, Poll};

    pub(crate) fn trace_leaf(_: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    pub(crate) async fn async_trace_leaf() {}
}
