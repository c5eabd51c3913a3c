//! Reading and writing: the traits of tokio 0.1, and its futures by value.
//!
//! [`AsyncRead`] and [`AsyncWrite`] are std's [`Read`] and [`Write`] with two promises on top: they
//! never block, and when they say that they are not ready (`Async::NotReady`, or an error of the
//! kind `WouldBlock`) then the current task will be notified when it is worth another try.
//! Therefore they are to be called within a task; elsewhere, what would have to wait panics.
//!
//! The functions take their reader, writer and buffer by value, and their futures give them back.
//! Tokio 0.1's dropped all of them with the first error. These keep them until they are done:
//! `into_parts` gives them back after an error, or instead of waiting any longer.
//!
//! ```
//! use futures::Future;
//! use tokio::io;
//!
//! let echo = io::read_exact(&b"ahoy"[..], [0; 4])
//!     .and_then(|(_, buf)| io::write_all(std::io::Cursor::new(Vec::new()), buf));
//! let (target, _) = echo.wait()?;
//! assert_eq!(target.into_inner(), b"ahoy");
//! # std::io::Result::Ok(())
//! ```
//!
//! Standard input and output are not here: tokio 0.1 had them for its feature `fs`, and this crate
//! has no files.

mod allow_std;
mod async_read;
mod async_write;
mod copy;
mod flush;
mod lines;
mod parts;
mod read;
mod read_exact;
mod read_to_end;
mod read_until;
mod split;
mod window;
mod write_all;

pub use std::io::{Error, ErrorKind, Read, Result, Write};

pub use self::async_read::AsyncRead;
pub use self::async_write::AsyncWrite;
pub use self::copy::{Copy, copy};
pub use self::flush::{Flush, Shutdown, flush, shutdown};
pub use self::lines::{Lines, lines};
pub use self::read::read;
pub use self::read_exact::{ReadExact, read_exact};
pub use self::read_to_end::{ReadToEnd, read_to_end};
pub use self::read_until::{ReadUntil, read_until};
pub use self::split::{ReadHalf, WriteHalf};
pub use self::write_all::{WriteAll, write_all};

/// What had a name only in the crate tokio-io; see [`tokio_io`](crate::tokio_io).
pub(crate) mod only_tokio_io {
    pub use super::allow_std::AllowStdIo;
    pub use super::read::Read;
    pub use super::window::Window;
}

pub(crate) use self::parts::Parts;

use futures::{Async, Poll};

/// A result of std's traits in the words of futures 0.1: what would block is not ready.
pub(crate) fn poll_of<T>(result: Result<T>) -> Poll<T, Error> {
    match result {
        Ok(value) => Ok(Async::Ready(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Async::NotReady),
        Err(error) => Err(error),
    }
}

/// A poll's result in the words of std's traits: what is not ready would block.
pub(crate) fn now<T>(polled: Poll<T, Error>) -> Result<T> {
    match polled? {
        Async::Ready(value) => Ok(value),
        Async::NotReady => Err(ErrorKind::WouldBlock.into()),
    }
}
