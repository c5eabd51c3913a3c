//! What has happened: a rolling hash of everything, and the last lines in full.
//!
//! A record is stored as numbers and formatted when it is asked for. Formatting every record would
//! cost more than the simulation.

use std::collections::VecDeque;

use crate::choice::mix;
use crate::hash::hash;
use crate::time;

#[derive(Debug)]
enum What {
    Fact { what: &'static str, subject: u64, value: u64 },
    Choice { site: &'static str, entity: u64, n: u64, value: u64 },
    Line(Box<str>),
}

#[derive(Debug)]
struct Record {
    at: u64,
    what: What,
}

impl Record {
    fn line(&self) -> String {
        let at = time::text(self.at);
        match &self.what {
            What::Fact { what, subject, value } => format!("{at} {what} #{subject} {value}"),
            What::Choice { site, entity, n, value } => {
                format!("{at} choice {site} #{entity}: {value} of {n}")
            }
            What::Line(line) => format!("{at} {line}"),
        }
    }
}

/// The bounded record of a run.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    capacity: usize,
    records: VecDeque<Record>,
}

impl Trace {
    pub(crate) fn new(seed: u64, capacity: usize) -> Self {
        Trace { hash: mix(seed), count: 0, capacity, records: VecDeque::new() }
    }

    /// The hash of all records so far, those that were pushed out included.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// How many records there have been.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Something happened to `subject`.
    pub(crate) fn fact(&mut self, at: u64, what: &'static str, subject: u64, value: u64) {
        self.absorb(at, hash(subject, what.as_bytes()) ^ value);
        self.keep(Record { at, what: What::Fact { what, subject, value } });
    }

    /// `value` was drawn out of `n` possibilities.
    pub(crate) fn choice(&mut self, at: u64, name: &'static str, entity: u64, n: u64, value: u64) {
        self.absorb(at, hash(entity, name.as_bytes()) ^ value.rotate_left(16) ^ n);
        self.keep(Record { at, what: What::Choice { site: name, entity, n, value } });
    }

    /// The socket `subject` sent these bytes. The hash covers them. They leave no line, because the
    /// packet that carries them does.
    pub(crate) fn content(&mut self, subject: u64, bytes: &[u8]) {
        self.hash = mix(self.hash ^ hash(subject, bytes));
    }

    /// A line of the user's.
    pub(crate) fn line(&mut self, at: u64, line: String) {
        self.absorb(at, hash(0, line.as_bytes()));
        self.keep(Record { at, what: What::Line(line.into_boxed_str()) });
    }

    /// The last `n` records as text, oldest first.
    pub(crate) fn tail(&self, n: usize) -> Vec<String> {
        let skip = self.records.len().saturating_sub(n);
        self.records.iter().skip(skip).map(Record::line).collect()
    }

    fn absorb(&mut self, at: u64, value: u64) {
        self.hash = mix(self.hash ^ mix(at) ^ value);
        self.count += 1;
    }

    fn keep(&mut self, record: Record) {
        if self.capacity == 0 {
            return;
        }
        if self.records.len() == self.capacity {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }
}
