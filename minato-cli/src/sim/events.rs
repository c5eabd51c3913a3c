//! What the sweeps in a test binary tell, by a file to which they add lines. The table of the lines
//! is in `minato-sim/src/sweep/environment.rs`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Scenario { test: String, scenario: String, seeds: Range<u64> },
    Progress(Counts),
    Shrinking { runs: u64, faults: u64 },
    Failure { replay: String, message: String },
    End,
}

/// How far a sweep is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) seeds: u64,
    pub(super) failed: u64,
    pub(super) simulated: Duration,
    /// How often each kind of fault struck.
    pub(super) faults: BTreeMap<String, u64>,
    /// How often each mark was reached.
    pub(super) marks: BTreeMap<String, u64>,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Counts) {
        self.seeds += other.seeds;
        self.failed += other.failed;
        self.simulated += other.simulated;
        for (sum, more) in [(&mut self.faults, &other.faults), (&mut self.marks, &other.marks)] {
            more.iter().for_each(|(name, count)| *sum.entry(name.clone()).or_default() += count);
        }
    }
}

impl Event {
    /// `None` for a line of a kind that this program does not know: the library of the tests may be
    /// newer.
    fn parse(line: &str) -> Option<Event> {
        let fields: Vec<String> = line.split('\t').map(unescape).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        Some(match fields[..] {
            ["scenario", test, scenario, seeds] => {
                let (first, end) = seeds.split_once("..")?;
                let seeds = first.parse().ok()?..end.parse().ok()?;
                Event::Scenario { test: test.to_owned(), scenario: scenario.to_owned(), seeds }
            }
            ["progress", seeds, failed, nanoseconds, ref counts @ ..] => {
                let simulated = Duration::from_nanos(nanoseconds.parse().ok()?);
                let (seeds, failed) = (seeds.parse().ok()?, failed.parse().ok()?);
                let [faults, marks] = ["fault:", "mark:"].map(|kind| named(counts, kind));
                Event::Progress(Counts { seeds, failed, simulated, faults, marks })
            }
            ["shrinking", runs, faults] => {
                Event::Shrinking { runs: runs.parse().ok()?, faults: faults.parse().ok()? }
            }
            ["failure", replay, message] => {
                Event::Failure { replay: replay.to_owned(), message: message.to_owned() }
            }
            ["end"] => Event::End,
            _ => return None,
        })
    }
}

/// The counts of one kind, each as `KIND:NAME=N`. A name may have equals signs in it.
fn named(fields: &[&str], kind: &str) -> BTreeMap<String, u64> {
    let of_kind = fields.iter().filter_map(|field| field.strip_prefix(kind));
    let pairs = of_kind.filter_map(|field| {
        let (name, count) = field.rsplit_once('=')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    pairs.collect()
}

fn unescape(field: &str) -> String {
    let mut text = String::new();
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some(other) => other,
                None => '\\',
            },
            other => other,
        });
    }
    text
}

/// Reads what was added to a file since the last look.
pub(super) struct Reader {
    file: File,
    /// A line that is not there as a whole.
    part: Vec<u8>,
}

impl Reader {
    /// Makes the file.
    pub(super) fn create(path: &Path) -> io::Result<Reader> {
        File::create(path)?;
        Ok(Reader { file: File::open(path)?, part: Vec::new() })
    }

    pub(super) fn read(&mut self) -> io::Result<Vec<Event>> {
        self.file.read_to_end(&mut self.part)?;
        let whole = self.part.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines: Vec<u8> = self.part.drain(..whole).collect();
        let text = String::from_utf8_lossy(&lines);
        Ok(text.lines().filter_map(Event::parse).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_read_as_they_are_completed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let mut reader = Reader::create(&path).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        assert_eq!(reader.read().unwrap(), []);
        file.write_all(b"scenario\tkit::swarm\tregister\t3..9\nunknown\t1\nen").unwrap();
        let (test, scenario) = ("kit::swarm".to_owned(), "register".to_owned());
        let expected = Event::Scenario { test, scenario, seeds: 3..9 };
        assert_eq!(reader.read().unwrap(), [expected]);
        file.write_all(b"d\nfailure\tregister 7\ta\\tb\\\\n\\nc\n").unwrap();
        let (replay, message) = ("register 7".to_owned(), "a\tb\\n\nc".to_owned());
        assert_eq!(reader.read().unwrap(), [Event::End, Event::Failure { replay, message }]);
    }

    #[test]
    fn counts_are_read_and_added() {
        let line = "progress\t10\t1\t5000000000\tfault:cut=3\tmark:a = b=2\tfault:crash=4";
        let Some(Event::Progress(counts)) = Event::parse(line) else { panic!("{line}") };
        let mut sum = Counts::default();
        sum.add(&counts);
        sum.add(&counts);
        assert_eq!((sum.seeds, sum.failed, sum.simulated), (20, 2, Duration::from_secs(10)));
        let faults: Vec<_> = sum.faults.iter().map(|(name, count)| (&**name, *count)).collect();
        assert_eq!(faults, [("crash", 8), ("cut", 6)]);
        assert_eq!(sum.marks["a = b"], 4);
        assert_eq!(Event::parse("progress\tmany\t1\t5"), None);
    }
}
