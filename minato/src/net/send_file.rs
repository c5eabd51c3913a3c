//! Sending a file: within the kernel where it does that, else through a small buffer.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::io::Wait;
use super::socket::{Socket, StreamVerbs};
use super::splice::is_refusal;
use crate::engine::Interest;
use crate::os::platform;
use crate::task::budget::CallBudget;

/// What one call sends at most. The disk is read meanwhile, and the thread waits for it.
const MAX_AT_ONCE: usize = 256 * 1024;
/// The size of the buffer where there is no other way.
const BUFFER: usize = 64 * 1024;

/// The future of `send_file`: of [`TcpStream`](super::TcpStream::send_file),
/// [`UnixStream`](super::UnixStream::send_file), and the writing halves of both.
///
/// # Examples
///
/// ```
/// use minato::io::AsyncReadExt;
/// use minato::net::UnixStream;
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// # pollster::block_on(async {
/// let mut file = tempfile::tempfile()?;
/// file.write_all(b"HEADER the body")?;
///
/// let (sender, mut receiver) = UnixStream::pair()?;
/// assert_eq!(sender.send_file(&file, 7, None).await?, 8);
/// drop(sender);
/// let mut received = Vec::new();
/// receiver.read_to_end(&mut received).await?;
/// assert_eq!(received, b"the body");
/// # Ok(()) })
/// # }
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct SendFile<'a, F> {
    wait: Wait<'a, Socket>,
    file: F,
    offset: u64,
    /// What is still to be sent; `None` is everything.
    left: Option<u64>,
    sent: u64,
    /// Whether it is known if the kernel may send the file by itself.
    is_checked: bool,
    /// There once the kernel would not send the file by itself.
    fallback: Option<Fallback>,
}

/// A file and a piece of it that was read: `buffer[start..end]` is still to be sent.
struct Fallback {
    file: File,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl<'a, F: AsFd> SendFile<'a, F> {
    pub(super) fn new(socket: &'a Socket, file: F, offset: u64, len: Option<u64>) -> Self {
        let wait = Wait::new(socket, Interest::WRITABLE);
        Self { wait, file, offset, left: len, sent: 0, is_checked: false, fallback: None }
    }

    /// How many bytes were sent so far: also after an error, and before the future is dropped.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Sends once; 0 is the end of the file.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let max = self.left.map_or(MAX_AT_ONCE, |left| left.min(MAX_AT_ONCE as u64) as usize);
        if !self.is_checked {
            // Asked once: a program changes what it does about signals at its start, if at all.
            if self.wait.waitable().os().is_none() || !platform::is_broken_pipe_ignored() {
                self.fallback = Some(Fallback::new(&self.file)?);
            }
            self.is_checked = true;
        }
        if self.fallback.is_none() {
            let (file, offset) = (self.file.as_fd(), self.offset);
            let socket = self.wait.waitable();
            let sent = ready!(self.wait.poll_io(cx, || {
                socket.flush_outbox()?;
                platform::send_file(socket.raw_descriptor(), file, offset, max)
            }));
            match sent {
                Err(error) if is_refusal(&error) => {
                    self.fallback = Some(Fallback::new(&self.file)?);
                }
                sent => return Poll::Ready(sent),
            }
        }
        let Some(fallback) = &mut self.fallback else { return Poll::Ready(Ok(0)) };
        let piece = fallback.piece(self.offset, max)?;
        if piece.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let socket = self.wait.waitable();
        let sent = ready!(self.wait.poll_io(cx, || socket.send(piece)))?;
        fallback.start += sent;
        Poll::Ready(Ok(sent))
    }
}

impl Fallback {
    fn new(file: &impl AsFd) -> io::Result<Self> {
        // A duplicate, since it is std's file that can read at a position, and it owns what it has.
        let file = File::from(file.as_fd().try_clone_to_owned()?);
        Ok(Self { file, buffer: Vec::new(), start: 0, end: 0 })
    }

    /// What is next to be sent of the file, which `offset` points to: up to `max` bytes.
    fn piece(&mut self, offset: u64, max: usize) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.buffer.resize(BUFFER, 0);
            let room = &mut self.buffer[..max.min(BUFFER)];
            let len = loop {
                match self.file.read_at(room, offset) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    len => break len?,
                }
            };
            (self.start, self.end) = (0, len);
        }
        Ok(&self.buffer[self.start..self.end])
    }
}

impl<F: AsFd + Unpin> Future for SendFile<'_, F> {
    type Output = io::Result<u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut budget = ready!(CallBudget::poll_new(cx));
        while this.left != Some(0) {
            let sent = ready!(this.poll_send(cx))?;
            if sent == 0 {
                break;
            }
            this.sent += sent as u64;
            this.offset += sent as u64;
            this.left = this.left.map(|left| left.saturating_sub(sent as u64));
            ready!(budget.poll_spend(cx, sent));
        }
        Poll::Ready(Ok(this.sent))
    }
}

crate::debug::opaque!(SendFile<'a, F>, |it| offset: it.offset, left: it.left, sent: it.sent);
