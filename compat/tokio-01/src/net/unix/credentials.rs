//! Who is at the other end of a Unix socket.

/// The user and the group of a peer, as they were when it connected or listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    /// The number of the user.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
}
