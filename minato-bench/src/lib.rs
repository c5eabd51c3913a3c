//! Minato beside its peers.
//!
//! [`peer`] is what all peer binaries share, and says how they are called. The program
//! `minato-bench` starts them, drives them, and compares.

pub mod kit;
pub mod peer;

/// The size of the buffer in the old echo servers.
pub const BUFFER: usize = 4096;
