//! Minato beside its peers.
//!
//! * `echo-server PEER CONNECTIONS` prints its address, echoes on that many connections, and ends
//!   with the last of them.
//! * `echo-load ADDRESS CONNECTIONS SIZE REQUESTS` drives it: a closed loop over blocking sockets,
//!   the same for every peer.
//!
//! `cargo xtask instructions` runs both under callgrind.

/// The connections on which each server echoes, and the size of its buffer: the same for all.
pub const BUFFER: usize = 4096;
