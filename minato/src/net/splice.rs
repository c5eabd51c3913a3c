//! Moving bytes between descriptors within the kernel: the system calls of Linux, each as it is.
//!
//! When to use them is decided in [`lane`](super::lane) and by the copies of [`io`](crate::io).

use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::pipe::{SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size};

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
        if !pipe.is_large && fcntl_getpipe_size(&pipe.writer)? < LEAST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(pipe)
    }

    fn enlarge(&mut self) {
        self.is_large = LARGE_PIPES.fetch_add(1, Ordering::Relaxed) < MOST_LARGE
            && fcntl_setpipe_size(&self.writer, LARGE).is_ok();
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
        let moved = splice(from, &self.writer, MOST_AT_ONCE)?;
        self.held += moved;
        Ok(moved)
    }

    /// Moves what is in the pipe, which must not be empty, into the socket `to`: so `WouldBlock`
    /// means that the socket is full.
    pub(crate) fn drain(&mut self, to: BorrowedFd<'_>) -> io::Result<usize> {
        debug_assert_ne!(self.held, 0, "an empty pipe would look like a full socket");
        let moved = splice(&self.reader, to, self.held)?;
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

/// Whether a write to a socket that nobody reads raises no signal. `splice` and `sendfile` cannot
/// be told to leave it out as `send` can, and by default it ends the process. Rust's programs
/// ignore it from the start; others, and those that chose otherwise, may not.
pub(crate) fn is_broken_pipe_ignored() -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call changes nothing and, when it succeeds, has written the
    // present one to `action`.
    unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init_ref().sa_sigaction == libc::SIG_IGN
    }
}

/// Sends up to `len` bytes of `file` from `offset` on; returns how many, 0 at the end of the file.
pub(crate) fn send_file(
    to: BorrowedFd<'_>,
    file: BorrowedFd<'_>,
    offset: u64,
    len: usize,
) -> io::Result<usize> {
    // Beyond what this call can express, std reads, and knows what no file has.
    let mut offset =
        libc::off_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: both descriptors are open while they are borrowed, and the kernel only reads and
    // writes `offset`.
    let moved = unsafe { libc::sendfile(to.as_raw_fd(), file.as_raw_fd(), &raw mut offset, len) };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}

fn splice(from: impl AsFd, to: impl AsFd, len: usize) -> io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    Ok(rustix::pipe::splice(from, None, to, None, len, flags)?)
}
