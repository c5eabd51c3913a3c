//! The text of faults and plans, and reading it.
//!
//! A fault is a word for what it is and a word for the rest: whom it hits, its numbers, its time
//! and its length, as in `partition r0<>r1@46.5ms+714.8ms` and `loss r0>r1/0.02@1s+20ms`. Names of
//! hosts are written as in the names of packets.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::form::{Hosts, Parts, Reader};
use super::parameter::ParsedParameter;
use super::{Fault, Plan, Planned, duration};
use crate::name::{Escaped, unescaped};

/// Why a text is no plan, or a plan cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// The part of the text, or the fault.
    word: String,
    why: String,
}

impl PlanError {
    pub(super) fn new(word: impl Into<String>, why: impl Into<String>) -> Self {
        Self { word: word.into(), why: why.into() }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.word, self.why)
    }
}

impl Error for PlanError {}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, planned) in self.faults.iter().enumerate() {
            let space = if nth == 0 { "" } else { " " };
            write!(f, "{space}{planned}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fault)?;
        if self.fault.has_time() {
            write!(f, "@{}", duration::text(self.at))?;
        }
        if !self.lasts.is_zero() {
            write!(f, "+{}", duration::text(self.lasts))?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { word, hosts, names, parameters, .. } = self.parts();
        write!(f, "{word} ")?;
        for (nth, name) in names.into_iter().enumerate() {
            let sign = if nth == 0 { "" } else { hosts.sign() };
            write!(f, "{sign}{}", Escaped(name))?;
        }
        for (nth, parameter) in parameters.into_iter().enumerate() {
            let sign = if nth == 0 && hosts == Hosts::None { "" } else { "/" };
            write!(f, "{sign}{}", parameter.text())?;
        }
        Ok(())
    }
}

impl Hosts {
    /// What stands between two of them.
    fn sign(self) -> &'static str {
        match self {
            Self::OneWay => ">",
            Self::BothWays => "<>",
            Self::One | Self::None => "",
        }
    }

    /// Reads them.
    fn parse(self, text: &str) -> Result<Vec<String>, String> {
        let names = match self {
            Self::None => Vec::new(),
            Self::One => vec![text],
            Self::OneWay | Self::BothWays => {
                let sign = self.sign();
                let wrong = || format!("`{text}` is not two hosts with {sign} between them");
                let (a, b) = text.split_once(sign).ok_or_else(wrong)?;
                vec![a, b]
            }
        };
        names.into_iter().map(parse_name).collect()
    }
}

/// The name of a host or a scenario as a word.
pub(crate) fn name_text(name: &str) -> String {
    Escaped(name).to_string()
}

/// Reads such a word.
pub(crate) fn parse_name(word: &str) -> Result<String, String> {
    if word.is_empty() {
        return Err("a name is missing".to_owned());
    }
    let strange = word.contains(['>', '<', '#', '~', '@', '+', '/', '=']);
    let name = unescaped(word).filter(|_| !strange);
    name.ok_or_else(|| format!("`{word}` is no name: special characters are a % and two digits"))
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let mut words = text.split_ascii_whitespace();
        let mut plan = Plan::new();
        while let Some(kind) = words.next() {
            let Some(rest) = words.next() else {
                return Err(PlanError::new(kind, "it names neither hosts nor a time"));
            };
            plan.faults.push(parse_planned(kind, rest)?);
        }
        Ok(plan)
    }
}

/// Reads one fault from its two words.
fn parse_planned(word: &str, rest: &str) -> Result<Planned, PlanError> {
    let Some((_, hosts)) = Fault::WORDS.iter().find(|(known, _)| *known == word) else {
        let known: Vec<&str> = Fault::WORDS.iter().map(|(known, _)| *known).collect();
        let why = format!("no fault has this name; there are {}", known.join(", "));
        return Err(PlanError::new(word, why));
    };
    let wrong = |why: String| PlanError::new(format!("{word} {rest}"), why);
    let (subject, time) = match rest.rsplit_once('@') {
        Some((subject, time)) => (subject, Some(time)),
        None => (rest, None),
    };
    // 1. Whom it hits, and its numbers.
    let (of_hosts, parameters) = match hosts {
        Hosts::None => ("", subject),
        _ => subject.split_once('/').unwrap_or((subject, "")),
    };
    let names = hosts.parse(of_hosts).map_err(wrong)?.into_iter();
    let parameters: Vec<&str> = parameters.split('/').filter(|text| !text.is_empty()).collect();
    let reader = Reader { names, parameters: parameters.into_iter() };
    let fault = Fault::read(word, reader).transpose().map_err(wrong)?;
    let fault = fault.ok_or_else(|| PlanError::new(word, "no fault has this name"))?;
    // 2. When and for how long.
    let time = match time {
        Some(time) => time,
        None if !fault.has_time() => "0s",
        None => return Err(wrong("it has no time: @ and when".to_owned())),
    };
    let (at, lasts) = time.split_once('+').unwrap_or((time, "0s"));
    let time = |text: &str| <Duration as ParsedParameter>::parse(text).map_err(wrong);
    Ok(fault.at(time(at)?).lasting(time(lasts)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::PacketName;
    use crate::skew::Offset;

    fn host() -> impl Strategy<Value = String> {
        prop_oneof!["[a-c][0-9]?", any::<String>().prop_filter("a name", |name| !name.is_empty())]
    }

    fn time() -> impl Strategy<Value = Duration> {
        const UNITS: &[u64] = &[1, 1_000, 100_000, 1_000_000_000];
        (0_u64..100_000_000, prop::sample::select(UNITS))
            .prop_map(|(count, unit)| Duration::from_nanos(count.saturating_mul(unit)))
    }

    fn packet() -> impl Strategy<Value = PacketName> {
        let datagram = (host(), host(), any::<u64>())
            .prop_map(|(from, to, nth)| PacketName::Datagram { from, to, nth });
        let of_connection = (host(), host(), any::<u32>(), any::<bool>(), any::<u64>()).prop_map(
            |(client, server, number, from_server, nth)| PacketName::OfConnection {
                connection: crate::name::ConnectionName { client, server, nth: number },
                from_server,
                nth,
            },
        );
        prop_oneof![datagram, of_connection]
    }

    /// Any fault: by its word, with parts that are drawn.
    fn fault() -> impl Strategy<Value = Fault> {
        let parts = (host(), host(), 0.0..=1.0_f64, time(), time(), 1..u64::MAX, packet());
        (prop::sample::select(Fault::WORDS), parts).prop_map(|((word, hosts), parts)| {
            let (a, b, chance, time, other, count, packet) = parts;
            let names = match hosts {
                Hosts::None => vec![],
                Hosts::One => vec![a],
                _ => vec![a, b],
            };
            // The numbers that fit are those that can be read.
            let (chance, count) = (chance.to_string(), count.to_string());
            let (time, other) = (duration::text(time), duration::text(other));
            let packet = packet.to_string();
            let (offset, drift) = (format!("-{time}"), "-200".to_owned());
            for numbers in [
                vec![],
                vec![&*chance],
                vec![&*chance, &*time],
                vec![&*time, &*other],
                vec![&*count],
                vec![&*count, &*chance],
                vec![&*time],
                vec![&*packet],
                vec![&*offset, &*drift],
            ] {
                let (names, parameters) = (names.clone().into_iter(), numbers.into_iter());
                let parameters = parameters.collect::<Vec<_>>().into_iter();
                if let Some(Ok(fault)) = Fault::read(word, Reader { names, parameters }) {
                    return fault;
                }
            }
            unreachable!("{word} can be read")
        })
    }

    fn planned() -> impl Strategy<Value = Planned> {
        (fault(), time(), time()).prop_map(|(fault, at, lasts)| {
            let at = if fault.has_time() { at } else { Duration::ZERO };
            let lasts = if fault.has_time() { lasts } else { Duration::ZERO };
            fault.at(at).lasting(lasts)
        })
    }

    proptest! {
        #[test]
        fn a_plan_is_read_as_it_was_written(plan in prop::collection::vec(planned(), 0..6)) {
            let plan = Plan::from(plan);
            let text = plan.to_string();
            prop_assert_eq!(text.parse::<Plan>().map_err(|error| error.to_string()), Ok(plan));
        }
    }

    #[test]
    fn every_fault_has_its_text_and_its_code() {
        let millis = Duration::from_millis;
        let packet: PacketName = "c0>r1#2<5".parse().unwrap();
        for (fault, text, code) in [
            (Fault::cut("a", "b"), "cut a>b", r#"Fault::cut("a", "b")"#),
            (Fault::partition("a", "b"), "partition a<>b", r#"Fault::partition("a", "b")"#),
            (
                Fault::flap("a", "b", millis(5), millis(7)),
                "flap a>b/5ms/7ms",
                r#"Fault::flap("a", "b", Duration::from_millis(5), Duration::from_millis(7))"#,
            ),
            (Fault::clog("a", "b"), "clog a>b", r#"Fault::clog("a", "b")"#),
            (Fault::loss("a", "b", 0.02), "loss a>b/0.02", r#"Fault::loss("a", "b", 0.02)"#),
            (Fault::loss("a", "b", 1.0), "loss a>b/1", r#"Fault::loss("a", "b", 1.0)"#),
            (Fault::rate("a", "b", 640), "rate a>b/640", r#"Fault::rate("a", "b", 640)"#),
            (Fault::reset("a", "b"), "reset a<>b", r#"Fault::reset("a", "b")"#),
            (Fault::crash("a\"b"), "crash a%22b", r#"Fault::crash("a\"b")"#),
            (Fault::pause("a"), "pause a", r#"Fault::pause("a")"#),
            (
                Fault::skew("a", Offset::Behind(millis(20)), -200),
                "skew a/-20ms/-200",
                r#"Fault::skew("a", Offset::Behind(Duration::from_millis(20)), -200)"#,
            ),
            (Fault::descriptors("a", 3), "descriptors a/3", r#"Fault::descriptors("a", 3)"#),
            (
                Fault::accept_error("a", 24, 0.5),
                "accept-error a/24/0.5",
                r#"Fault::accept_error("a", 24, 0.5)"#,
            ),
            (
                Fault::dns_slow(millis(1500)),
                "dns-slow 1.5s",
                "Fault::dns_slow(Duration::from_millis(1500))",
            ),
            (Fault::dns_fail("a"), "dns-fail a", r#"Fault::dns_fail("a")"#),
        ] {
            let planned = fault.clone().at(millis(1)).lasting(millis(2));
            assert_eq!(planned.to_string(), format!("{text}@1ms+2ms"));
            assert!(Plan::from([planned]).code(0).contains(code), "{code}");
            assert_eq!(format!("{text}@1ms").parse(), Ok(Plan::from([fault.at(millis(1))])));
        }
        let lose = Fault::lose(packet).at(Duration::ZERO);
        assert_eq!(lose.to_string(), "lose c0>r1#2<5");
        let code = Plan::from([lose]).code(0);
        assert!(code.contains(r#"Fault::lose("c0>r1#2<5".parse().unwrap())"#), "{code}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, error) in [
            ("loss a>b/2@1s", "`loss a>b/2@1s`: a probability is from 0 to 1, and 2 is not"),
            ("loss a>b/x@1s", "`loss a>b/x@1s`: `x` is not a probability"),
            ("loss a>b@1s", "`loss a>b@1s`: it needs a probability such as 0.02 behind a /"),
            ("rate a>b/0@1s", "`rate a>b/0@1s`: 0 is not a number from 1 on"),
            ("crash a/1@1s", "`crash a/1@1s`: it takes no `1`"),
            ("crash a>b@1s", "`crash a>b@1s`: `a>b` is no name"),
            ("lose a>b@1s", "`lose a>b@1s`: 'a>b' names no packet"),
            ("cut a>b@1s+", "`cut a>b@1s+`: `` is not a time"),
        ] {
            let told = text.parse::<Plan>().unwrap_err().to_string();
            assert!(told.starts_with(error), "{text}: {told}");
        }
    }
}
