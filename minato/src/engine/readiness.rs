//! What a socket can do now: six bits, as tokio's `Ready` has them.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

/// A set of readiness bits.
///
/// Readiness is a hint: an operation may still find that it would block. Closed bits are final and
/// survive clearing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Readiness(u8);

impl Readiness {
    /// Nothing.
    pub const EMPTY: Readiness = Readiness(0);
    // Four of the bits stand where Linux has them, so that taking them over is little work.
    /// A read may give data.
    pub const READABLE: Readiness = Readiness(1);
    /// Urgent data is there.
    pub const PRIORITY: Readiness = Readiness(1 << 1);
    /// A write may take data.
    pub const WRITABLE: Readiness = Readiness(1 << 2);
    /// An error is waiting to be taken.
    pub const ERROR: Readiness = Readiness(1 << 3);
    /// The peer ended its writing side, or the connection is gone.
    pub const READ_CLOSED: Readiness = Readiness(1 << 4);
    /// The peer no longer reads, or the connection is gone.
    pub const WRITE_CLOSED: Readiness = Readiness(1 << 5);
    /// All six bits.
    pub const ALL: Readiness = Readiness(0b11_1111);
    /// The two that say that a side has ended.
    pub(crate) const ENDS: Readiness = Self::READ_CLOSED.union(Self::WRITE_CLOSED);
    /// The readiness of a socket before anything is known of it: ready for both directions.
    pub(crate) const ALL_OPEN: Readiness = Self::READABLE.union(Self::WRITABLE);

    /// Each bit with the name of its constant.
    const NAMES: [(Readiness, &'static str); 6] = [
        (Self::READABLE, "READABLE"),
        (Self::WRITABLE, "WRITABLE"),
        (Self::READ_CLOSED, "READ_CLOSED"),
        (Self::WRITE_CLOSED, "WRITE_CLOSED"),
        (Self::PRIORITY, "PRIORITY"),
        (Self::ERROR, "ERROR"),
    ];

    /// Whether no bit is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether reading may make progress, the end of the stream included.
    pub const fn is_readable(self) -> bool {
        self.intersects(Self(Self::READABLE.0 | Self::READ_CLOSED.0))
    }

    /// Whether writing may make progress, failing because the peer is gone included.
    pub const fn is_writable(self) -> bool {
        self.intersects(Self(Self::WRITABLE.0 | Self::WRITE_CLOSED.0))
    }

    /// Whether the reading side has ended.
    pub const fn is_read_closed(self) -> bool {
        self.contains(Self::READ_CLOSED)
    }

    /// Whether the writing side has ended.
    pub const fn is_write_closed(self) -> bool {
        self.contains(Self::WRITE_CLOSED)
    }

    /// Whether urgent data was announced.
    pub const fn is_priority(self) -> bool {
        self.contains(Self::PRIORITY)
    }

    /// Whether an error was announced.
    pub const fn is_error(self) -> bool {
        self.contains(Self::ERROR)
    }

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits set in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The bits set here and not in `other`.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The bits set in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

/// Gives a set an operator for each of some of its methods.
macro_rules! operators {
    ($($set:ident: $operator:ident::$function:ident is $method:ident;)+) => {$(
        impl $operator for $set {
            type Output = $set;

            fn $function(self, other: Self) -> Self {
                self.$method(other)
            }
        }
    )+};
}

operators! {
    Readiness: BitOr::bitor is union;
    Readiness: BitAnd::bitand is intersection;
    Readiness: Sub::sub is difference;
    Interest: BitOr::bitor is add;
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.union(other);
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        for (_, name) in Self::NAMES.iter().filter(|(bit, _)| self.contains(*bit)) {
            set.entry(&format_args!("{name}"));
        }
        set.finish()
    }
}

/// What a caller waits for: one or more of readable, writable, priority and error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interest(Readiness);

impl Interest {
    /// Data to read, or the end of the stream.
    pub const READABLE: Interest = Interest(Readiness::READABLE);
    /// Room to write, or a peer that no longer reads.
    pub const WRITABLE: Interest = Interest(Readiness::WRITABLE);
    /// Urgent data.
    pub const PRIORITY: Interest = Interest(Readiness::PRIORITY);
    /// A waiting error.
    pub const ERROR: Interest = Interest(Readiness::ERROR);

    /// The end of the stream, whatever is there to be read before it.
    pub(crate) const READ_CLOSED: Interest = Interest(Readiness::READ_CLOSED);

    /// Both interests together.
    pub const fn add(self, other: Interest) -> Interest {
        Interest(self.0.union(other.0))
    }

    /// What somebody waits for above all who wants these bits.
    pub(crate) const fn from_wants(wants: Readiness) -> Self {
        let open = wants.intersection(Readiness::ALL_OPEN);
        Self(if open.is_empty() { wants.difference(Readiness::ENDS) } else { open })
    }

    /// What is left without `other`, or `None` if that is nothing.
    pub fn remove(self, other: Interest) -> Option<Interest> {
        let rest = self.0.difference(other.0);
        (!rest.is_empty()).then_some(Interest(rest))
    }

    /// Whether reading is part of it.
    pub const fn is_readable(self) -> bool {
        self.0.contains(Readiness::READABLE)
    }

    /// Whether writing is part of it.
    pub const fn is_writable(self) -> bool {
        self.0.contains(Readiness::WRITABLE)
    }

    /// Whether urgent data is part of it.
    pub const fn is_priority(self) -> bool {
        self.0.contains(Readiness::PRIORITY)
    }

    /// Whether an error is part of it.
    pub const fn is_error(self) -> bool {
        self.0.contains(Readiness::ERROR)
    }

    /// Whether every part of `other` is part of it. An error is part of every interest.
    pub(crate) const fn covers(self, other: Interest) -> bool {
        self.0.union(Readiness::ERROR).contains(other.0)
    }

    /// Every bit that answers this interest. A waiting error answers all of them: the operation
    /// that is waited for would return it.
    pub(crate) const fn mask(self) -> Readiness {
        let mut mask = self.0.union(Readiness::ERROR);
        if self.is_readable() || self.is_priority() {
            mask = mask.union(Readiness::READ_CLOSED);
        }
        if self.is_writable() {
            mask = mask.union(Readiness::WRITE_CLOSED);
        }
        mask
    }

    /// The bits that an operation waited for with this interest clears when it would block: all of
    /// those that answer it, but for the ends, which are final.
    pub(crate) const fn cleared_by_would_block(self) -> Readiness {
        let mask = self.mask().difference(Readiness::ENDS);
        // A read finds what is urgent, too.
        if self.is_readable() { mask.union(Readiness::PRIORITY) } else { mask }
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

/// One of the two ways bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// The bits that let an operation in this direction make progress.
    pub(crate) const fn mask(self) -> Readiness {
        match self {
            Self::Read => Interest::READABLE.mask().union(Readiness::PRIORITY),
            Self::Write => Interest::WRITABLE.mask(),
        }
    }

    /// The bits that an operation in this direction clears when it would block. A waiting error
    /// belongs to whichever direction meets it first: an operation that found none has shown that
    /// it is gone.
    pub(crate) const fn cleared_by_would_block(self) -> Readiness {
        self.mask().difference(Readiness::ENDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_put_together_and_taken_apart() {
        let both = Interest::READABLE | Interest::WRITABLE;
        assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
        assert_eq!(both.remove(both), None);
        assert_eq!(Interest::READABLE.remove(Interest::ERROR), Some(Interest::READABLE));
        let mut grown = Interest::READABLE;
        grown |= Interest::ERROR;
        assert!(grown.is_error() && grown.is_readable() && !grown.is_writable());
        let ready = Readiness::READABLE | Readiness::READ_CLOSED;
        assert_eq!(ready & Readiness::READABLE, Readiness::READABLE);
        assert_eq!(ready - Readiness::READABLE, Readiness::READ_CLOSED);
        assert_eq!(ready - ready, Readiness::EMPTY);
        let set = std::collections::HashSet::from([Interest::READABLE, both, grown]);
        assert_eq!(set.len(), 3);
        assert!(Readiness::EMPTY < Readiness::READABLE && both > Interest::READABLE);
    }

    /// Written out here once more, so that a bit that moves keeps its name.
    #[test]
    fn debug_prints_the_names_of_the_constants() {
        let all = [
            (Readiness::READABLE, "{READABLE}"),
            (Readiness::WRITABLE, "{WRITABLE}"),
            (Readiness::READ_CLOSED, "{READ_CLOSED}"),
            (Readiness::WRITE_CLOSED, "{WRITE_CLOSED}"),
            (Readiness::PRIORITY, "{PRIORITY}"),
            (Readiness::ERROR, "{ERROR}"),
        ];
        for (readiness, name) in all {
            assert_eq!(format!("{readiness:?}"), name);
        }
        assert_eq!(format!("{:?}", Readiness::EMPTY), "{}");
        let both = Readiness::PRIORITY | Readiness::WRITABLE;
        assert_eq!(format!("{both:?}"), "{WRITABLE, PRIORITY}");
        let names = [
            (Interest::READABLE, "Interest({READABLE})"),
            (Interest::WRITABLE, "Interest({WRITABLE})"),
            (Interest::PRIORITY, "Interest({PRIORITY})"),
            (Interest::ERROR, "Interest({ERROR})"),
        ];
        for (interest, name) in names {
            assert_eq!(format!("{interest:?}"), name);
        }
    }
}
