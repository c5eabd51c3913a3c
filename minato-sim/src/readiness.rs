//! What a socket is ready for, and the events that say so.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// What a socket is ready for: a set of bits.
///
/// The bits have the meaning of an edge-triggered epoll registration for input, output, closed
/// peers and priority data on Linux.
///
/// ```
/// use minato_sim::Readiness;
///
/// let closed = Readiness::READABLE | Readiness::READ_CLOSED;
/// assert!(closed.contains(Readiness::READ_CLOSED));
/// assert!(closed.intersects(Readiness::READABLE | Readiness::WRITABLE));
/// assert!(!closed.contains(Readiness::READABLE | Readiness::WRITABLE));
/// assert_eq!(format!("{closed:?}"), "READABLE | READ_CLOSED");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const EMPTY: Readiness = Readiness(0);
    /// A receive or an accept will not block.
    pub const READABLE: Readiness = Readiness(1);
    /// A send will not block.
    pub const WRITABLE: Readiness = Readiness(2);
    /// No more bytes will arrive than those already queued.
    pub const READ_CLOSED: Readiness = Readiness(4);
    /// Nothing can be sent any more.
    pub const WRITE_CLOSED: Readiness = Readiness(8);
    /// Out-of-band data waits. The simulated network has none, so this bit is never reported.
    pub const PRIORITY: Readiness = Readiness(16);
    /// An error waits in the socket.
    pub const ERROR: Readiness = Readiness(32);

    /// Of a socket whose host has crashed: no call on it would block.
    pub(crate) const BROKEN: Readiness = Readiness(1 | 2 | 4 | 8 | 32);

    const NAMES: [(Readiness, &'static str); 6] = [
        (Readiness::READABLE, "READABLE"),
        (Readiness::WRITABLE, "WRITABLE"),
        (Readiness::READ_CLOSED, "READ_CLOSED"),
        (Readiness::WRITE_CLOSED, "WRITE_CLOSED"),
        (Readiness::PRIORITY, "PRIORITY"),
        (Readiness::ERROR, "ERROR"),
    ];

    /// Whether no bit is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Readiness) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether at least one bit of `other` is set.
    pub const fn intersects(self, other: Readiness) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits as a number: readable 1, writable 2, read closed 4, write closed 8, priority 16,
    /// error 32.
    pub const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn set_if(&mut self, condition: bool, bits: Readiness) {
        if condition {
            self.0 |= bits.0;
        }
    }
}

impl BitOr for Readiness {
    type Output = Readiness;

    fn bitor(self, other: Readiness) -> Readiness {
        Readiness(self.0 | other.0)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Readiness) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("EMPTY");
        }
        let mut separator = "";
        for (bit, name) in Readiness::NAMES {
            if self.contains(bit) {
                write!(f, "{separator}{name}")?;
                separator = " | ";
            }
        }
        Ok(())
    }
}

/// Something happened to a registered socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key that [`Socket::register`](crate::Socket::register) was given.
    pub key: u64,
    /// What the socket was ready for when the event was taken. As with epoll this is the whole
    /// state, not only the part that changed.
    pub readiness: Readiness,
}
