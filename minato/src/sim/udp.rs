//! Datagrams in bulk of a simulated socket: each goes its own way through the world.

use std::io;

use quinn_udp::EcnCodepoint;

use super::SimSocket;
use crate::os::transmit::{Ecn, MAX_SEGMENTS, Transmit};
use crate::os::{self, RecvBatch};

impl SimSocket {
    /// Sends the first datagrams of `transmit`, in order; returns their bytes. In the world they
    /// are datagrams like all others, and may overtake each other.
    pub(crate) fn send_batch(&self, transmit: &Transmit<&[u8]>) -> io::Result<usize> {
        let ecn = transmit.ecn.map_or(0, Ecn::bits);
        let mut rest = transmit.first(MAX_SEGMENTS);
        let mut sent = 0;
        loop {
            let datagram = rest.first(1).contents;
            match self.socket.send_message(datagram, rest.target, ecn, rest.source) {
                Ok(_) => sent += datagram.len(),
                // The next call reports why this one stopped.
                Err(_) if sent > 0 => return Ok(sent),
                Err(error) => return Err(error),
            }
            rest.advance(datagram.len());
            if rest.contents.is_empty() {
                return Ok(sent);
            }
        }
    }

    /// Receives as many datagrams as wait and fit, each into a buffer of its own.
    pub(crate) fn recv_batch(&self, batch: &mut RecvBatch) -> io::Result<()> {
        batch.fill(|buffers, metas| {
            self.socket.recv_messages(buffers, |number, message| {
                let mut meta = os::meta(message.from, message.len);
                meta.dst_ip = Some(message.to);
                meta.interface_index = Some(message.interface);
                meta.ecn = EcnCodepoint::from_bits(message.ecn);
                metas[number] = meta;
            })
        })
    }

    pub(crate) fn max_segments(&self) -> io::Result<(usize, usize)> {
        Ok((MAX_SEGMENTS, 1))
    }
}
