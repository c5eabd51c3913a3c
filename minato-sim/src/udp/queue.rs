//! The datagrams that wait in a socket, and what they count against its receive buffer.

use std::collections::VecDeque;
use std::io;

use super::Header;
use crate::arena::Key;
use crate::errno::{EAGAIN, fail};
use crate::faults::Verb;
use crate::readiness::Readiness;
use crate::state::State;

/// A datagram that waits to be received.
#[derive(Debug)]
struct Waiting {
    header: Header,
    bytes: Vec<u8>,
}

/// A datagram that was received, or looked at.
pub(crate) struct Received {
    pub(crate) copied: usize,
    pub(crate) truncated: bool,
    pub(crate) header: Header,
}

/// What a datagram socket has beyond what all sockets have.
#[derive(Debug, Default)]
pub(crate) struct DatagramState {
    waiting: VecDeque<Waiting>,
    /// What the waiting datagrams count against the receive buffer.
    pub(crate) charged: usize,
    pub(crate) error: Option<i32>,
    pub(crate) groups: Vec<super::Group>,
    pub(super) read_shut: bool,
    pub(super) write_shut: bool,
}

impl DatagramState {
    pub(crate) fn readiness(&self) -> Readiness {
        let mut readiness = Readiness::WRITABLE;
        readiness.set_if(!self.waiting.is_empty() || self.read_shut, Readiness::READABLE);
        readiness.set_if(self.read_shut, Readiness::READ_CLOSED);
        readiness.set_if(self.read_shut && self.write_shut, Readiness::WRITE_CLOSED);
        readiness.set_if(self.error.is_some(), Readiness::ERROR | Readiness::WRITE_CLOSED);
        readiness
    }
}

/// What a datagram counts against the receive buffer.
///
/// Linux does not count the bytes but the memory that holds them (`truesize`). So a default buffer
/// of 208 KiB holds 256 datagrams of one byte, and 92 of a thousand. The numbers are those of Linux
/// 6.18 on x86-64; the test `charges_are_those_of_linux` has measured ones.
fn charge(header: &Header, bytes: usize) -> usize {
    /// A `struct sk_buff`.
    const DESCRIPTOR: usize = 256;
    /// The smallest block of memory for headers and bytes, which has a pool of its own. Larger ones
    /// are powers of two.
    const SMALLEST_BLOCK: usize = 576;
    /// From here on the block holds the headers only, and the bytes are in pages.
    const TOO_LARGE_BLOCK: usize = 16 * 1024;
    /// A `struct skb_shared_info` at the end of the block.
    const SHARED_INFO: usize = 320;
    // The headers of IP, UDP and link, and room to align them; for IPv6 that of a fragment too.
    let headers = if header.to.is_ipv4() { 20 + 8 + 16 + 15 } else { 40 + 8 + 16 + 8 };
    match headers + bytes + SHARED_INFO {
        ..=SMALLEST_BLOCK => DESCRIPTOR + SMALLEST_BLOCK,
        block @ ..TOO_LARGE_BLOCK => DESCRIPTOR + block.next_power_of_two(),
        _ => DESCRIPTOR + SMALLEST_BLOCK + bytes,
    }
}

impl State {
    /// Puts a datagram that has arrived into the queue of a socket. A full queue drops it; an empty
    /// one takes any.
    pub(super) fn deliver(&mut self, key: Key, header: Header, bytes: Vec<u8>) {
        let socket = self.socket_mut(key);
        let limit = socket.options.receive_buffer;
        let datagrams = &mut socket.datagrams;
        let charge = charge(&header, bytes.len());
        if !datagrams.waiting.is_empty() && datagrams.charged + charge > limit {
            self.note_socket(key, "receive buffer full", charge as u64);
            return;
        }
        datagrams.charged += charge;
        datagrams.waiting.push_back(Waiting { header, bytes });
        self.edge(key);
    }

    /// The first datagram goes to `sink`, as far as it fits into `limit` bytes.
    pub(crate) fn datagram_receive(
        &mut self,
        key: Key,
        limit: usize,
        consume: bool,
        mut sink: impl FnMut(&[u8]),
    ) -> io::Result<Received> {
        self.injected_fault(Verb::Recv, key, None)?;
        let datagrams = &mut self.socket_mut(key).datagrams;
        if let Some(number) = datagrams.error.take() {
            return fail(number);
        }
        let Some(Waiting { header, bytes }) = datagrams.waiting.front() else {
            // As on Linux for a non-blocking socket, also if it is shut for reading.
            return fail(EAGAIN);
        };
        let copied = bytes.len().min(limit);
        sink(&bytes[..copied]);
        let received = Received { copied, truncated: copied < bytes.len(), header: *header };
        if consume {
            datagrams.charged -= charge(header, bytes.len());
            datagrams.waiting.pop_front();
        }
        Ok(received)
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, charge};
    use crate::udp::Interface;

    /// The lengths at which the charge changes were found by `SO_MEMINFO` on Linux 6.18.
    #[test]
    fn charges_are_those_of_linux() {
        let header = |to: &str| {
            let to = to.parse().unwrap();
            Header { from: to, to, ecn: 0, interface: Interface::Link }
        };
        for (bytes, expected) in [
            (0, 832),
            (197, 832),
            (198, 1280),
            (645, 1280),
            (646, 2304),
            (1669, 2304),
            (1670, 4352),
            (3718, 8448),
            (7813, 8448),
            (7814, 16_640),
            (16_000, 16_640),
            (16_016, 16_848),
            (65_507, 66_339),
        ] {
            assert_eq!(charge(&header("127.0.0.1:1"), bytes), expected, "{bytes} over IPv4");
        }
        for (bytes, expected) in [(184, 832), (185, 1280), (633, 2304), (7801, 16_640)] {
            assert_eq!(charge(&header("[::1]:1"), bytes), expected, "{bytes} over IPv6");
        }
        assert_eq!(charge(&header("[::1]:1"), 16_000), 16_832);
    }
}
