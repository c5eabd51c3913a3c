//! What a world keeps of its events: the hash of all, and the last ones as words.
//!
//! An event is a few words, and perhaps bytes after them. The first word says what it is and how
//! long, the second when it was. The hash takes in just these words, and nothing is formatted or
//! allocated before a [`Record`](super::Record) is asked for.

use super::ring::Ring;
use crate::choice::mix;
use crate::hash::{hash, hash_words};

/// The kinds of events, in the lowest byte of an event's first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Packet,
    Arrival,
    Release,
    Fault,
    Choice,
    Task,
    Socket,
    Mark,
    Line,
}

impl Kind {
    pub(crate) const ALL: [Kind; 9] = [
        Kind::Packet,
        Kind::Arrival,
        Kind::Release,
        Kind::Fault,
        Kind::Choice,
        Kind::Task,
        Kind::Socket,
        Kind::Mark,
        Kind::Line,
    ];
}

/// The first word of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head(pub(crate) u64);

impl Head {
    fn new(kind: Kind, words: usize, bytes: usize) -> Self {
        Head(kind as u64 | (words as u64) << 8 | (bytes as u64) << 16)
    }

    pub(crate) fn kind(self) -> Kind {
        Kind::ALL[(self.0 & 0xff) as usize]
    }

    /// How many words it has without those of its bytes.
    pub(crate) fn words(self) -> usize {
        (self.0 >> 8 & 0xff) as usize
    }

    /// How many bytes follow.
    pub(crate) fn bytes(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// How many words it has with all that follows.
    pub(crate) fn len(self) -> usize {
        self.words() + self.bytes().div_ceil(8)
    }
}

/// The names that events have numbers for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Vec<&'static str>);

impl Names {
    pub(crate) fn get(&self, number: u64) -> &'static str {
        self.0.get(number as usize).copied().unwrap_or_default()
    }
}

/// The bounded record of a run.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) hash: u64,
    pub(crate) count: u64,
    /// How many events are in the ring.
    pub(crate) events: usize,
    capacity: usize,
    pub(crate) ring: Ring,
    pub(crate) names: Names,
    /// The hash after each event, if it is to be kept.
    pub(crate) history: Option<Vec<u64>>,
}

impl Journal {
    pub(crate) fn new(seed: u64, capacity: usize, keeps_history: bool) -> Self {
        Journal {
            hash: mix(seed),
            count: 0,
            events: 0,
            capacity,
            ring: Ring::default(),
            names: Names::default(),
            history: keeps_history.then(Vec::new),
        }
    }

    /// Takes an event in. `words` has room for its head and has everything else; `bytes` are kept
    /// with it. Returns the number of the event.
    ///
    /// All of this becomes part of the caller, so that the words go from registers to the ring. A
    /// copy in memory would be read again before it is there.
    #[inline(always)]
    pub(super) fn push<const N: usize>(
        &mut self,
        kind: Kind,
        mut words: [u64; N],
        bytes: &[u8],
    ) -> u64 {
        // How many bytes are kept is no part of what happened.
        words[0] = Head::new(kind, N, 0).0;
        self.hash = mix(self.hash ^ hash_words(&words));
        words[0] = Head::new(kind, N, bytes.len()).0;
        if let Some(history) = &mut self.history {
            history.push(self.hash);
        }
        self.keep(&words, bytes);
        self.count += 1;
        self.count - 1
    }

    /// Bytes with this hash are sent.
    pub(crate) fn content(&mut self, digest: u64) {
        self.hash = mix(self.hash ^ digest);
    }

    /// Makes sure that the hash covers what is no part of an event's words.
    pub(super) fn absorb(&mut self, bytes: &[u8]) {
        self.hash = mix(self.hash ^ hash(bytes.len() as u64, bytes));
    }

    #[inline(always)]
    fn keep<const N: usize>(&mut self, words: &[u64; N], bytes: &[u8]) {
        if self.events == self.capacity {
            if self.capacity == 0 {
                return;
            }
            if let Some(first) = self.ring.first() {
                self.ring.remove(Head(first).len());
            }
        } else {
            self.events += 1;
        }
        self.ring.extend(words);
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.ring.push(u64::from_le_bytes(word));
        }
    }

    /// The number of a name. The hash covers the name itself when it is new.
    pub(crate) fn name(&mut self, name: &'static str) -> u64 {
        let found = self.names.0.iter().position(|known| std::ptr::eq(*known, name));
        let found = found.or_else(|| self.names.0.iter().position(|known| *known == name));
        if let Some(found) = found {
            return found as u64;
        }
        self.absorb(name.as_bytes());
        self.names.0.push(name);
        self.names.0.len() as u64 - 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, Kind};

    #[test]
    fn a_head_has_its_numbers() {
        for kind in Kind::ALL {
            for (words, bytes) in [(2, 0), (13, 1), (255, 8), (3, 1 << 40)] {
                let head = Head::new(kind, words, bytes);
                assert_eq!((head.kind(), head.words(), head.bytes()), (kind, words, bytes));
                assert_eq!(head.len(), words + bytes.div_ceil(8));
            }
        }
    }
}
