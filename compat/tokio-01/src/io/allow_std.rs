//! Blocking objects where non-blocking ones are asked for.

use std::fmt;
use std::io::{self, Read, Write};

use futures::{Async, Poll};

use super::{AsyncRead, AsyncWrite};

/// Lets a reader or writer of std, which may block, go where this crate's traits are asked for.
///
/// A call that blocks, blocks the thread and all tasks on it. An error `WouldBlock` of the object
/// within notifies nobody.
///
/// ```
/// use futures::Future;
/// use tokio::tokio_io::io::{AllowStdIo, write_all};
///
/// // Std's `Vec` is a `Write`, and not an `AsyncWrite`.
/// let (target, _) = write_all(AllowStdIo::new(Vec::new()), "ahoy").wait()?;
/// assert_eq!(target.into_inner(), b"ahoy");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllowStdIo<T>(T);

impl<T> AllowStdIo<T> {
    /// Takes the object in.
    pub fn new(io: T) -> Self {
        Self(io)
    }

    /// The object.
    pub fn get_ref(&self) -> &T {
        &self.0
    }

    /// The object, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// Gives the object back.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Read> Read for AllowStdIo<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.0.read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        self.0.read_to_string(buf)
    }

    fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(buf)
    }
}

impl<T: Read> AsyncRead for AllowStdIo<T> {}

impl<T: Write> Write for AllowStdIo<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.0.write_all(buf)
    }

    fn write_fmt(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.0.write_fmt(text)
    }
}

impl<T: Write> AsyncWrite for AllowStdIo<T> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        super::poll_of(self.0.flush()).map(|_| Async::Ready(()))
    }
}
