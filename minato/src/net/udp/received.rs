//! What is known of a datagram that was received.

use std::net::SocketAddr;

/// What came with a datagram: how much of it is in the buffer, who sent it, and whether the buffer
/// was too short for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// How many bytes are in the buffer, from its front.
    pub len: usize,
    /// Who sent it.
    pub from: SocketAddr,
    /// Whether the datagram was longer than the buffer; the rest of it is lost.
    pub truncated: bool,
}
