//! Reading and writing: the traits of tokio 0.1, and its futures by value.
//!
//! [`AsyncRead`] and [`AsyncWrite`] are std's [`Read`] and [`Write`] with two promises on top: they
//! never block, and when they say that they are not ready (`Async::NotReady`, or an error of the
//! kind `WouldBlock`) then the current task will be notified when it is worth another try.
//! Therefore they are to be called within a task; elsewhere, what would have to wait panics.

mod async_read;
mod async_write;

pub use std::io::{Error, ErrorKind, Read, Result, Write};

pub use self::async_read::AsyncRead;
pub use self::async_write::AsyncWrite;

use futures::{Async, Poll};

/// A result of std's traits in the words of futures 0.1: what would block is not ready.
pub(crate) fn poll_of<T>(result: Result<T>) -> Poll<T, Error> {
    match result {
        Ok(value) => Ok(Async::Ready(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Async::NotReady),
        Err(error) => Err(error),
    }
}
