//! The faults that a plan can have: each with its word, the hosts that it names, and its numbers.

use std::time::Duration;

use super::parameter::{Parameter, ParsedParameter};
use super::{PlanError, Planned};
use crate::name::PacketName;
use crate::strikes::FaultKind;

/// How the hosts of a fault are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    /// `a>b`: what the one sends to the other.
    OneWay,
    /// `a<>b`: what both send to each other.
    BothWays,
    /// `a`.
    One,
    /// Nobody: the first number says all.
    None,
}

/// What is written of a fault before its time.
pub(super) struct Parts<'a> {
    pub(super) word: &'static str,
    pub(super) hosts: Hosts,
    pub(super) names: Vec<&'a str>,
    pub(super) parameters: Vec<&'a dyn Parameter>,
}

/// What a fault is read from.
pub(super) struct Reader<'a> {
    pub(super) names: std::vec::IntoIter<String>,
    pub(super) parameters: std::vec::IntoIter<&'a str>,
}

impl Reader<'_> {
    fn name(&mut self) -> Result<String, String> {
        self.names.next().ok_or_else(|| "a host is missing".to_owned())
    }

    fn parameter<T: ParsedParameter>(&mut self) -> Result<T, String> {
        let text = self.parameters.next();
        T::parse(text.ok_or_else(|| format!("it needs {} behind a /", T::WHAT))?)
    }
}

/// Declares the faults, and what is written of each.
macro_rules! faults {
    ($(
        $(#[$attribute:meta])*
        $name:ident = $word:literal, $constructor:ident, $kind:ident, $form:ident {
            $($(#[$of_host:meta])* $host:ident,)*;
            $($(#[$of_parameter:meta])* $parameter:ident: $type:ty,)*
        }
    )+) => {
        /// Something that goes wrong in a world, with the names of the hosts that it hits.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$attribute])* $name {
                $($(#[$of_host])* $host: String,)*
                $($(#[$of_parameter])* $parameter: $type,)*
            },)+
        }

        impl Fault {
            $($(#[$attribute])*
            pub fn $constructor(
                $($host: impl Into<String>,)*
                $($parameter: $type,)*
            ) -> Self {
                Self::$name { $($host: $host.into(),)* $($parameter,)* }
            })+

            /// The kind as which its strikes count.
            pub fn kind(&self) -> FaultKind {
                match self {
                    $(Self::$name { .. } => FaultKind::$kind,)+
                }
            }

            pub(super) fn parts(&self) -> Parts<'_> {
                match self {
                    $(Self::$name { $($host,)* $($parameter,)* } => Parts {
                        word: $word,
                        hosts: Hosts::$form,
                        names: vec![$($host.as_str(),)*],
                        parameters: vec![$($parameter,)*],
                    },)+
                }
            }

            /// Reads what is behind the word; `None` for a word that no fault has.
            pub(super) fn read(word: &str, mut reader: Reader<'_>) -> Option<Result<Self, String>> {
                match word {
                    $($word => {
                        let mut read = || {
                            Ok(Self::$name {
                                $($host: reader.name()?,)*
                                $($parameter: reader.parameter()?,)*
                            })
                        };
                        Some(read())
                    })+
                    _ => None,
                }
            }

            /// The words of all faults, and how the hosts of each are written.
            pub(super) const WORDS: &'static [(&'static str, Hosts)] =
                &[$(($word, Hosts::$form),)+];

            /// What calls the constructor.
            pub(super) fn constructor(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($constructor),)+
                }
            }
        }
    };
}

faults! {
    /// What one host sends to another is lost.
    Cut = "cut", cut, Cut, OneWay {
        /// Who sends.
        from,
        /// Who does not receive.
        to,;
    }
    /// No packet passes between two hosts.
    Partition = "partition", partition, Cut, BothWays {
        /// One of the two hosts.
        a,
        /// The other.
        b,;
    }
    /// The link from one host to another carries packets and loses them in turns.
    Flap = "flap", flap, Flap, OneWay {
        /// Who sends.
        from,
        /// Who receives.
        to,;
        /// How long the link carries packets each time.
        up: Duration,
        /// How long it then loses them.
        down: Duration,
    }
    /// What one host sends to another is held, and arrives when the fault is healed.
    Clog = "clog", clog, Clog, OneWay {
        /// Who sends.
        from,
        /// Who receives later.
        to,;
    }
    /// Packets from one host to another are lost by chance.
    Loss = "loss", loss, Loss, OneWay {
        /// Who sends.
        from,
        /// Who receives the rest.
        to,;
        /// The part that is lost, from 0 to 1.
        probability: f64,
    }
    /// Packets from one host to another are doubled by chance. A stream ignores the copies.
    Duplicate = "duplicate", duplicate, Duplicate, OneWay {
        /// Who sends.
        from,
        /// Who receives.
        to,;
        /// The part that is doubled, from 0 to 1.
        probability: f64,
    }
    /// Packets from one host to another are held back by chance, so that later ones overtake them.
    Reorder = "reorder", reorder, Reorder, OneWay {
        /// Who sends.
        from,
        /// Who receives.
        to,;
        /// The part that is held back, from 0 to 1.
        probability: f64,
        /// For how long.
        by: Duration,
    }
    /// Packets from one host to another are damaged by chance, and the receiver drops them.
    Corrupt = "corrupt", corrupt, Corrupt, OneWay {
        /// Who sends.
        from,
        /// Who receives the rest.
        to,;
        /// The part that is damaged, from 0 to 1.
        probability: f64,
    }
    /// Packets from one host to another take longer.
    Slow = "slow", slow, Slow, OneWay {
        /// Who sends.
        from,
        /// Who receives.
        to,;
        /// How much longer.
        by: Duration,
    }
    /// The link from one host to another carries only so much.
    Rate = "rate", rate, Rate, OneWay {
        /// Who sends.
        from,
        /// Who receives.
        to,;
        /// Bytes per second, with all headers.
        bytes_per_second: u64,
    }
    /// The connections between two hosts are reset. It takes no time.
    Reset = "reset", reset, Reset, BothWays {
        /// One of the two hosts.
        a,
        /// The other.
        b,;
    }
    /// A host crashes, and starts anew when the fault is healed; see [`Host::crash`].
    ///
    /// [`Host::crash`]: crate::Host::crash
    Crash = "crash", crash, Crash, One {
        /// The host, which is no client.
        host,;
    }
    /// The tasks of a host stand still; see [`Host::pause`].
    ///
    /// [`Host::pause`]: crate::Host::pause
    Pause = "pause", pause, Pause, One {
        /// The host.
        host,;
    }
    /// One packet is lost, whenever it is sent. Its time counts for nothing.
    Lose = "lose", lose, Lose, None {
        ;
        /// Which one.
        packet: PacketName,
    }
}

impl Fault {
    /// The fault from this time on, counted from the start of the world. How long it
    /// [lasts](Planned::lasting) is nothing at first.
    #[must_use]
    pub fn at(self, at: Duration) -> Planned {
        Planned { fault: self, at, lasts: Duration::ZERO }
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
