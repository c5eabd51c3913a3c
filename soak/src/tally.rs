//! What a process counts, and how it tells the runner: lines on its standard output.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rest::Sample;

/// A line that a process prints for the runner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// What is held while no runtime runs.
    Sample(Sample),
    /// How often something happened, told at the end.
    Count(String, u64),
    /// Something that must not be.
    Wrong(String),
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Line::Sample(Sample { seconds, descriptors, heap, resident, peak }) => {
                write!(out, "sample {seconds} {descriptors} {heap} {resident} {peak}")
            }
            Line::Count(name, count) => write!(out, "count {count} {name}"),
            Line::Wrong(what) => write!(out, "wrong {}", what.replace('\n', " ")),
        }
    }
}

impl Line {
    /// The line that was printed as this text; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Line> {
        let (kind, rest) = text.split_once(' ')?;
        match kind {
            "sample" => {
                let mut words = rest.split(' ');
                Some(Line::Sample(Sample {
                    seconds: words.next()?.parse().ok()?,
                    descriptors: words.next()?.parse().ok()?,
                    heap: words.next()?.parse().ok()?,
                    resident: words.next()?.parse().ok()?,
                    peak: words.next()?.parse().ok()?,
                }))
            }
            "count" => {
                let (count, name) = rest.split_once(' ')?;
                Some(Line::Count(name.to_string(), count.parse().ok()?))
            }
            "wrong" => Some(Line::Wrong(rest.to_string())),
            _ => None,
        }
    }
}

/// Counts by name, shared by all tasks of a process.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Tally {
    pub(crate) fn add(&self, name: &'static str, count: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += count;
    }

    /// Tells what must not be, at once: the process may not live to its end.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        println!("{}", Line::Wrong(what.into()));
    }

    /// A panic anywhere in the process is wrong. To be called once.
    pub(crate) fn watch_panics(&self) {
        let tally = self.clone();
        std::panic::set_hook(Box::new(move |panic| tally.wrong(panic.to_string())));
    }

    /// Tells all counts.
    pub(crate) fn print(&self) {
        for (name, count) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            println!("{}", Line::Count((*name).to_string(), *count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let sample = Sample { seconds: 1.5, descriptors: 7, heap: 99, resident: 4096, peak: 8192 };
        let lines = [
            Line::Sample(sample),
            Line::Count("bytes of echoes".to_string(), 12),
            Line::Wrong("a byte".to_string()),
        ];
        for line in lines {
            assert_eq!(Line::parse(&line.to_string()), Some(line));
        }
        assert_eq!(Line::parse("thread 'main' panicked"), None);
        assert_eq!(Line::Wrong("a\nb".to_string()).to_string(), "wrong a b");
    }
}
