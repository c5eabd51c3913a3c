//! What is known of descriptors that were received.

use std::os::fd::OwnedFd;

/// What [`recv_with_fds`](super::UnixStream::recv_with_fds) received.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReceivedFds {
    /// How many bytes; 0 is the end of the stream.
    pub len: usize,
    /// The descriptors that came with the bytes. They are closed on exec.
    pub fds: Vec<OwnedFd>,
    /// Whether descriptors are missing that came with the bytes: more came than were wanted, or
    /// than the process may have open. They are closed.
    pub truncated: bool,
}
