//! Functions of the C library, answered from the simulated world that the calling thread is in.
//!
//! Libraries reach past a runtime for the time, for random numbers, for names, and for sockets that
//! they set up themselves. In a world the answers are the world's; on any other thread they are the
//! system's. A program that defines the symbols, by [`symbols!`], has them come before those of the
//! C library. This crate itself defines none.
//!
//! | part | has |
//! |---|---|
//! | [`Place`] | what the runtime tells of a thread: its world, its host |
//! | [`symbols!`] | defines the symbols, in the crate that calls it |
//! | [`Deputies`] | the real sockets that stand for simulated ones |
//! | `answers` | what each function does in a world; `None` where the system is to answer |
//!
//! It knows no runtime. Those who write tests call `minato::sim::interpose!()`, whose page says
//! what is reached and what is not.

mod deputy;

#[cfg(target_os = "linux")]
mod answers;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
#[doc(hidden)]
pub mod symbols;

use std::io;
use std::os::fd::BorrowedFd;

use minato_sim::{Host, Socket, World};

pub use deputy::{Deputies, Simulated};

/// Where the calling thread is, as its runtime knows.
pub trait Place {
    /// The world that the thread is in.
    fn world() -> Option<World>;

    /// The host whose code the thread runs.
    fn host() -> Option<Host>;

    /// [`Deputies::with`], of the runtime's deputies.
    fn with_deputy<T>(
        descriptor: BorrowedFd<'_>,
        host: Option<&Host>,
        verb: impl FnOnce(&Socket) -> io::Result<T>,
    ) -> Option<io::Result<T>>;
}
