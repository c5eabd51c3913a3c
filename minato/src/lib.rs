//! Minato: async network I/O for Rust.

pub mod io;
#[allow(dead_code)]
mod task;
#[allow(dead_code)]
mod time;
