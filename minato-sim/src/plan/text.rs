//! The text of faults and plans, and reading it.
//!
//! A fault is a word for its kind and a word for the rest: whom it hits, its numbers, its time and
//! its length, as in `partition r0<>r1@46.5ms+714.8ms`. Names of hosts keep letters, digits and
//! `.`, `_`, `-`; every other byte is written as `%` and two digits.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::{Fault, FaultKind, Plan, Planned, duration};

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
        write!(f, "{}@{}", self.fault, duration::text(self.at))?;
        if !self.lasts.is_zero() {
            write!(f, "+{}", duration::text(self.lasts))?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind())?;
        match self {
            Self::Partition { a, b } => write!(f, "{}<>{}", Name(a), Name(b)),
        }
    }
}

/// The name of a host within a word.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// The name of a host or a scenario as a word.
pub(crate) fn name_text(name: &str) -> String {
    Name(name).to_string()
}

/// Reads such a word.
pub(crate) fn parse_name(word: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or("a % stands before two hexadecimal digits")?);
        rest = &rest[2..];
    }
    if bytes.is_empty() {
        return Err("a name is missing".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "a name is not UTF-8".to_owned())
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
fn parse_planned(kind: &str, rest: &str) -> Result<Planned, PlanError> {
    let Some(kind) = FaultKind::ALL.iter().find(|known| known.name() == kind) else {
        let known: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
        let why = format!("no kind of fault has this name; there are {}", known.join(", "));
        return Err(PlanError::new(kind, why));
    };
    let wrong = |why: String| PlanError::new(rest, why);
    let (subject, time) =
        rest.rsplit_once('@').ok_or_else(|| wrong("it has no time: @ and when".to_owned()))?;
    let (at, lasts) = time.split_once('+').unwrap_or((time, "0s"));
    let time = |text: &str| {
        let why = format!("`{text}` is not a time such as 46.5ms (or s, us, ns)");
        duration::parse(text).ok_or_else(|| wrong(why))
    };
    let fault = parse_fault(*kind, subject).map_err(wrong)?;
    Ok(fault.at(time(at)?).lasting(time(lasts)?))
}

fn parse_fault(kind: FaultKind, subject: &str) -> Result<Fault, String> {
    Ok(match kind {
        FaultKind::Partition => {
            let (a, b) = parse_pair(subject, "<>")?;
            Fault::partition(a, b)
        }
    })
}

/// Two hosts with `sign` between them.
fn parse_pair(subject: &str, sign: &str) -> Result<(String, String), String> {
    let (a, b) = subject
        .split_once(sign)
        .ok_or_else(|| format!("`{subject}` is not two hosts with {sign} between them"))?;
    Ok((parse_name(a)?, parse_name(b)?))
}
