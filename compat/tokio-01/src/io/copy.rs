//! Copying from a reader to a writer.

use std::fmt;
use std::io;

use futures::{Async, Future, Poll, try_ready};

use super::parts::Parts;
use super::{AsyncRead, AsyncWrite};

/// How many bytes are read at a time.
const BUFFER: usize = 8 * 1024;

/// Copies everything from `reader` to `writer`; gives the number of bytes, the reader and the
/// writer back. The writer is flushed at the end, and is not shut down.
///
/// Unlike tokio 0.1's, which kept bytes in a buffered writer for as long as the reader was idle,
/// this also flushes whenever the reader has nothing more at the moment.
///
/// # Errors
///
/// `WriteZero` if the writer takes nothing more; else the reader's or the writer's.
/// [`Copy::into_parts`] then has everything.
///
/// ```
/// use std::io::Cursor;
/// use futures::Future;
///
/// let (copied, _, target) = tokio::io::copy(&b"cargo"[..], Cursor::new(Vec::new())).wait()?;
/// assert_eq!((copied, target.into_inner()), (5, b"cargo".to_vec()));
/// # std::io::Result::Ok(())
/// ```
pub fn copy<R: AsyncRead, W: AsyncWrite>(reader: R, writer: W) -> Copy<R, W> {
    let between = Between { block: vec![0; BUFFER], start: 0, end: 0 };
    let state = State { between, copied: 0, is_at_end: false, unflushed: false };
    Copy { parts: Parts::new("Copy", (reader, writer, state)) }
}

/// The future of [`copy`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Copy<R, W> {
    parts: Parts<(R, W, State)>,
}

/// How far a copy has come.
#[derive(Debug)]
struct State {
    between: Between,
    copied: u64,
    is_at_end: bool,
    /// Whether the writer may be keeping bytes back.
    unflushed: bool,
}

/// What was read, and of it what was not written yet.
struct Between {
    block: Vec<u8>,
    start: usize,
    end: usize,
}

impl Between {
    fn unwritten(&self) -> &[u8] {
        &self.block[self.start..self.end]
    }
}

impl fmt::Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.unwritten().len())
    }
}

impl<R, W> Copy<R, W> {
    /// The reader, the writer, how many bytes were written, and those that were read after them
    /// and not written; `None` after success.
    pub fn into_parts(self) -> Option<(R, W, u64, Vec<u8>)> {
        let (reader, writer, state) = self.parts.into_inner()?;
        Some((reader, writer, state.copied, state.between.unwritten().to_vec()))
    }
}

impl State {
    /// Writes what was read.
    fn drain<W: AsyncWrite>(&mut self, writer: &mut W) -> Poll<(), io::Error> {
        while !self.between.unwritten().is_empty() {
            let len = try_ready!(writer.poll_write(self.between.unwritten()));
            if len == 0 {
                let text = "write zero byte into writer";
                return Err(io::Error::new(io::ErrorKind::WriteZero, text));
            }
            self.between.start += len;
            self.copied += len as u64;
            self.unflushed = true;
        }
        Ok(Async::Ready(()))
    }

    fn flush<W: AsyncWrite>(&mut self, writer: &mut W) -> Poll<(), io::Error> {
        if self.unflushed {
            try_ready!(writer.poll_flush());
            self.unflushed = false;
        }
        Ok(Async::Ready(()))
    }
}

impl<R: AsyncRead, W: AsyncWrite> Future for Copy<R, W> {
    type Item = (u64, R, W);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<(u64, R, W), io::Error> {
        let (reader, writer, state) = self.parts.get_mut();
        loop {
            try_ready!(state.drain(writer));
            if state.is_at_end {
                // Also when nothing was copied: the writer may have been given bytes before.
                try_ready!(writer.poll_flush());
                let copied = state.copied;
                let (reader, writer, _) = self.parts.take();
                return Ok(Async::Ready((copied, reader, writer)));
            }
            match reader.poll_read(&mut state.between.block)? {
                Async::Ready(len) => {
                    (state.between.start, state.between.end) = (0, len);
                    state.is_at_end = len == 0;
                }
                Async::NotReady => {
                    try_ready!(state.flush(writer));
                    return Ok(Async::NotReady);
                }
            }
        }
    }
}
