//! A copy between two sockets past user memory, by a pipe.
//!
//! Splicing only moves bytes. The rest, that the stream has ended or is at an urgent mark, is left
//! to reading. An error that a splice took from the socket is reported where reading would have met
//! it, after everything that came before.

mod pipe;
mod policy;

use std::io;
use std::task::{Context, Poll, ready};

use self::pipe::{Pipe, SplicePipe};
use self::policy::Policy;
use super::io::{Done, Waitable};
use super::socket::Socket;
use crate::engine::Direction;
use crate::io::{AsyncRead, AsyncWrite};
use crate::os::Transport;
use crate::sync::plain::{AtomicU64, Ordering};

/// Bytes that were spliced, in all.
static SPLICED: AtomicU64 = AtomicU64::new(0);

/// The faster way of one copy, which it takes while that pays.
#[derive(Debug)]
pub(crate) struct Splice {
    policy: Policy,
    /// There while bytes go this way.
    pipe: Option<SplicePipe>,
    /// An error of the reader's socket, which the socket has reported and forgotten.
    taken: Option<io::Error>,
    /// False if the copy must not, and once the kernel refused.
    possible: bool,
    /// Whether there is anything to do here. It is false as long as bytes are copied and nothing
    /// speaks for splicing, so that a copy has one thing to check.
    is_active: bool,
}

/// What came of an attempt to hand on what is in the pipe.
pub(crate) enum Drained {
    Moved(usize),
    /// The writer cannot be reached this way: here are the bytes again.
    Copy(Vec<u8>),
}

impl Splice {
    /// With `possible` false it never splices.
    pub(crate) fn new(possible: bool) -> Self {
        Self { policy: Policy::default(), pipe: None, taken: None, possible, is_active: false }
    }

    /// How many bytes are between reader and writer, in the pipe.
    pub(crate) fn held(&self) -> usize {
        self.pipe.as_ref().map_or(0, SplicePipe::held)
    }

    /// Whether there is more to do than to copy on.
    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.is_active
    }

    /// So many bytes were read in the ordinary way.
    #[inline]
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.policy.moved(bytes);
        if self.possible && self.policy.starts() {
            self.is_active = true;
        }
    }

    /// The reader has nothing more at the moment: holds no pipe meanwhile, and goes back to copying
    /// if the reader has been giving little.
    pub(crate) fn pause(&mut self) {
        self.policy.pause();
        if let Some(pipe) = &mut self.pipe {
            if self.policy.stops() {
                self.leave();
            } else {
                pipe.release();
            }
        }
    }

    /// Whether the copy should now [try](Self::enter) to splice.
    pub(crate) fn wants_to_enter(&self) -> bool {
        self.pipe.is_none() && self.possible && self.policy.starts()
    }

    /// Starts to splice if both ends are sockets of the system and there is a pipe; returns whether
    /// it does. If not, it wants to again after as many bytes more.
    pub(crate) fn enter<R, W>(&mut self, reader: &R, writer: &W) -> bool
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        self.policy.restart();
        if reader.direct_reader().is_some() && writer.direct_writer().is_some() {
            self.pipe = SplicePipe::open().ok();
        }
        self.is_active = self.pipe.is_some();
        self.pipe.is_some()
    }

    fn leave(&mut self) {
        self.pipe = None;
        self.is_active = false;
        self.policy.restart();
    }

    /// Moves what has arrived into the pipe, which must be empty. 0 means that it has to be read.
    pub(crate) fn poll_fill<R>(&mut self, cx: &mut Context<'_>, reader: &R) -> Poll<usize>
    where
        R: AsyncRead + ?Sized,
    {
        let (Some(pipe), Some(end)) = (&mut self.pipe, reader.direct_reader()) else {
            return Poll::Ready(0);
        };
        let filled = match pipe.pipe() {
            Ok(pipe) => ready!(end.poll_fill(cx, pipe)),
            Err(_) => {
                self.leave();
                return Poll::Ready(0);
            }
        };
        Poll::Ready(match filled {
            Ok(count) => {
                self.policy.moved(count);
                count
            }
            Err(error) => {
                self.leave();
                self.possible = false;
                if !is_refusal(&error) {
                    self.taken = Some(error);
                }
                0
            }
        })
    }

    /// Moves what is in the pipe, which must not be empty, to the writer.
    pub(crate) fn poll_drain<W>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &W,
    ) -> Poll<io::Result<Drained>>
    where
        W: AsyncWrite + ?Sized,
    {
        let Some(pipe) = &mut self.pipe else { return Poll::Ready(Ok(Drained::Moved(0))) };
        if let Some(end) = writer.direct_writer() {
            match ready!(end.poll_drain(cx, pipe.pipe()?)) {
                Err(error) if is_refusal(&error) => self.possible = false,
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                result => return Poll::Ready(result.map(Drained::Moved)),
            }
        }
        Poll::Ready(self.take().map(Drained::Copy))
    }

    /// Stops splicing, and gives back what is in the pipe.
    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
        let bytes = self.pipe.as_mut().map_or_else(|| Ok(Vec::new()), SplicePipe::take)?;
        self.leave();
        Ok(bytes)
    }

    /// How the reader ended when reading found nothing more: with the error that a splice took, or
    /// as `ended` says.
    pub(crate) fn end(&mut self, ended: io::Result<()>) -> io::Result<()> {
        self.taken.take().map_or(ended, Err)
    }

    /// Whether an error is to be reported as soon as the reader gives nothing more.
    #[inline]
    pub(crate) fn has_taken_an_error(&self) -> bool {
        self.taken.is_some()
    }
}

/// A stream socket at one end of a copy: bytes can be spliced between two of these.
///
/// Readers and writers give theirs by a hidden method of their trait. Other code cannot make one,
/// or do anything with it.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "it is not for users")]
pub struct Direct<'a>(&'a Socket);

impl Socket {
    /// This socket as an end of a copy, if the system knows it.
    pub(crate) fn direct(&self) -> Option<Direct<'_>> {
        let is_stream = matches!(self.transport, Transport::Tcp | Transport::UnixStream);
        (is_stream && self.os().is_some()).then_some(Direct(self))
    }
}

/// How many bytes copies of this process have moved without touching them.
#[doc(hidden)]
pub fn spliced_bytes() -> u64 {
    SPLICED.load(Ordering::Relaxed)
}

impl Direct<'_> {
    /// Moves what has arrived here into the pipe, which must be empty. 0 means that only a read can
    /// show what comes next: an urgent mark, behind which the kernel does not move anything, or the
    /// end of the stream, which it reports at such a mark too.
    ///
    /// What would block is known to be an empty socket, so it is waited for. Less than there is
    /// room for says nothing about the socket: slots may have been what was short.
    fn poll_fill(self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        let socket = self.0;
        socket.poll_io(cx, Direction::Read, || {
            let snapshot = socket.registration().snapshot();
            if snapshot.is_some_and(|snapshot| snapshot.readiness().is_priority()) {
                return Ok(Done::Whole(0));
            }
            socket.flush_outbox()?;
            pipe.fill(socket.raw_descriptor()).map(Done::Whole)
        })
    }

    /// Moves what is in the pipe, which must not be empty, to this socket.
    fn poll_drain(self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        let socket = self.0;
        socket.poll_io(cx, Direction::Write, || {
            socket.flush_outbox()?;
            let moved = pipe.drain(socket.raw_descriptor())?;
            SPLICED.fetch_add(moved as u64, Ordering::Relaxed);
            Ok(Done::Whole(moved))
        })
    }
}

/// Whether an error means that bytes cannot go this way here, and nothing about the socket. What
/// does not come from the system concerns the reactor, and a plain operation will meet it too.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        None | Some(
            libc::EINVAL
                | libc::ENOSYS
                | libc::EOPNOTSUPP
                | libc::EPERM
                | libc::EACCES
                | libc::ENOMEM
        )
    )
}
