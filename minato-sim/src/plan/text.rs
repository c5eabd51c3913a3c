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
        let mut words = text.split_whitespace();
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
    let wrong = |why: String| PlanError::new(rest, why);
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
