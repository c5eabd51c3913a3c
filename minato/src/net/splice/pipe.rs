//! A pipe between two sockets, in which bytes move within the kernel.

use crate::sync::plain::{AtomicUsize, Ordering};
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd};

use crate::os::platform::{pipe_size, set_pipe_size, splice};

/// What a large pipe holds, counted in whole pages: as much as any process may ask for. A pipe is
/// full when its slots are, of which there is one a page: bytes that arrived in small pieces fill
/// it long before.
const LARGE: usize = 1 << 20;
/// How many large pipes the process has at most. They halve what a splice costs, but many slow
/// readers would fill them all, and what a user may have in pipes is bounded.
const MOST_LARGE: usize = 16;
/// What a pipe has to hold to be worth its calls, and usually does. A user with very many pipes
/// gets smaller ones.
const LEAST: usize = 64 * 1024;
/// What one call is asked to move at most; the pipe's slots are the closer bound.
const MOST_AT_ONCE: usize = 1 << 20;

/// How many large pipes there are.
static LARGE_PIPES: AtomicUsize = AtomicUsize::new(0);

/// A pipe on the way between two sockets, and how many bytes it holds.
#[derive(Debug)]
pub(crate) struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
    held: usize,
    is_large: bool,
}

impl Pipe {
    /// An empty pipe. An error if there are none left, or only small ones.
    pub(crate) fn open() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut pipe = Self { reader, writer, held: 0, is_large: false };
        pipe.enlarge();
        if !pipe.is_large && pipe_size(pipe.writer.as_fd())? < LEAST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(pipe)
    }

    fn enlarge(&mut self) {
        self.is_large = LARGE_PIPES.fetch_add(1, Ordering::Relaxed) < MOST_LARGE
            && set_pipe_size(self.writer.as_fd(), LARGE).is_ok();
        if !self.is_large {
            LARGE_PIPES.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many bytes are in the pipe.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Moves what has arrived at the socket `from` into the pipe, which must be empty: so
    /// `WouldBlock` means that the socket is, and never that the pipe is full.
    ///
    /// 0 is what a stream gives at its end, but also one that stands at an urgent mark.
    pub(crate) fn fill(&mut self, from: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_eq!(self.held, 0, "a full pipe would look like an empty socket");
        let moved = splice(from, self.writer.as_fd(), MOST_AT_ONCE)?;
        self.held += moved;
        Ok(moved)
    }

    /// Moves what is in the pipe, which must not be empty, into the socket `to`: so `WouldBlock`
    /// means that the socket is full.
    pub(crate) fn drain(&mut self, to: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_ne!(self.held, 0, "an empty pipe would look like a full socket");
        let moved = splice(self.reader.as_fd(), to, self.held)?;
        self.held -= moved;
        Ok(moved)
    }

    /// Reads what is in the pipe.
    pub(crate) fn take(&mut self) -> io::Result<Vec<u8>> {
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
