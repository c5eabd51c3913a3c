//! How each fault is written: its word, the hosts that it names, and its numbers.

use super::Fault;
use super::parameter::{Parameter, ParsedParameter};
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
    pub(super) constructor: &'static str,
    pub(super) kind: FaultKind,
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

    /// Whether everything was read.
    fn end(&mut self) -> Result<(), String> {
        self.parameters.next().map_or(Ok(()), |more| Err(format!("it takes no `{more}`")))
    }

    fn parameter<T: ParsedParameter>(&mut self) -> Result<T, String> {
        let text = self.parameters.next();
        T::parse(text.ok_or_else(|| format!("it needs {} behind a /", T::WHAT))?)
    }
}

/// Says of each fault its word, what constructs it, the kind as which its strikes count, how its
/// hosts are written, the hosts, and the numbers.
macro_rules! forms {
    ($($name:ident = $word:literal, $constructor:ident, $kind:ident, $hosts:ident
        [$($host:ident),*] [$($parameter:ident),*];)+) => {
        impl Fault {
            /// The words of all faults, and how the hosts of each are written.
            pub(super) const WORDS: &'static [(&'static str, Hosts)] =
                &[$(($word, Hosts::$hosts),)+];

            pub(super) fn parts(&self) -> Parts<'_> {
                match self {
                    $(Self::$name { $($host,)* $($parameter,)* } => Parts {
                        word: $word,
                        constructor: stringify!($constructor),
                        kind: FaultKind::$kind,
                        hosts: Hosts::$hosts,
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
                        Some(read().and_then(|fault| reader.end().map(|()| fault)))
                    })+
                    _ => None,
                }
            }
        }
    };
}

forms! {
    Cut = "cut", cut, Cut, OneWay [from, to] [];
    Partition = "partition", partition, Cut, BothWays [a, b] [];
    Flap = "flap", flap, Flap, OneWay [from, to] [up, down];
    Clog = "clog", clog, Clog, OneWay [from, to] [];
    Loss = "loss", loss, Loss, OneWay [from, to] [probability];
    Duplicate = "duplicate", duplicate, Duplicate, OneWay [from, to] [probability];
    Reorder = "reorder", reorder, Reorder, OneWay [from, to] [probability, by];
    Corrupt = "corrupt", corrupt, Corrupt, OneWay [from, to] [probability];
    Slow = "slow", slow, Slow, OneWay [from, to] [by];
    Rate = "rate", rate, Rate, OneWay [from, to] [bytes_per_second];
    Reset = "reset", reset, Reset, BothWays [a, b] [];
    Crash = "crash", crash, Crash, One [host] [];
    Pause = "pause", pause, Pause, One [host] [];
    Skew = "skew", skew, Skew, One [host] [offset, drift];
    Descriptors = "descriptors", descriptors, Descriptors, One [host] [limit];
    AcceptError = "accept-error", accept_error, AcceptError, One [host] [error, probability];
    DnsSlow = "dns-slow", dns_slow, Dns, None [] [by];
    DnsFail = "dns-fail", dns_fail, Dns, One [host] [];
    Lose = "lose", lose, Lose, None [] [packet];
}
