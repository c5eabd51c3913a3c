//! Minato: async network I/O for Rust.

pub mod io;
