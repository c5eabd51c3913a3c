//! Passing descriptors to the process at the other end, and learning whose process it is.

use std::io;
use std::os::fd::BorrowedFd;

use super::{ReceivedFds, SocketAddr, UCred, UnixDatagram, UnixStream};
use crate::engine::Interest;
use crate::net::forms::forms;
use crate::net::io::Waitable;
use crate::net::options::socket_options;
use crate::net::socket::{Socket, no_descriptor};
use crate::os::Transport;
use crate::os::fd_passing::{MAX_FDS, Message, receive, send};

/// Gives `$socket`, a stream or datagram socket, the methods that pass descriptors.
macro_rules! fds_api {
    ($socket:ident) => {
        socket_options!($socket: passcred);

        forms! {
            $socket, WRITABLE, Write;
            /// Sends bytes of `buf` to the peer, and duplicates of the descriptors `fds` with the
            /// first of them; returns how many bytes were sent, of a datagram all. The peer must
            /// receive with [`recv_with_fds`](Self::recv_with_fds), or the duplicates are lost.
            ///
            /// # Errors
            ///
            /// `InvalidInput` for more than 253 descriptors, and on a stream for an empty `buf`
            /// (they need at least one byte to travel with); else the system's.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, nothing was sent.
            fn send_with_fds, poll_send_with_fds, try_send_with_fds(
                &self, buf: &[u8], fds: &[BorrowedFd<'_>]
            ) -> usize; check self.socket.check_sent(buf, fds); {
                self.socket.send_fds(buf, fds, None)
            }
        }

        forms! {
            $socket, READABLE, Read;
            /// Receives bytes or a datagram into `buf`, and up to `most` descriptors that came with
            /// them. The result tells whether something is missing, and, after
            /// [`set_passcred`](Self::set_passcred), who sent it.
            ///
            /// # Errors
            ///
            /// On a stream `InvalidInput` for an empty `buf`; else the system's.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is done, nothing was received.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Read;
            /// use std::os::fd::AsFd;
            #[doc = concat!("use minato::net::", stringify!($socket), ";")]
            ///
            /// # fn main() -> std::io::Result<()> {
            /// # pollster::block_on(async {
            #[doc = concat!("let (one, two) = ", stringify!($socket), "::pair()?;")]
            /// let zeros = std::fs::File::open("/dev/zero")?;
            /// one.send_with_fds(b"zeros", &[zeros.as_fd()]).await?;
            ///
            /// let mut received = two.recv_with_fds(&mut [0; 16], 1).await?;
            /// assert_eq!((received.len, received.fds.len()), (5, 1));
            /// assert!(!received.truncated);
            /// let mut zeros = std::fs::File::from(received.fds.remove(0));
            /// zeros.read_exact(&mut [1; 4])?;
            /// # Ok(()) })
            /// # }
            /// ```
            fn recv_with_fds, poll_recv_with_fds, try_recv_with_fds(
                &self, buf: &mut [u8], most: usize
            ) -> ReceivedFds; check self.socket.check_room(buf); {
                self.socket.receive_fds(buf, most)
            }
        }
    };
}

fds_api!(UnixStream);
fds_api!(UnixDatagram);

impl UnixDatagram {
    /// Sends `buf` as one datagram to the socket at `target`, with duplicates of the descriptors
    /// `fds`, waiting while its queue is full; returns the length in bytes. An empty `buf` is sent
    /// as an empty datagram.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for more than 253 descriptors; else as [`send_to`](Self::send_to).
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, nothing was sent.
    pub async fn send_with_fds_to(
        &self,
        buf: &[u8],
        fds: &[BorrowedFd<'_>],
        target: &SocketAddr,
    ) -> io::Result<usize> {
        self.send_in_time(|| self.try_send_with_fds_to(buf, fds, target)).await
    }

    /// Like [`send_with_fds_to`](Self::send_with_fds_to), without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room at present; else as
    /// [`send_with_fds_to`](Self::send_with_fds_to).
    pub fn try_send_with_fds_to(
        &self,
        buf: &[u8],
        fds: &[BorrowedFd<'_>],
        target: &SocketAddr,
    ) -> io::Result<usize> {
        self.socket.check_sent(buf, fds)?;
        self.socket.try_io(Interest::WRITABLE, || self.socket.send_fds(buf, fds, Some(target)))
    }
}

impl Socket {
    /// Refuses what can never be sent.
    fn check_sent(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let least = usize::from(self.transport == Transport::UnixStream);
        if buf.len() >= least && fds.len() <= MAX_FDS {
            return Ok(());
        }
        let (bytes, count) = (buf.len(), fds.len());
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{count} descriptors with {bytes} bytes: up to {MAX_FDS} go with {least} or more"
            ),
        ))
    }

    /// Refuses to receive from a stream into nothing, which could not be told from the end.
    fn check_room(&self, buf: &[u8]) -> io::Result<()> {
        if !buf.is_empty() || self.transport != Transport::UnixStream {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "descriptors are received with 1 byte or more, and the buffer is empty",
        ))
    }

    fn send_fds(
        &self,
        buf: &[u8],
        fds: &[BorrowedFd<'_>],
        target: Option<&SocketAddr>,
    ) -> io::Result<usize> {
        self.os().ok_or_else(|| no_descriptor("passing descriptors"))?;
        send(self.raw_descriptor(), buf, fds, target)
    }

    fn receive_fds(&self, buf: &mut [u8], most: usize) -> io::Result<ReceivedFds> {
        self.os().ok_or_else(|| no_descriptor("passing descriptors"))?;
        let received = receive(self.raw_descriptor(), buf, most);
        let message = self.or_end(received, Message::end)?;
        let credentials = message.credentials.map(|(uid, gid, pid)| UCred { uid, gid, pid });
        Ok(ReceivedFds {
            len: message.len,
            fds: message.fds,
            truncated: message.lacks_fds,
            datagram_truncated: message.is_cut,
            credentials,
            from: message.from.unix()?,
        })
    }
}
