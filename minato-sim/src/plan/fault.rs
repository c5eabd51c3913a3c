//! The faults that a plan can have.

use std::time::Duration;

use super::form::Hosts;
use super::{PlanError, Planned};
use crate::name::PacketName;
use crate::skew::Offset;
use crate::strikes::FaultKind;

/// Something that goes wrong in a world, with the names of the hosts that it hits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// What one host sends to another is lost.
    Cut {
        /// Who sends.
        from: String,
        /// Who does not receive.
        to: String,
    },
    /// No packet passes between two hosts.
    Partition {
        /// One of the two hosts.
        a: String,
        /// The other.
        b: String,
    },
    /// The link from one host to another carries packets and loses them in turns.
    Flap {
        /// Who sends.
        from: String,
        /// Who receives.
        to: String,
        /// How long the link carries packets each time.
        up: Duration,
        /// How long it then loses them.
        down: Duration,
    },
    /// What one host sends to another is held, and arrives when the fault is healed.
    Clog {
        /// Who sends.
        from: String,
        /// Who receives later.
        to: String,
    },
    /// Packets from one host to another are lost by chance.
    Loss {
        /// Who sends.
        from: String,
        /// Who receives the rest.
        to: String,
        /// The part that is lost, from 0 to 1.
        probability: f64,
    },
    /// Packets from one host to another are doubled by chance. A stream ignores the copies.
    Duplicate {
        /// Who sends.
        from: String,
        /// Who receives.
        to: String,
        /// The part that is doubled, from 0 to 1.
        probability: f64,
    },
    /// Packets from one host to another are held back by chance, so that later ones overtake them.
    Reorder {
        /// Who sends.
        from: String,
        /// Who receives.
        to: String,
        /// The part that is held back, from 0 to 1.
        probability: f64,
        /// For how long.
        by: Duration,
    },
    /// Packets from one host to another are damaged by chance, and the receiver drops them.
    Corrupt {
        /// Who sends.
        from: String,
        /// Who receives the rest.
        to: String,
        /// The part that is damaged, from 0 to 1.
        probability: f64,
    },
    /// Packets from one host to another take longer.
    Slow {
        /// Who sends.
        from: String,
        /// Who receives.
        to: String,
        /// How much longer.
        by: Duration,
    },
    /// The link from one host to another carries only so much.
    Rate {
        /// Who sends.
        from: String,
        /// Who receives.
        to: String,
        /// Bytes per second, with all headers.
        bytes_per_second: u64,
    },
    /// The connections between two hosts are reset. It takes no time.
    Reset {
        /// One of the two hosts.
        a: String,
        /// The other.
        b: String,
    },
    /// A host crashes, and starts anew when the fault is healed; see [`Host::crash`].
    ///
    /// [`Host::crash`]: crate::Host::crash
    Crash {
        /// The host, which is no client.
        host: String,
    },
    /// The tasks of a host stand still; see [`Host::pause`].
    ///
    /// [`Host::pause`]: crate::Host::pause
    Pause {
        /// The host.
        host: String,
    },
    /// The clocks of a host are wrong; see [`Host::skew`](crate::Host::skew). When that is healed,
    /// the wall clock is right again.
    Skew {
        /// The host.
        host: String,
        /// By how much its wall clock is wrong.
        offset: Offset,
        /// By how many parts in a million both clocks run too fast.
        drift: i64,
    },
    /// A host may not have more sockets than this, so that opening or accepting one gives
    /// `EMFILE`.
    Descriptors {
        /// The host.
        host: String,
        /// How many sockets.
        limit: u64,
    },
    /// Accepts on a host fail by chance. The connections wait on.
    AcceptError {
        /// The host.
        host: String,
        /// The error, as the number that Linux has for it: 24 is `EMFILE`, 103 `ECONNABORTED`.
        error: u64,
        /// The part that fails, from 0 to 1.
        probability: f64,
    },
    /// Look-ups of all names take this long.
    DnsSlow {
        /// How long.
        by: Duration,
    },
    /// Look-ups of the name of a host fail for now.
    DnsFail {
        /// The host that nobody finds.
        host: String,
    },
    /// One packet is lost, whenever it is sent. Its time counts for nothing.
    Lose {
        /// Which one.
        packet: PacketName,
    },
}

impl Fault {
    /// What one host sends to another is lost.
    pub fn cut(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self::Cut { from: from.into(), to: to.into() }
    }

    /// No packet passes between two hosts.
    pub fn partition(a: impl Into<String>, b: impl Into<String>) -> Self {
        Self::Partition { a: a.into(), b: b.into() }
    }

    /// The link from one host to another carries packets and loses them in turns.
    pub fn flap(
        from: impl Into<String>,
        to: impl Into<String>,
        up: Duration,
        down: Duration,
    ) -> Self {
        Self::Flap { from: from.into(), to: to.into(), up, down }
    }

    /// What one host sends to another is held, and arrives when the fault is healed.
    pub fn clog(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self::Clog { from: from.into(), to: to.into() }
    }

    /// Packets from one host to another are lost by chance.
    pub fn loss(from: impl Into<String>, to: impl Into<String>, probability: f64) -> Self {
        Self::Loss { from: from.into(), to: to.into(), probability }
    }

    /// Packets from one host to another are doubled by chance. A stream ignores the copies.
    pub fn duplicate(from: impl Into<String>, to: impl Into<String>, probability: f64) -> Self {
        Self::Duplicate { from: from.into(), to: to.into(), probability }
    }

    /// Packets from one host to another are held back by chance, so that later ones overtake them.
    pub fn reorder(
        from: impl Into<String>,
        to: impl Into<String>,
        probability: f64,
        by: Duration,
    ) -> Self {
        Self::Reorder { from: from.into(), to: to.into(), probability, by }
    }

    /// Packets from one host to another are damaged by chance, and the receiver drops them.
    pub fn corrupt(from: impl Into<String>, to: impl Into<String>, probability: f64) -> Self {
        Self::Corrupt { from: from.into(), to: to.into(), probability }
    }

    /// Packets from one host to another take longer.
    pub fn slow(from: impl Into<String>, to: impl Into<String>, by: Duration) -> Self {
        Self::Slow { from: from.into(), to: to.into(), by }
    }

    /// The link from one host to another carries only so much.
    pub fn rate(from: impl Into<String>, to: impl Into<String>, bytes_per_second: u64) -> Self {
        Self::Rate { from: from.into(), to: to.into(), bytes_per_second }
    }

    /// The connections between two hosts are reset. It takes no time.
    pub fn reset(a: impl Into<String>, b: impl Into<String>) -> Self {
        Self::Reset { a: a.into(), b: b.into() }
    }

    /// A host crashes, and starts anew when the fault is healed; see [`Host::crash`].
    ///
    /// [`Host::crash`]: crate::Host::crash
    pub fn crash(host: impl Into<String>) -> Self {
        Self::Crash { host: host.into() }
    }

    /// The tasks of a host stand still; see [`Host::pause`].
    ///
    /// [`Host::pause`]: crate::Host::pause
    pub fn pause(host: impl Into<String>) -> Self {
        Self::Pause { host: host.into() }
    }

    /// The wall clock of a host is wrong by an offset, and both its clocks run too fast by a drift
    /// in parts per million.
    pub fn skew(host: impl Into<String>, offset: Offset, drift: i64) -> Self {
        Self::Skew { host: host.into(), offset, drift }
    }

    /// A host may not have more sockets than this, so that opening or accepting one gives
    /// `EMFILE`.
    pub fn descriptors(host: impl Into<String>, limit: u64) -> Self {
        Self::Descriptors { host: host.into(), limit }
    }

    /// Accepts on a host fail by chance with this error of Linux. The connections wait on.
    pub fn accept_error(host: impl Into<String>, error: u64, probability: f64) -> Self {
        Self::AcceptError { host: host.into(), error, probability }
    }

    /// Look-ups of all names take this long.
    pub fn dns_slow(by: Duration) -> Self {
        Self::DnsSlow { by }
    }

    /// Look-ups of the name of a host fail for now.
    pub fn dns_fail(host: impl Into<String>) -> Self {
        Self::DnsFail { host: host.into() }
    }

    /// One packet is lost, whenever it is sent. Its time counts for nothing.
    pub fn lose(packet: PacketName) -> Self {
        Self::Lose { packet }
    }

    /// The fault from this time on, counted from the start of the world. How long it
    /// [lasts](Planned::lasting) is nothing at first.
    #[must_use]
    pub fn at(self, at: Duration) -> Planned {
        Planned { fault: self, at, lasts: Duration::ZERO }
    }

    /// The kind as which its strikes count.
    pub fn kind(&self) -> FaultKind {
        self.parts().kind
    }

    /// The hosts that it names.
    pub fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Lose { packet: PacketName::Datagram { from, to, .. } } => vec![from, to],
            Self::Lose { packet: PacketName::OfConnection { connection, .. } } => {
                vec![&connection.client, &connection.server]
            }
            _ => self.parts().names,
        }
    }

    /// Whether a plan that has it says when it begins.
    pub(crate) fn has_time(&self) -> bool {
        !matches!(self, Self::Lose { .. })
    }

    /// See [`Plan::check`](super::Plan::check).
    pub(super) fn check(&self, hosts: &[(String, bool)]) -> Result<(), PlanError> {
        let wrong = |why: String| Err(PlanError::new(self.to_string(), why));
        for name in self.hosts() {
            if !hosts.iter().any(|(host, _)| host == name) {
                let known: Vec<&str> = hosts.iter().map(|(host, _)| host.as_str()).collect();
                let known = known.join(", ");
                return wrong(format!("no host of this scenario is called {name}: it has {known}"));
            }
        }
        if let Self::Crash { host } = self
            && hosts.iter().any(|(name, is_client)| name == host && *is_client)
        {
            return wrong(format!("{host} is a client, whose program cannot start anew"));
        }
        let parts = self.parts();
        if parts.hosts != Hosts::One && parts.names.len() == 2 && parts.names[0] == parts.names[1] {
            return wrong(format!("{0} and {0} are one host", parts.names[0]));
        }
        parts.parameters.iter().try_for_each(|number| number.check()).or_else(wrong)
    }
}
