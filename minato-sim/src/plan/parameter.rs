//! The numbers of faults: as text, as code, and what they may be.

use std::str::FromStr;
use std::time::Duration;

use super::{code, duration};
use crate::name::PacketName;
use crate::skew::Offset;

/// A number of a fault.
pub(super) trait Parameter {
    fn text(&self) -> String;

    fn code(&self) -> String;

    /// Whether it is in its range.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A number of a fault that is read from its text.
pub(super) trait ParsedParameter: Parameter + Sized {
    /// What it is, for errors.
    const WHAT: &'static str;

    fn parse(text: &str) -> Result<Self, String>;
}

/// Reads a number that std can read.
fn parse<T: ParsedParameter + FromStr>(text: &str) -> Result<T, String> {
    let number = text.parse::<T>().map_err(|_| format!("`{text}` is not {}", T::WHAT))?;
    number.check().map(|()| number)
}

/// A probability.
impl Parameter for f64 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn code(&self) -> String {
        format!("{self:?}")
    }

    fn check(&self) -> Result<(), String> {
        match (0.0..=1.0).contains(self) {
            true => Ok(()),
            false => Err(format!("a probability is from 0 to 1, and {self} is not")),
        }
    }
}

impl ParsedParameter for f64 {
    const WHAT: &'static str = "a probability such as 0.02";

    fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }
}

impl Parameter for Duration {
    fn text(&self) -> String {
        duration::text(*self)
    }

    fn code(&self) -> String {
        code::time(*self)
    }
}

impl ParsedParameter for Duration {
    const WHAT: &'static str = "a time such as 46.5ms (or s, us, ns)";

    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text).ok_or_else(|| format!("`{text}` is not {}", Self::WHAT))
    }
}

/// A number of bytes, or of anything else of which there is at least one.
impl Parameter for u64 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn code(&self) -> String {
        self.to_string()
    }

    fn check(&self) -> Result<(), String> {
        if *self == 0 { Err(format!("0 is not {}", Self::WHAT)) } else { Ok(()) }
    }
}

impl ParsedParameter for u64 {
    const WHAT: &'static str = "a number from 1 on";

    fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }
}

/// How far a wall clock is ahead, or with a minus behind.
impl Parameter for Offset {
    fn text(&self) -> String {
        match self {
            Self::Ahead(by) => duration::text(*by),
            Self::Behind(by) => format!("-{}", duration::text(*by)),
        }
    }

    fn code(&self) -> String {
        match self {
            Self::Ahead(by) => format!("Offset::Ahead({})", code::time(*by)),
            Self::Behind(by) => format!("Offset::Behind({})", code::time(*by)),
        }
    }
}

impl ParsedParameter for Offset {
    const WHAT: &'static str = "a time such as 46.5ms or -2s";

    fn parse(text: &str) -> Result<Self, String> {
        let (offset, time): (fn(Duration) -> Self, _) = match text.strip_prefix('-') {
            Some(time) => (Self::Behind, time),
            None => (Self::Ahead, text),
        };
        let time = duration::parse(time);
        time.map(offset).ok_or_else(|| format!("`{text}` is not {}", Self::WHAT))
    }
}

/// Parts in a million by which a clock runs too fast, or with a minus too slowly.
impl Parameter for i64 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn code(&self) -> String {
        self.to_string()
    }

    fn check(&self) -> Result<(), String> {
        match (-500_000..=1_000_000).contains(self) {
            true => Ok(()),
            false => Err(format!("a drift is from -500000 to 1000000 in a million, not {self}")),
        }
    }
}

impl ParsedParameter for i64 {
    const WHAT: &'static str = "a drift in parts per million such as -200";

    fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }
}

impl Parameter for PacketName {
    fn text(&self) -> String {
        self.to_string()
    }

    fn code(&self) -> String {
        format!("{:?}.parse().unwrap()", self.to_string())
    }
}

impl ParsedParameter for PacketName {
    const WHAT: &'static str = "the name of a packet such as c0>r1#2>5";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: std::io::Error| error.to_string())
    }
}
