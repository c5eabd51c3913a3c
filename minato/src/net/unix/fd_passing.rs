//! Passing descriptors to the process at the other end.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use super::{ReceivedFds, UnixStream};
use crate::engine::{Direction, Interest};
use crate::net::io::{Done, Waitable};
use crate::net::socket::Socket;

/// How many descriptors Linux passes with one message.
const MAX_FDS: usize = 253;

/// The size of one descriptor in a message.
const FD_SIZE: usize = size_of::<RawFd>();

/// The size of the credentials of a sender in a message.
const CREDENTIALS_SIZE: usize = size_of::<libc::ucred>();

/// The kind of message that brings a descriptor of the sender's process, since Linux 6.5.
const SCM_PIDFD: i32 = 4;

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
        self.socket.io(Interest::WRITABLE, || send(&self.socket, buf, fds)).await
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
        self.socket.poll_io(cx, Direction::Write, || send(&self.socket, buf, fds).map(Done::Whole))
    }

    /// Like [`send_with_fds`](Self::send_with_fds), without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room at present; else as
    /// [`send_with_fds`](Self::send_with_fds).
    pub fn try_send_with_fds(&self, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        check_sent(buf, fds)?;
        self.socket.try_io(Interest::WRITABLE, || send(&self.socket, buf, fds))
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
        self.socket.io(Interest::READABLE, || receive(&self.socket, buf, most)).await
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
        self.socket
            .poll_io(cx, Direction::Read, || receive(&self.socket, buf, most).map(Done::Whole))
    }

    /// Like [`recv_with_fds`](Self::recv_with_fds), without waiting.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is nothing at present; else as
    /// [`recv_with_fds`](Self::recv_with_fds).
    pub fn try_recv_with_fds(&self, buf: &mut [u8], most: usize) -> io::Result<ReceivedFds> {
        check_room(buf)?;
        self.socket.try_io(Interest::READABLE, || receive(&self.socket, buf, most))
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

/// The room that a control message of `bytes` takes up.
fn space(bytes: usize) -> usize {
    // SAFETY: the function only computes.
    unsafe { libc::CMSG_SPACE(bytes as u32) as usize }
}

/// Memory for control messages of `bytes`, aligned as their headers must be.
fn control(bytes: usize) -> Vec<usize> {
    vec![0; bytes.div_ceil(size_of::<usize>())]
}

/// A message of one piece and the control messages in `control`.
fn message(piece: &mut libc::iovec, control: &mut [usize]) -> libc::msghdr {
    // SAFETY: all zeroes are a valid message without name, pieces and control messages.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_iov = piece;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(control) as _;
    message
}

fn send(socket: &Socket, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(fds.len()))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    let (socket, pieces) = (socket.raw_descriptor(), [IoSlice::new(buf)]);
    Ok(rustix::net::sendmsg(socket, &pieces, &mut control, SendFlags::NOSIGNAL)?)
}

fn receive(socket: &Socket, buf: &mut [u8], most: usize) -> io::Result<ReceivedFds> {
    let most = most.min(MAX_FDS);
    // The credentials of the sender come first (`SO_PASSCRED`), a descriptor of its process last
    // (`SO_PASSPIDFD`). They have room of their own, so that they displace no descriptor.
    let room = space(CREDENTIALS_SIZE) + space(most * FD_SIZE) + space(FD_SIZE);
    let mut control = control(room);
    let mut piece = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut message = message(&mut piece, &mut control);
    let socket = socket.raw_descriptor().as_raw_fd();
    // SAFETY: the message points to `buf` and `control`, which live and may be written to.
    let received = unsafe { libc::recvmsg(socket, &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    let len = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    let mut fds = own_descriptors(&message);
    // The room for the others, if they did not come, has had room for more.
    let truncated = message.msg_flags & libc::MSG_CTRUNC != 0 || fds.len() > most;
    fds.truncate(most);
    Ok(ReceivedFds { len, fds, truncated })
}

/// Owns every descriptor in a message that the kernel has filled; returns those that the sender
/// passed, and closes the one that the kernel added.
fn own_descriptors(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut passed = Vec::new();
    // SAFETY: the kernel has written valid control messages and their total length. Each descriptor
    // among them was opened for this process by this very call, and is taken once.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            let kind = ((*header).cmsg_level, (*header).cmsg_type);
            if let (libc::SOL_SOCKET, libc::SCM_RIGHTS | SCM_PIDFD) = kind {
                let place = libc::CMSG_DATA(header).cast::<RawFd>();
                let size = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for index in 0..size / FD_SIZE {
                    let number = place.add(index).read_unaligned();
                    // Instead of a process that has ended comes an error, which is negative.
                    let descriptor = (number >= 0).then(|| OwnedFd::from_raw_fd(number));
                    passed.extend(descriptor.filter(|_| kind.1 == libc::SCM_RIGHTS));
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    passed
}
