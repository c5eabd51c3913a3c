//! The line that replays a run.
//!
//! `register 2092/190 crash r1@46.5ms+714.8ms = 3f09c2d1` is the scenario, the seed and, if it is
//! another one, the seed of the world's draws, the plan, and the hash of what happened. Without
//! faults and without a hash, as in `register 2092`, the plan is the one that the seed draws; the
//! word `no-faults` says that there is none.

use std::fmt;

use super::Order;
use crate::plan::{Plan, name_text, parse_name};
use crate::scenario::Case;

/// A replay line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) scenario: String,
    pub(crate) case: Case,
    pub(crate) hash: Option<u32>,
}

/// The part of a hash that a line shows.
pub(crate) fn short(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { seed, world_seed, plan, order } = &self.case;
        write!(f, "{} {seed}", name_text(&self.scenario))?;
        if seed != world_seed {
            write!(f, "/{world_seed}")?;
        }
        if *order != Order::Drawn {
            write!(f, " order={order}")?;
        }
        match plan {
            Some(plan) if plan.faults().is_empty() => write!(f, " {NO_FAULTS}")?,
            Some(plan) => write!(f, " {plan}")?,
            None => {}
        }
        match self.hash {
            Some(hash) => write!(f, " = {hash:08x}"),
            None => Ok(()),
        }
    }
}

/// Stands for a plan without faults.
const NO_FAULTS: &str = "no-faults";

impl Line {
    /// Reads a line. The error says which part of it is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (what, hash) = match text.rsplit_once('=') {
            Some((what, hash)) if what.ends_with(char::is_whitespace) => (what, Some(hash.trim())),
            _ => (text, None),
        };
        let hash = hash.map(|digits| {
            let parsed = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 8);
            parsed.ok_or_else(|| format!("`{digits}`: a hash has 8 hexadecimal digits"))
        });
        let mut words = what.split_ascii_whitespace().peekable();
        let name = words.next().ok_or("it is empty: it begins with the name of a scenario")?;
        let scenario = parse_name(name).map_err(|why| format!("`{name}`: {why}"))?;
        let seeds = words.next().ok_or_else(|| format!("`{name}`: a seed is to follow it"))?;
        let (seed, world_seed) = seeds.split_once('/').unwrap_or((seeds, seeds));
        let number = |text: &str| {
            let why = "a seed is a number, or two with / between them";
            text.parse::<u64>().map_err(|_| format!("`{seeds}`: {why}"))
        };
        let (seed, world_seed) = (number(seed)?, number(world_seed)?);
        let mut order = Order::Drawn;
        if let Some(text) = words.peek().and_then(|word| word.strip_prefix("order=")) {
            order = text.parse()?;
            words.next();
        }
        let rest: Vec<&str> = words.collect();
        let plan = match rest[..] {
            [] => None,
            [NO_FAULTS] => Some(Plan::new()),
            _ => Some(rest.join(" ").parse::<Plan>().map_err(|error| error.to_string())?),
        };
        let case = Case { seed, world_seed, plan, order };
        Ok(Self { scenario, case, hash: hash.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_print_as_they_parse() {
        for text in [
            "register 2092",
            "register 2092 no-faults",
            "register 2092/190 partition r1<>r2@46.5ms+714.8ms partition a<>b@1s+2s = 3f09c2d1",
            "a%20name 0 order=fifo partition r1<>r2@46.5ms = 00000000",
            "x 1/2 order=pct:3:1000 no-faults",
            "x 1 order=tape:0:2:1 = ffffffff",
        ] {
            assert_eq!(Line::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_line_names_its_wrong_word() {
        for (text, error) in [
            ("", "it is empty"),
            ("register", "`register`: a seed is to follow it"),
            ("register x", "`x`: a seed is a number"),
            ("register 1/", "`1/`: a seed is a number"),
            ("register -1", "`-1`: a seed is a number"),
            ("register 1 order=lifo", "`lifo`: no order has this name"),
            ("register 1 = 3f09", "`3f09`: a hash has 8 hexadecimal digits"),
            ("register 1 explode r1@1s", "`explode`: no fault has this name"),
            ("register 1 partition", "`partition`: it names neither hosts nor a time"),
            ("register 1 partition a<>b", "`partition a<>b`: it has no time"),
            ("register 1 partition a>b@1s", "`partition a>b@1s`: `a>b` is not two hosts with <>"),
            ("register 1 partition a<>b@1m", "`partition a<>b@1m`: `1m` is not a time"),
            ("register 1 partition <>b@1s", "`partition <>b@1s`: a name is missing"),
        ] {
            let told = Line::parse(text).unwrap_err();
            assert!(told.starts_with(error), "{text}: {told}");
        }
    }
}
