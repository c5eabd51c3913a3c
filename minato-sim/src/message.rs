//! Datagrams with their ECN bits, destination and interface, one at a time or many at once.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use crate::address::presented;
use crate::errno::{self, fail};
use crate::socket::{Family, Kind, Socket, scatterer};
use crate::udp::SendOptions;

/// What is known of a datagram that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// How many of its bytes were copied.
    pub len: usize,
    /// Whether there were more, which are lost.
    pub truncated: bool,
    /// Who sent it.
    pub from: SocketAddr,
    /// The address that it was sent to.
    pub to: IpAddr,
    /// The index of the interface that it came by: 1 is the loopback, 2 the link to other hosts.
    pub interface: u32,
    /// The two bits of Explicit Congestion Notification, as they were sent: no link sets them.
    pub ecn: u8,
}

impl Socket {
    /// Sends a datagram with the two ECN bits `ecn`, from the address `source` of its host if one
    /// is given.
    ///
    /// # Errors
    /// As [`send_to`](Socket::send_to); also `ENETUNREACH` or (for IPv6) `EINVAL` for a source that
    /// the host does not have, `EINVAL` for one that cannot be a source of a datagram to `address`,
    /// and `EOPNOTSUPP` for a stream.
    pub fn send_message(
        &self,
        bytes: &[u8],
        address: SocketAddr,
        ecn: u8,
        source: Option<IpAddr>,
    ) -> io::Result<usize> {
        self.must_be_datagram()?;
        let options = SendOptions { ecn: ecn & 0b11, source };
        self.lock()?.datagram_send(self.key, &[IoSlice::new(bytes)], Some(address), options)
    }

    /// Receives as many datagrams as wait, one into the front of each buffer, and hands the number
    /// of each buffer and its message to `each`. Returns how many there were: at least one.
    ///
    /// # Errors
    /// As [`recv`](Socket::recv); also `EINVAL` without a buffer, and `EOPNOTSUPP` for a stream.
    pub fn recv_messages(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        mut each: impl FnMut(usize, Message),
    ) -> io::Result<usize> {
        self.must_be_datagram()?;
        let mut state = self.lock()?;
        let mut received = 0;
        for buffer in buffers {
            let limit = buffer.len();
            let sink = scatterer(std::slice::from_mut(buffer));
            let datagram = match state.datagram_receive(self.key, limit, true, sink) {
                Ok(datagram) => datagram,
                // A pending error comes first, so this error says that no more datagrams wait.
                Err(_) if received > 0 => break,
                Err(error) => return Err(error),
            };
            let header = datagram.header;
            let message = Message {
                len: datagram.copied,
                truncated: datagram.truncated,
                from: presented(header.from, self.family),
                to: presented(header.to, self.family).ip(),
                interface: header.interface as u32,
                ecn: header.ecn,
            };
            each(received, message);
            received += 1;
        }
        if received == 0 { fail(errno::EINVAL) } else { Ok(received) }
    }

    fn must_be_datagram(&self) -> io::Result<()> {
        if self.kind == Kind::Datagram && self.family != Family::Unix {
            Ok(())
        } else {
            fail(errno::EOPNOTSUPP)
        }
    }
}
