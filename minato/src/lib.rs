//! Minato: async network I/O for Rust.

pub mod io;
pub mod runtime;
#[allow(dead_code)]
mod task;
#[allow(dead_code)]
mod time;
