//! Datagrams in bulk of a simulated socket: each goes its own way through the world.

use std::io::{self, IoSliceMut};

use super::SimSocket;
use crate::os::transmit::{Ecn, MAX_SEGMENTS, RecvMeta, Transmit};

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

    /// Receives as many datagrams as wait and fit, each into a buffer of its own; returns how many.
    /// The next call finds out whether that was all.
    pub(crate) fn recv_batch(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<(usize, bool)> {
        let count = buffers.len().min(metas.len());
        let sizes: Vec<usize> = buffers[..count].iter().map(|buffer| buffer.len()).collect();
        let filled = self.socket.recv_messages(&mut buffers[..count], |number, message| {
            metas[number] = RecvMeta {
                from: message.from,
                to: Some(message.to),
                interface: Some(message.interface),
                ecn: Ecn::from_bits(message.ecn),
                len: message.len,
                stride: message.len,
                truncated: message.len == sizes[number],
            };
        })?;
        Ok((filled, false))
    }

    pub(crate) fn max_segments(&self) -> io::Result<(usize, usize)> {
        Ok((MAX_SEGMENTS, 1))
    }
}
