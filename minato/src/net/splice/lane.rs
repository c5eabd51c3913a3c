//! The way past user memory between two sockets: a lane, which holds a pipe while bytes are in it.
//!
//! A pipe costs two descriptors and some microseconds, so a copy has one only for the time that
//! bytes take to pass. An empty one is kept for the next lane that needs it, up to a few and not
//! more than there are lanes; one with bytes in it is never handed on.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use super::pipe::Pipe;
use crate::engine::Direction;
use crate::net::io::{Done, Waitable};
use crate::net::socket::Socket;
use crate::os::Transport;
use crate::os::platform::is_broken_pipe_ignored;
use crate::reactor::process::PerProcess;

/// How many pipes wait for their next use at most: those with bytes in them apart, there are never
/// more at work than threads.
const MOST_SPARE: usize = 8;

static SPARES: PerProcess<Spares> = PerProcess::new(Spares { pipes: Vec::new(), lanes: 0 });

/// Bytes that passed a lane, in all.
static PASSED: AtomicU64 = AtomicU64::new(0);

/// Empty pipes, and how many lanes there are to use them.
#[derive(Default)]
struct Spares {
    pipes: Vec<Pipe>,
    lanes: usize,
}

impl Spares {
    /// Keeps `pipe`, or gives back what is one too many.
    fn keep(&mut self, pipe: Pipe) -> Option<Pipe> {
        if self.pipes.len() < MOST_SPARE.min(self.lanes) {
            self.pipes.push(pipe);
            return None;
        }
        Some(pipe)
    }

    /// One lane less; gives back the pipe that is then one too many.
    fn leave(&mut self) -> Option<Pipe> {
        // In a forked child the lanes of the parent leave without having entered.
        self.lanes = self.lanes.saturating_sub(1);
        if self.pipes.len() > self.lanes { self.pipes.pop() } else { None }
    }
}

/// A stream socket at one end of a copy: between two of these, bytes can pass a lane.
///
/// Readers and writers show theirs by a hidden method of their trait. Nobody else can make one, or
/// do anything with it.
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
    PASSED.load(Ordering::Relaxed)
}

/// One direction of a copy that goes by pipe.
#[derive(Debug)]
pub(crate) struct Lane {
    pipe: Option<Pipe>,
}

impl Lane {
    /// A lane with its first pipe.
    ///
    /// # Errors
    ///
    /// When there are no pipes left, or none at all on this system, or when a peer that is gone
    /// would end the process by a signal.
    pub(crate) fn open() -> io::Result<Self> {
        if !is_broken_pipe_ignored() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        SPARES.lock().lanes += 1;
        let mut lane = Self { pipe: None };
        lane.pipe()?;
        Ok(lane)
    }

    /// How many bytes are on their way.
    #[inline]
    pub(crate) fn held(&self) -> usize {
        self.pipe.as_ref().map_or(0, Pipe::held)
    }

    /// Makes sure that there is a pipe.
    pub(crate) fn pipe(&mut self) -> io::Result<&mut Pipe> {
        let pipe = match self.pipe.take() {
            Some(pipe) => pipe,
            None => {
                let spare = SPARES.lock().pipes.pop();
                spare.map_or_else(Pipe::open, Ok)?
            }
        };
        Ok(self.pipe.insert(pipe))
    }

    /// Gives an empty pipe back while there is nothing to move.
    pub(crate) fn rest(&mut self) {
        if let Some(pipe) = self.pipe.take_if(|pipe| pipe.held() == 0) {
            let unwanted = SPARES.lock().keep(pipe);
            drop(unwanted);
        }
    }

    /// The bytes on their way, taken out.
    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
        self.pipe.as_mut().map_or_else(|| Ok(Vec::new()), Pipe::take)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.rest();
        let unwanted = SPARES.lock().leave();
        drop(unwanted);
    }
}

impl Direct<'_> {
    /// Moves what has arrived here into the pipe, which must be empty. 0 means that only a read can
    /// tell what comes next: an urgent mark, behind which the kernel does not move anything, or the
    /// end of the stream, which it reports at such a mark too.
    ///
    /// What would block is known to be an empty socket, so it is waited for. Less than there is
    /// room for says nothing about the socket: slots may have been what was short.
    pub(crate) fn poll_fill(
        self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
    ) -> Poll<io::Result<usize>> {
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
    pub(crate) fn poll_drain(
        self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
    ) -> Poll<io::Result<usize>> {
        let socket = self.0;
        socket.poll_io(cx, Direction::Write, || {
            socket.flush_outbox()?;
            let moved = pipe.drain(socket.raw_descriptor())?;
            PASSED.fetch_add(moved as u64, Ordering::Relaxed);
            Ok(Done::Whole(moved))
        })
    }
}

/// Whether an error tells that bytes cannot go this way here, and nothing about the socket. What
/// does not come from the system concerns the reactor, and the ordinary way will meet it too.
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
