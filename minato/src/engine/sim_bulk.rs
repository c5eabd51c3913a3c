//! The verbs in bulk of a simulated socket: each datagram goes its own way through the world.

use std::io;

use quinn_udp::EcnCodepoint;

use super::sim::SimSource;
use crate::os::batch::{self, Batch};
use crate::os::transmit::{Ecn, MOST_SEGMENTS, Transmit};

impl SimSource {
    /// Sends the first datagrams of `transmit`, in order; returns their bytes. In the world they
    /// are datagrams like all others, and may overtake each other.
    pub(super) fn send_segments(&self, transmit: &Transmit<&[u8]>) -> io::Result<usize> {
        let ecn = transmit.ecn.map_or(0, Ecn::bits);
        let mut rest = transmit.first(MOST_SEGMENTS);
        let mut sent = 0;
        loop {
            let datagram = rest.first(1).contents;
            match self.inner().send_message(datagram, rest.target, ecn, rest.source) {
                Ok(_) => sent += datagram.len(),
                // What stands in the way is told by the next call.
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
    pub(super) fn recv_batch(&self, batch: &mut Batch) -> io::Result<()> {
        batch.fill(|buffers, metas| {
            self.inner().recv_messages(buffers, |number, message| {
                let mut meta = batch::meta(message.from, message.len);
                meta.dst_ip = Some(message.to);
                meta.interface_index = Some(message.interface);
                meta.ecn = EcnCodepoint::from_bits(message.ecn);
                metas[number] = meta;
            })
        })
    }

    pub(super) fn most_segments(&self) -> io::Result<(usize, usize)> {
        Ok((MOST_SEGMENTS, 1))
    }
}
