//! What has happened in a world: typed events, a hash of all of them, and their printers.
//!
//! A [`World`](crate::World) keeps its last events as numbers.
//! [`World::record`](crate::World::record) takes a snapshot of them, a [`Record`], which gives them
//! one by one and prints them.

mod compare;
mod entry;
mod event;
mod journal;
mod json;
mod notes;
mod pcap;
mod ring;
mod text;
mod timeline;

pub use compare::Difference;
pub(crate) use entry::{Decided, PacketNumber, Route, Sent};
pub use event::{Event, Fate, Stage, Subject, What};
pub(crate) use journal::Journal;
pub(crate) use notes::DOWN;

use std::fmt;
use std::time::Duration;

use self::journal::{Head, Names};
use crate::state::State;

/// A snapshot of what has happened in a world.
///
/// It has the last events, as many as the world
/// [keeps](crate::WorldBuilder::recorded_events), and the [hash](Record::hash) of all.
///
/// ```
/// use minato_sim::World;
/// use minato_sim::record::What;
///
/// let world = World::new(1);
/// world.choose("next task", 0, 2);
/// world.note("the tide turns");
/// let record = world.record();
/// assert_eq!(record.count(), 2);
/// let notes = record.events().filter(|event| matches!(event.what, What::Line { .. }));
/// assert_eq!(notes.count(), 1);
/// assert!(record.text().ends_with("the tide turns\n"));
/// ```
#[derive(Clone)]
pub struct Record {
    hash: u64,
    count: u64,
    now: u64,
    names: Names,
    hosts: Vec<String>,
    /// Where each event that was kept begins.
    places: Vec<Place>,
    words: Vec<u64>,
    /// The bytes and texts of the events, one after the other.
    bytes: Vec<u8>,
    /// The hash after each event, if the world keeps that.
    history: Option<Vec<u64>>,
}

/// Where an event begins.
#[derive(Clone, Copy, Debug)]
struct Place {
    word: usize,
    byte: usize,
}

impl State {
    pub(crate) fn record(&self) -> Record {
        let journal = &self.journal;
        let all = journal.ring.to_vec();
        let (mut places, mut words, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = &all[..];
        while let Some(first) = rest.first() {
            let head = Head(*first);
            places.push(Place { word: words.len(), byte: bytes.len() });
            let (event, after) = rest.split_at(head.len());
            let (numbers, packed) = event.split_at(head.words());
            words.extend_from_slice(numbers);
            let end = bytes.len() + head.bytes();
            bytes.extend(packed.iter().flat_map(|word| word.to_le_bytes()));
            bytes.truncate(end);
            rest = after;
        }
        Record {
            hash: journal.hash,
            count: journal.count,
            now: self.now,
            names: journal.names.clone(),
            hosts: self.hosts.iter().map(|host| host.name.clone()).collect(),
            places,
            words,
            bytes,
            history: journal.history.clone(),
        }
    }
}

impl Record {
    /// A hash of everything that happened: every event with its time and its numbers, and every
    /// byte that was sent. Two runs that did the same have the same, on every machine.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there have been, those included that are not kept any more.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// When it was taken, counted from the start of the world.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    /// The names of all hosts, in the order in which they were made.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.hosts.iter().map(String::as_str)
    }

    /// The events that the world has kept, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = Event<'_>> + ExactSizeIterator {
        (0..self.places.len()).map(|index| self.event_at(index))
    }

    /// The event with this number, counted from 0; `None` if it is not kept or has not happened.
    pub fn get(&self, nth: u64) -> Option<Event<'_>> {
        let index = usize::try_from(nth.checked_sub(self.first())?).ok()?;
        (index < self.places.len()).then(|| self.event_at(index))
    }

    /// The number of the first event that is kept.
    fn first(&self) -> u64 {
        self.count - self.places.len() as u64
    }

    fn event_at(&self, index: usize) -> Event<'_> {
        let Place { word, byte } = self.places[index];
        let head = Head(self.words[word]);
        let words = &self.words[word + 1..word + head.words()];
        let bytes = &self.bytes[byte..byte + head.bytes()];
        self.event(self.first() + index as u64, head.kind(), words, bytes)
    }

    /// The events as text, one a line, oldest first.
    pub fn text(&self) -> String {
        self.events().map(|event| format!("{event}\n")).collect()
    }

    /// The last `n` events as text, oldest first.
    pub fn tail(&self, n: usize) -> Vec<String> {
        let skip = self.places.len().saturating_sub(n);
        self.events().skip(skip).map(|event| event.to_string()).collect()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("hash", &format_args!("{:016x}", self.hash))
            .field("count", &self.count)
            .field("kept", &self.places.len())
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}
