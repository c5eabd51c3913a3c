//! Passing descriptors to the process at the other end.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::UnixStream;
use crate::engine::{CREDENTIALS, Interest, RECEIVE_FLAGS, SEND_FLAGS, close_on_exec};

/// The most descriptors that Linux passes with one message.
const MOST: usize = 253;

/// The size of one descriptor in a message.
const ONE: usize = size_of::<RawFd>();

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
        if buf.is_empty() || fds.len() > MOST {
            let (bytes, count) = (buf.len(), fds.len());
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "descriptors go with 1 byte or more, up to {MOST}; not {count} with {bytes}"
                ),
            ));
        }
        let socket = &self.socket;
        socket.io(Interest::WRITABLE, |source| send(source.descriptor(), buf, fds)).await
    }

    /// Receives bytes into `buf`, and up to `most` descriptors that came with them; returns how
    /// many bytes were received (0 is the end of the stream) and the descriptors, which are closed
    /// on exec. Descriptors beyond `most` are closed at once.
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
    /// let (len, mut fds) = two.recv_with_fds(&mut [0; 16], 1).await?;
    /// assert_eq!((len, fds.len()), (5, 1));
    /// let mut zeros = std::fs::File::from(fds.remove(0));
    /// zeros.read_exact(&mut [1; 4])?;
    /// # Ok(()) })
    /// # }
    /// ```
    pub async fn recv_with_fds(
        &self,
        buf: &mut [u8],
        most: usize,
    ) -> io::Result<(usize, Vec<OwnedFd>)> {
        if buf.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "descriptors are received with 1 byte or more, and the buffer is empty",
            ));
        }
        let most = most.min(MOST);
        self.socket.io(Interest::READABLE, |source| receive(source.descriptor(), buf, most)).await
    }
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

fn send(socket: BorrowedFd<'_>, buf: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
    let mut control = control(if fds.is_empty() { 0 } else { space(fds.len() * ONE) });
    let mut piece = libc::iovec { iov_base: buf.as_ptr().cast_mut().cast(), iov_len: buf.len() };
    let message = message(&mut piece, &mut control);
    if !fds.is_empty() {
        // SAFETY: `control` has room for a header and all descriptors, as `CMSG_SPACE` has
        // computed, is aligned for the header, and lives until the end of this function.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN((fds.len() * ONE) as u32) as _;
            let place = libc::CMSG_DATA(header).cast::<RawFd>();
            for (index, fd) in fds.iter().enumerate() {
                place.add(index).write_unaligned(fd.as_raw_fd());
            }
        }
    }
    // SAFETY: the message points to `buf`, which is only read, and to `control`; both live.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, SEND_FLAGS) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

fn receive(
    socket: BorrowedFd<'_>,
    buf: &mut [u8],
    most: usize,
) -> io::Result<(usize, Vec<OwnedFd>)> {
    // With `SO_PASSCRED` the credentials of the sender come first and must have room.
    let mut control = control(space(CREDENTIALS) + space(most * ONE));
    let mut piece = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut message = message(&mut piece, &mut control);
    // SAFETY: the message points to `buf` and `control`, which live and may be written to.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, RECEIVE_FLAGS) };
    let len = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    let mut fds = Vec::new();
    // SAFETY: the kernel has written valid control messages and their total length. Each descriptor
    // among them was opened for this process by this very call, and is taken once.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let place = libc::CMSG_DATA(header).cast::<RawFd>();
                let size = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for index in 0..size / ONE {
                    fds.push(OwnedFd::from_raw_fd(place.add(index).read_unaligned()));
                }
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    // The room for credentials and padding may have had room for more.
    fds.truncate(most);
    fds.iter().try_for_each(close_on_exec)?;
    Ok((len, fds))
}
