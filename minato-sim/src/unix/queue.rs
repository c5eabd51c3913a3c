//! What waits in a Unix socket, and what it counts against the send buffer of its sender.

use std::io::{self, IoSlice};
use std::path::PathBuf;

use super::Role;
use crate::arena::Key;
use crate::errno::{self, fail};
use crate::hash::hash;
use crate::socket::Kind;
use crate::state::State;

/// What one send has left here.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    /// Its sender, which may be closed already, and the name of that.
    pub(super) sender: Key,
    pub(super) from: PathBuf,
    pub(super) charge: usize,
}

/// What was received, or looked at.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) copied: usize,
    pub(crate) truncated: bool,
    pub(crate) from: PathBuf,
}

/// A page of memory.
const PAGE: usize = 4096;
/// A `struct sk_buff`.
const DESCRIPTOR: usize = 256;
/// What stands behind the bytes of a block.
const TRAILER: usize = 320;
/// The smallest block.
const SMALLEST_BLOCK: usize = 512;
/// How many bytes of a stream are in a block; the others are in pages of their own.
const STREAM_BLOCK: usize = PAGE - TRAILER;
/// The same of a datagram.
const DATAGRAM_BLOCK: usize = 4 * PAGE - TRAILER;
/// The most bytes of one message that are in pages of their own.
const STREAM_PAGES: usize = 8 * PAGE;
const DATAGRAM_PAGES: usize = 17 * PAGE;

/// The most bytes that one piece of a stream has.
pub(super) fn largest_piece(send_buffer: usize) -> usize {
    (STREAM_BLOCK + STREAM_PAGES).min(send_buffer / 2 - 64)
}

/// What a message counts: the memory that Linux 6.18 has it in on x86-64 (`truesize`). The test
/// `charges_are_those_of_linux` has measured numbers.
pub(super) fn charge(kind: Kind, bytes: usize) -> usize {
    let (block, pages) = match kind {
        Kind::Stream => (STREAM_BLOCK, STREAM_PAGES),
        Kind::Datagram => (DATAGRAM_BLOCK, DATAGRAM_PAGES),
    };
    let in_pages = bytes.saturating_sub(block).next_multiple_of(PAGE).min(pages);
    let in_block = bytes.saturating_sub(in_pages);
    DESCRIPTOR + (in_block + TRAILER).next_power_of_two().max(SMALLEST_BLOCK) + in_pages
}

impl State {
    /// Whether a send has room in the socket's own buffer, however little. As on Linux the last
    /// message may go beyond the buffer.
    pub(super) fn has_unix_room(&self, key: Key) -> bool {
        self.unix(key).charged < self.socket(key).options.send_buffer
    }

    /// Whether the socket counts as writable as far as its own buffer goes: when three quarters of
    /// it are free.
    pub(super) fn is_unix_writable(&self, key: Key) -> bool {
        self.unix(key).charged * 4 <= self.socket(key).options.send_buffer
    }

    /// Puts bytes into the queue of `to`.
    pub(super) fn deliver_unix(&mut self, sender: Key, to: Key, bytes: Vec<u8>) {
        let charge = charge(self.socket(sender).kind, bytes.len());
        self.journal.content(hash(0, &bytes));
        self.note_socket(sender, "sends", bytes.len() as u64);
        let socket = self.unix_mut(sender);
        socket.charged += charge;
        let from = socket.name.clone();
        self.unix_mut(to).waiting.push_back(Message { bytes, sender, from, charge });
        self.edge(to);
    }

    /// Gives the sender of a message its room back.
    pub(super) fn release_unix(&mut self, message: &Message) {
        let Some(sender) = self.open_unix(message.sender) else { return };
        sender.charged -= message.charge;
        if self.is_unix_writable(message.sender) {
            self.edge(message.sender);
        }
    }

    pub(crate) fn receive_unix(
        &mut self,
        key: Key,
        limit: usize,
        consume: bool,
        sink: impl FnMut(&[u8]),
    ) -> io::Result<Received> {
        match self.socket(key).kind {
            Kind::Stream => self.receive_unix_stream(key, limit, consume, sink),
            Kind::Datagram => self.receive_unix_datagram(key, limit, consume, sink),
        }
    }

    fn receive_unix_stream(
        &mut self,
        key: Key,
        limit: usize,
        consume: bool,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<Received> {
        let socket = self.unix_mut(key);
        if !matches!(socket.role, Role::Connected) {
            return fail(errno::EINVAL);
        }
        if socket.waiting.is_empty() {
            return match socket.error.take() {
                Some(error) => fail(error),
                None if socket.read_shut => Ok(Received::default()),
                None => fail(errno::EAGAIN),
            };
        }
        let (mut copied, mut used, mut offset) = (0, 0, socket.received);
        for message in &socket.waiting {
            let rest = &message.bytes[offset..];
            let part = &rest[..rest.len().min(limit - copied)];
            sink(part);
            copied += part.len();
            if part.len() < rest.len() {
                offset += part.len();
                break;
            }
            used += 1;
            offset = 0;
        }
        if consume {
            socket.received = offset;
            let done: Vec<_> = socket.waiting.drain(..used).collect();
            for message in &done {
                self.release_unix(message);
            }
        }
        Ok(Received { copied, ..Received::default() })
    }

    fn receive_unix_datagram(
        &mut self,
        key: Key,
        limit: usize,
        consume: bool,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<Received> {
        let socket = self.unix_mut(key);
        if let Some(error) = socket.error.take() {
            return fail(error);
        }
        let Some(message) = socket.waiting.front() else {
            return fail(errno::EAGAIN);
        };
        let copied = message.bytes.len().min(limit);
        sink(&message.bytes[..copied]);
        let truncated = copied < message.bytes.len();
        let received = Received { copied, truncated, from: message.from.clone() };
        if consume && let Some(message) = socket.waiting.pop_front() {
            self.release_unix(&message);
            self.wake_unix_senders(key);
        }
        Ok(received)
    }

    /// Those that wait for room in a queue look again.
    pub(super) fn wake_unix_senders(&mut self, key: Key) {
        for sender in std::mem::take(&mut self.unix_mut(key).senders) {
            self.edge(sender);
        }
    }

    /// All pieces as one.
    pub(super) fn joined(pieces: &[IoSlice<'_>]) -> Vec<u8> {
        pieces.iter().flat_map(|piece| piece.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_are_those_of_linux() {
        // How many messages of a size a send buffer of 212,992 took on Linux 6.18.
        let fits = |kind, bytes| 212_992_usize.div_ceil(charge(kind, bytes));
        let stream = [(1, 278), (100, 278), (500, 167), (1000, 93), (2000, 49), (4000, 44)];
        for (bytes, count) in stream.into_iter().chain([(5000, 34), (8000, 24), (36_544, 6)]) {
            assert_eq!(fits(Kind::Stream, bytes), count, "{bytes} bytes of a stream");
        }
        let datagrams = [(0, 278), (500, 167), (2000, 49), (4000, 26), (8000, 13), (16_384, 11)];
        for (bytes, count) in datagrams.into_iter().chain([(32_000, 7), (65_536, 4), (100_000, 3)])
        {
            assert_eq!(fits(Kind::Datagram, bytes), count, "datagrams of {bytes} bytes");
        }
    }
}
