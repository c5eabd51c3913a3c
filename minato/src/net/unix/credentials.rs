//! Who is at the other end of a Unix socket.

use super::{gid_t, pid_t, uid_t};

/// The user, the group and the process of a peer, as they were when it connected or listened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) pid: Option<i32>,
}

impl UCred {
    /// The number of the user.
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// The number of the group.
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// The number of the process; `None` where the system does not tell it, or where it has none
    /// that can be seen from here.
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }
}
