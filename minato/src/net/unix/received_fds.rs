//! What is known of descriptors that were received.

use std::os::fd::OwnedFd;

use super::{SocketAddr, UCred};

/// What [`recv_with_fds`](super::UnixStream::recv_with_fds) received.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReceivedFds {
    /// How many bytes; 0 is the end of a stream, or an empty datagram.
    pub len: usize,
    /// The descriptors that came with the bytes. They are closed on exec.
    pub fds: Vec<OwnedFd>,
    /// Whether descriptors are missing that came with the bytes: more came than were wanted, or
    /// than the process may have open. They are closed.
    pub truncated: bool,
    /// Whether the datagram was longer than the buffer; the rest of it is lost.
    pub datagram_truncated: bool,
    /// Who sent it: of a stream, who sent these bytes. `None` unless the socket asks for it
    /// ([`set_passcred`](super::UnixStream::set_passcred)).
    pub credentials: Option<UCred>,
    /// The address of the sender.
    pub from: SocketAddr,
}
