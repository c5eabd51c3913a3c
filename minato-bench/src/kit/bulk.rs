//! Datagrams in bulk by quinn-udp: several messages a call, and several segments a message.
//!
//! For the peers that wait for readiness: they wait, and give the socket to the methods here.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;

use bytes::BytesMut;
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};

use super::{Tally, page_aligned};

/// Bytes of one message with all its segments: what Linux gives at most.
const MESSAGE: usize = 64 * 1024;

/// Zeroed room for what one call receives, from a page boundary on.
pub fn bulk_room() -> BytesMut {
    let mut room = page_aligned(BATCH_SIZE * MESSAGE);
    room.resize(BATCH_SIZE * MESSAGE, 0);
    room
}

/// A socket's state at quinn-udp, and the messages received last.
#[derive(Debug)]
pub struct Bulk<'a> {
    state: UdpSocketState,
    slices: Vec<IoSliceMut<'a>>,
    metas: [RecvMeta; BATCH_SIZE],
}

impl<'a> Bulk<'a> {
    /// Sets the socket up, and receives into `room` from now on, which is [`bulk_room`].
    ///
    /// # Errors
    ///
    /// When the system refuses an option that cannot be done without.
    pub fn new(socket: UdpSockRef<'_>, room: &'a mut [u8]) -> io::Result<Self> {
        Ok(Self {
            state: UdpSocketState::new(socket)?,
            slices: room.chunks_exact_mut(MESSAGE).map(IoSliceMut::new).collect(),
            metas: [RecvMeta::default(); BATCH_SIZE],
        })
    }

    /// Receives what is there; tells how many messages.
    ///
    /// # Errors
    ///
    /// Those of the call; `WouldBlock` if there is nothing.
    pub fn receive(&mut self, socket: UdpSockRef<'_>) -> io::Result<usize> {
        self.state.recv(socket, &mut self.slices, &mut self.metas)
    }

    /// Counts one of the messages received last. If it ends with the question, gives the answer,
    /// and to whom it goes.
    pub fn count(&self, message: usize, tally: &Tally) -> Option<(SocketAddr, [u8; 8])> {
        let meta = &self.metas[message];
        let bytes = &self.slices[message][..meta.len];
        tally.take(bytes, meta.stride).map(|answer| (meta.addr, answer))
    }

    /// Sends one of the messages received last back to where it came from.
    ///
    /// # Errors
    ///
    /// Those of the call; `WouldBlock` if there is no room.
    pub fn send_back(&self, socket: UdpSockRef<'_>, message: usize) -> io::Result<()> {
        let meta = &self.metas[message];
        let transmit = Transmit {
            destination: meta.addr,
            ecn: None,
            contents: &self.slices[message][..meta.len],
            segment_size: (meta.stride < meta.len).then_some(meta.stride),
            src_ip: None,
        };
        self.state.try_send(socket, &transmit)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn what_is_received_goes_back() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        client.send(b"one").unwrap();
        client.send(b"two").unwrap();

        let mut room = bulk_room();
        let mut bulk = Bulk::new(UdpSockRef::from(&server), &mut room).unwrap();
        let tally = Tally::for_sockets(1).remove(0);
        while tally.total() < 2 {
            let messages = bulk.receive(UdpSockRef::from(&server)).unwrap();
            for message in 0..messages {
                assert_eq!(bulk.count(message, &tally), None);
                bulk.send_back(UdpSockRef::from(&server), message).unwrap();
            }
        }
        let mut answer = [0; 8];
        for expected in [b"one", b"two"] {
            let len = client.recv(&mut answer).unwrap();
            assert_eq!(&answer[..len], expected);
        }
    }
}
