//! Passing descriptors to the process at the other end.

use std::io;
use std::os::fd::BorrowedFd;
use std::task::{Context, Poll};

use super::{ReceivedFds, UnixStream};
use crate::engine::{Direction, Interest};
use crate::net::io::{Done, Waitable};
use crate::os::fd_passing::{MAX_FDS, receive, send};

impl UnixStream {
    /// Sends bytes of `buf` and duplicates of the descriptors `fds` with the first of them; returns
    /// how many bytes were sent. The peer must receive with
    /// [`recv_with_fds`](Self::recv_with_fds), or the duplicates are lost.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an empty `buf` (descriptors need at least one byte to travel with) or
    /// more than 253 descriptors; else the system's.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, nothing was sent.
    pub async fn send_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        check_sent(buf, fds)?;
        self.socket.io(Interest::WRITABLE, || self.send_fds(buf, fds)).await
    }

    /// The poll form of [`send_with_fds`](Self::send_with_fds).
    ///
    /// # Errors
    ///
    /// As [`send_with_fds`](Self::send_with_fds).
    pub fn poll_send_with_fds(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        fds: &[BorrowedFd<'_>],
    ) -> Poll<io::Result<usize>> {
        check_sent(buf, fds)?;
        self.socket.poll_io(cx, Direction::Write, || self.send_fds(buf, fds).map(Done::Whole))
    }

    /// Like [`send_with_fds`](Self::send_with_fds), without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room at present; else as
    /// [`send_with_fds`](Self::send_with_fds).
    pub fn try_send_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        check_sent(buf, fds)?;
        self.socket.try_io(Interest::WRITABLE, || self.send_fds(buf, fds))
    }

    /// Receives bytes into `buf`, and up to `most` descriptors that came with them. The result
    /// tells whether descriptors are missing.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an empty `buf`; else the system's.
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
    /// use minato::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # pollster::block_on(async {
    /// let (one, two) = UnixStream::pair()?;
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
    pub async fn recv_with_fds(&self, buf: &mut [u8], most: usize) -> io::Result<ReceivedFds> {
        check_room(buf)?;
        self.socket.io(Interest::READABLE, || self.receive_fds(buf, most)).await
    }

    /// The poll form of [`recv_with_fds`](Self::recv_with_fds).
    ///
    /// # Errors
    ///
    /// As [`recv_with_fds`](Self::recv_with_fds).
    pub fn poll_recv_with_fds(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
        most: usize,
    ) -> Poll<io::Result<ReceivedFds>> {
        check_room(buf)?;
        self.socket.poll_io(cx, Direction::Read, || self.receive_fds(buf, most).map(Done::Whole))
    }

    /// Like [`recv_with_fds`](Self::recv_with_fds), without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is nothing at present; else as
    /// [`recv_with_fds`](Self::recv_with_fds).
    pub fn try_recv_with_fds(&self, buf: &mut [u8], most: usize) -> io::Result<ReceivedFds> {
        check_room(buf)?;
        self.socket.try_io(Interest::READABLE, || self.receive_fds(buf, most))
    }
}

/// Refuses what can never be sent.
fn check_sent(buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    if buf.is_empty() || fds.len() > MAX_FDS {
        let (bytes, count) = (buf.len(), fds.len());
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "descriptors go with 1 byte or more, up to {MAX_FDS}; not {count} with {bytes}"
            ),
        ));
    }
    Ok(())
}

/// Refuses to receive into nothing, which could not be told from the end.
fn check_room(buf: &[u8]) -> io::Result<()> {
    if buf.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "descriptors are received with 1 byte or more, and the buffer is empty",
        ));
    }
    Ok(())
}

impl UnixStream {
    fn send_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        send(self.socket.raw_descriptor(), buf, fds)
    }

    fn receive_fds(&self, buf: &mut [u8], most: usize) -> io::Result<ReceivedFds> {
        let (len, fds, truncated) = receive(self.socket.raw_descriptor(), buf, most)?;
        Ok(ReceivedFds { len, fds, truncated })
    }
}
