//! Minato beside its peers.
//!
//! [`peer`] is what all peer binaries share, and says how they are called; [`kit`] is what those of
//! the runtimes have in common besides. [`load`] is the one load generator, [`sample`] reads what a
//! server used. The program `minato-bench` starts the peers, drives them, and compares.

pub mod kit;
pub mod load;
pub mod peer;
pub mod sample;

/// The size of the buffer in the old echo servers.
pub const BUFFER: usize = 4096;
