//! What goes over the wire: frames of 33 bytes in both directions.

use std::io;

/// Which of two values is newer: the greater tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// One more than the greatest that the writer has found.
    pub counter: u64,
    /// Who wrote it: two writers that count to the same number have different tags.
    pub writer: u64,
}

/// A value and its tag: what a replica has on its disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When it was written, as it were.
    pub tag: Tag,
    /// The number itself.
    pub value: u64,
}

/// What a client asks of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// What do you have?
    Ask,
    /// Keep this, if it is newer than what you have.
    Store(Entry),
}

/// The bytes of a frame.
pub(crate) const LENGTH: usize = 33;

pub(crate) type Frame = [u8; LENGTH];

const ASK: u8 = 1;
const STORE: u8 = 2;
const ANSWER: u8 = 3;

pub(crate) fn request(number: u64, request: Request) -> Frame {
    match request {
        Request::Ask => frame(ASK, number, Entry::default()),
        Request::Store(entry) => frame(STORE, number, entry),
    }
}

/// What the replica has now, as the answer to the request of this number.
pub(crate) fn answer(number: u64, entry: Entry) -> Frame {
    frame(ANSWER, number, entry)
}

pub(crate) fn parse_request(frame: &Frame) -> io::Result<(u64, Request)> {
    match parse(frame) {
        (ASK, number, _) => Ok((number, Request::Ask)),
        (STORE, number, entry) => Ok((number, Request::Store(entry))),
        (kind, ..) => Err(wrong(kind)),
    }
}

pub(crate) fn parse_answer(frame: &Frame) -> io::Result<(u64, Entry)> {
    match parse(frame) {
        (ANSWER, number, entry) => Ok((number, entry)),
        (kind, ..) => Err(wrong(kind)),
    }
}

fn frame(kind: u8, number: u64, entry: Entry) -> Frame {
    let mut frame = [kind; LENGTH];
    let numbers = [number, entry.tag.counter, entry.tag.writer, entry.value];
    for (place, number) in frame[1..].chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    frame
}

fn parse(frame: &Frame) -> (u8, u64, Entry) {
    let mut numbers = frame[1..]
        .chunks_exact(8)
        .map(|bytes| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    let mut next = || numbers.next().unwrap_or_default();
    let (number, tag) = (next(), Tag { counter: next(), writer: next() });
    (frame[0], number, Entry { tag, value: next() })
}

fn wrong(kind: u8) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a frame of the unknown kind {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were() {
        let entry = Entry { tag: Tag { counter: 1 << 40, writer: 3 }, value: u64::MAX };
        for asked in [Request::Ask, Request::Store(entry)] {
            assert_eq!(parse_request(&request(7, asked)).unwrap(), (7, asked));
        }
        assert_eq!(parse_answer(&answer(8, entry)).unwrap(), (8, entry));
        assert!(parse_answer(&request(7, Request::Ask)).is_err());
        assert!(parse_request(&[9; LENGTH]).is_err());
    }
}
