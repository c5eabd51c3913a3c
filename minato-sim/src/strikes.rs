//! How often each kind of fault has hit something.

use std::fmt;

use crate::host::HostId;
use crate::record::Stage;
use crate::state::State;

/// A kind of fault that the world can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// A packet was lost because its link was [cut](crate::Link::cut), also by a partition.
    Cut,
    /// A packet was lost while its link was [down](crate::Link::flap).
    Flap,
    /// A packet was held by a [clogged](crate::Link::clog) link.
    Clog,
    /// A packet was lost [by chance](crate::Link::loss).
    Loss,
    /// A packet was [duplicated](crate::Link::duplicate).
    Duplicate,
    /// A packet was [held back](crate::Link::reorder).
    Reorder,
    /// A packet was [corrupted](crate::Link::corrupt), noticed or not.
    Corrupt,
    /// A packet took [longer](crate::Link::slow).
    Slow,
    /// A packet waited because of the [rate](crate::Link::rate) of its link.
    Rate,
    /// A packet was lost because the [queue](crate::Link::queue) of its link was full.
    Queue,
    /// A datagram was split, or refused, because of the [MTU](crate::Link::mtu) of its link.
    Mtu,
    /// A connection was [reset](crate::World::reset) on its way.
    Reset,
    /// A [rule](crate::World::rule) did something with a packet.
    Rule,
    /// A packet was lost [by its name](crate::World::lose).
    Lose,
    /// A look-up of a name [was delayed or failed](crate::Dns).
    Dns,
    /// A host had [no descriptor left](crate::Host::limit_descriptors).
    Descriptors,
    /// An accept failed [because it was told to](crate::Host::fail).
    AcceptError,
    /// Another call failed because it was told to.
    CallError,
    /// A host has [crashed](crate::Host::crash).
    Crash,
    /// A host was [paused](crate::Host::pause).
    Pause,
    /// A clock was [set or made to drift](crate::Host::skew).
    Skew,
    /// A [sync of a disk](crate::Host::fail_syncs) has failed.
    Sync,
}

impl FaultKind {
    /// All of them, in the order of their declaration.
    pub const ALL: &[FaultKind] = &[
        FaultKind::Cut,
        FaultKind::Flap,
        FaultKind::Clog,
        FaultKind::Loss,
        FaultKind::Duplicate,
        FaultKind::Reorder,
        FaultKind::Corrupt,
        FaultKind::Slow,
        FaultKind::Rate,
        FaultKind::Queue,
        FaultKind::Mtu,
        FaultKind::Reset,
        FaultKind::Rule,
        FaultKind::Lose,
        FaultKind::Dns,
        FaultKind::Descriptors,
        FaultKind::AcceptError,
        FaultKind::CallError,
        FaultKind::Crash,
        FaultKind::Pause,
        FaultKind::Skew,
        FaultKind::Sync,
    ];

    /// Its word in reports.
    pub fn word(self) -> &'static str {
        match self {
            FaultKind::Cut => "cut",
            FaultKind::Flap => "flap",
            FaultKind::Clog => "clog",
            FaultKind::Loss => "loss",
            FaultKind::Duplicate => "duplicate",
            FaultKind::Reorder => "reorder",
            FaultKind::Corrupt => "corrupt",
            FaultKind::Slow => "slow",
            FaultKind::Rate => "rate",
            FaultKind::Queue => "queue",
            FaultKind::Mtu => "mtu",
            FaultKind::Reset => "reset",
            FaultKind::Rule => "rule",
            FaultKind::Lose => "lose",
            FaultKind::Dns => "dns",
            FaultKind::Descriptors => "descriptors",
            FaultKind::AcceptError => "accept error",
            FaultKind::CallError => "call error",
            FaultKind::Crash => "crash",
            FaultKind::Pause => "pause",
            FaultKind::Skew => "skew",
            FaultKind::Sync => "sync",
        }
    }
}

/// A set of kinds of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultSet(u32);

impl FaultSet {
    /// Whether the kind is among them.
    pub fn contains(self, kind: FaultKind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = FaultKind> {
        FaultKind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }

    pub(crate) fn from_bits(bits: u32) -> Self {
        FaultSet(bits)
    }

    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    pub(crate) fn add(&mut self, kind: FaultKind) {
        self.0 |= 1 << kind as u32;
    }
}

/// How often each kind of fault has hit a packet or a call. Made by
/// [`World::strikes`](crate::World::strikes).
///
/// It prints the kinds that have struck: `loss 12, reset 2`.
///
/// ```
/// use minato_sim::{FaultKind, Family, Kind, Strikes, World};
///
/// # fn main() -> std::io::Result<()> {
/// let mut all = Strikes::default();
/// for seed in 0..3 {
///     let world = World::new(seed);
///     let (a, b) = (world.host("a"), world.host("b"));
///     world.links().loss(1.0)?;
///     a.socket(Family::V4, Kind::Datagram)?.send_to(b"x", (b.ip(), 7000).into())?;
///     all.add(&world.strikes());
/// }
/// assert_eq!((all.get(FaultKind::Loss), all.total()), (3, 3));
/// assert_eq!(all.to_string(), "loss 3");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strikes {
    counts: Vec<u64>,
}

impl Strikes {
    /// How often this kind has struck.
    pub fn get(&self, kind: FaultKind) -> u64 {
        self.counts.get(kind as usize).copied().unwrap_or(0)
    }

    /// The kinds that have struck, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (FaultKind, u64)> + '_ {
        let all = FaultKind::ALL.iter().map(|kind| (*kind, self.get(*kind)));
        all.filter(|(_, count)| *count > 0)
    }

    /// The strikes of all kinds together.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds those of another world.
    pub fn add(&mut self, other: &Strikes) {
        for (kind, count) in other.iter() {
            self.count(kind, count);
        }
    }

    pub(crate) fn count(&mut self, kind: FaultKind, count: u64) {
        if self.counts.is_empty() {
            self.counts = vec![0; FaultKind::ALL.len()];
        }
        self.counts[kind as usize] += count;
    }
}

impl fmt::Display for Strikes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.total() == 0 {
            return f.write_str("none");
        }
        for (place, (kind, count)) in self.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{} {count}", kind.word())?;
        }
        Ok(())
    }
}

impl State {
    /// A fault has hit the packet whose way is being decided. The record has it with the packet.
    pub(crate) fn strike_packet(&mut self, kind: FaultKind) {
        self.strikes.count(kind, 1);
        self.struck.add(kind);
    }

    /// A fault has hit something else.
    pub(crate) fn strike(&mut self, kind: FaultKind, hosts: (Option<HostId>, Option<HostId>)) {
        self.strikes.count(kind, 1);
        self.note_fault(Stage::Strikes, kind.word(), hosts, 0);
    }

    /// Some kinds of faults begin, and others end.
    pub(crate) fn note_faults(
        &mut self,
        hosts: (Option<HostId>, Option<HostId>),
        before: FaultSet,
        after: FaultSet,
    ) {
        for kind in FaultKind::ALL {
            match (before.contains(*kind), after.contains(*kind)) {
                (false, true) => self.note_fault(Stage::Begins, kind.word(), hosts, 0),
                (true, false) => self.note_fault(Stage::Ends, kind.word(), hosts, 0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_count_and_print() {
        assert!(FaultKind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        let mut strikes = Strikes::default();
        assert_eq!(strikes.to_string(), "none");
        strikes.count(FaultKind::Reset, 1);
        strikes.count(FaultKind::Loss, 2);
        let mut sum = strikes.clone();
        sum.add(&strikes);
        assert_eq!(sum.to_string(), "loss 4, reset 2");
        assert_eq!((sum.total(), sum.get(FaultKind::Cut)), (6, 0));
    }
}
