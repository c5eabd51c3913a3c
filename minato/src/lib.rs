//! Minato: async network I/O for Rust.

pub mod engine;
pub mod io;
pub mod reactor;
pub mod runtime;
mod sync;
pub mod task;
pub mod time;

pub use self::runtime::run;
pub use self::task::spawn;
