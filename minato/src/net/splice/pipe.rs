//! A pipe between two sockets, in which bytes move within the kernel, and the pipes that are spare.
//!
//! A pipe costs two descriptors and some microseconds, so a copy has one only as long as bytes take
//! to pass. An empty one becomes spare, for the next copy that needs one; one with bytes in it is
//! never handed on.

use crate::sync::plain::{AtomicUsize, Ordering};
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd};

use crate::os::platform::{self, pipe_size, set_pipe_size, splice};
use crate::reactor::process::PerProcess;

/// What a large pipe holds, counted in whole pages: as much as any process may ask for. A pipe has
/// one slot a page, and is full when its slots are. Bytes that arrived in small pieces fill it long
/// before.
const LARGE: usize = 1 << 20;
/// How many large pipes the process has at most. They halve what a splice costs, but many slow
/// readers would fill them all, and what a user may have in pipes is bounded.
const MAX_LARGE: usize = 16;
/// What a pipe has to hold to be worth its calls, and usually does. A user with very many pipes
/// gets smaller ones.
const MIN_SIZE: usize = 64 * 1024;
/// What one call is asked to move at most; the pipe's slots are the closer bound.
const MAX_AT_ONCE: usize = 1 << 20;

/// How many empty pipes are kept. More are of no use: only a running copy needs one, and at most
/// one runs per thread.
const MAX_SPARE: usize = 8;

/// How many large pipes there are.
static LARGE_PIPES: AtomicUsize = AtomicUsize::new(0);

/// A pipe on the way between two sockets, and how many bytes it holds.
#[derive(Debug)]
pub(super) struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
    held: usize,
    is_large: bool,
}

impl Pipe {
    /// An empty pipe. An error if there are none left, or only small ones.
    pub(super) fn open() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut pipe = Self { reader, writer, held: 0, is_large: false };
        pipe.enlarge();
        if !pipe.is_large && pipe_size(pipe.writer.as_fd())? < MIN_SIZE {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(pipe)
    }

    fn enlarge(&mut self) {
        self.is_large = LARGE_PIPES.fetch_add(1, Ordering::Relaxed) < MAX_LARGE
            && set_pipe_size(self.writer.as_fd(), LARGE).is_ok();
        if !self.is_large {
            LARGE_PIPES.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many bytes are in the pipe.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Moves what has arrived at the socket `from` into the pipe, which must be empty: so
    /// `WouldBlock` means that the socket is, and never that the pipe is full.
    ///
    /// 0 is what a stream gives at its end, but also one that stands at an urgent mark.
    pub(super) fn fill(&mut self, from: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0, "a full pipe would look like an empty socket");
        let moved = splice(from, self.writer.as_fd(), MAX_AT_ONCE)?;
        self.held += moved;
        Ok(moved)
    }

    /// Moves what is in the pipe, which must not be empty, into the socket `to`: so `WouldBlock`
    /// means that the socket is full.
    pub(super) fn drain(&mut self, to: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_ne!(self.held, 0, "an empty pipe would look like a full socket");
        let moved = splice(self.reader.as_fd(), to, self.held)?;
        self.held -= moved;
        Ok(moved)
    }

    /// Reads what is in the pipe.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.held];
        self.reader.read_exact(&mut bytes)?;
        self.held = 0;
        Ok(bytes)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if self.is_large {
            LARGE_PIPES.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

static SPARES: PerProcess<Spares> = PerProcess::new(Spares { pipes: Vec::new(), users: 0 });

/// Empty pipes, and how many copies there are to use them.
#[derive(Default)]
struct Spares {
    pipes: Vec<Pipe>,
    users: usize,
}

impl Spares {
    /// Adds `pipe`, or gives back what is one too many.
    fn add(&mut self, pipe: Pipe) -> Option<Pipe> {
        if self.pipes.len() < MAX_SPARE.min(self.users) {
            self.pipes.push(pipe);
            return None;
        }
        Some(pipe)
    }

    /// One copy less; gives back the pipe that is then one too many.
    fn leave(&mut self) -> Option<Pipe> {
        // In a forked child, copies of the parent leave that have not entered.
        self.users = self.users.saturating_sub(1);
        if self.pipes.len() > self.users { self.pipes.pop() } else { None }
    }
}

/// The pipe of a copy that splices, as long as it needs one.
#[derive(Debug)]
pub(super) struct SplicePipe {
    pipe: Option<Pipe>,
}

impl SplicePipe {
    /// With its first pipe.
    ///
    /// # Errors
    ///
    /// When there are no pipes left, or none at all on this system, or when a peer that is gone
    /// would end the process by a signal.
    pub(super) fn open() -> io::Result<Self> {
        if !platform::is_broken_pipe_ignored() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        SPARES.lock().users += 1;
        let mut new = Self { pipe: None };
        new.pipe()?;
        Ok(new)
    }

    /// How many bytes are in it.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.pipe.as_ref().map_or(0, Pipe::held)
    }

    /// Makes sure that there is a pipe.
    pub(super) fn pipe(&mut self) -> io::Result<&mut Pipe> {
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
    pub(super) fn release(&mut self) {
        if let Some(pipe) = self.pipe.take_if(|pipe| pipe.held() == 0) {
            let unwanted = SPARES.lock().add(pipe);
            drop(unwanted);
        }
    }

    /// The bytes on their way, taken out.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        self.pipe.as_mut().map_or_else(|| Ok(Vec::new()), Pipe::take)
    }
}

impl Drop for SplicePipe {
    fn drop(&mut self) {
        self.release();
        let unwanted = SPARES.lock().leave();
        drop(unwanted);
    }
}
