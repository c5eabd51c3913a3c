//! What was in the crate tokio-io: `tokio_io::io`, by which the traits' own documentation goes,
//! and a few things that had no other name.
//!
//! A program that says `extern crate tokio_io` gets this module under that name from the crate
//! `minato-tokio-io01`.

use futures::{Future, Stream};

pub use crate::io::{AsyncRead, AsyncWrite};

/// Frames; in tokio 0.1 this was deprecated in favour of [`tokio::codec`](crate::codec).
pub use crate::codec;
pub use crate::try_nb;

/// Readers and writers by value.
pub mod io {
    pub use crate::io::only_tokio_io::{AllowStdIo, Read, Window};
    pub use crate::io::{
        Copy, Flush, Lines, ReadExact, ReadHalf, ReadToEnd, ReadUntil, Shutdown, WriteAll,
        WriteHalf, copy, flush, lines, read, read_exact, read_to_end, read_until, shutdown,
        write_all,
    };
}

/// A boxed future of an I/O operation.
pub type IoFuture<T> = Box<dyn Future<Item = T, Error = std::io::Error> + Send>;

/// A boxed stream of the results of I/O operations.
pub type IoStream<T> = Box<dyn Stream<Item = T, Error = std::io::Error> + Send>;

/// The value of an `io::Result`; an error `WouldBlock` returns `Ok(Async::NotReady)` from the
/// function, any other error returns that.
///
/// ```
/// use std::io::{ErrorKind, Read};
/// use futures::{Async, Poll};
///
/// fn poll_byte(mut reader: impl Read) -> Poll<u8, std::io::Error> {
///     let mut buf = [0];
///     tokio::try_nb!(reader.read(&mut buf));
///     Ok(Async::Ready(buf[0]))
/// }
///
/// assert_eq!(poll_byte(&b"a"[..])?, Async::Ready(b'a'));
/// # std::io::Result::Ok(())
/// ```
#[macro_export]
macro_rules! try_nb {
    ($result:expr) => {
        match $result {
            ::std::result::Result::Ok(value) => value,
            ::std::result::Result::Err(error) => {
                if error.kind() == ::std::io::ErrorKind::WouldBlock {
                    return ::std::result::Result::Ok($crate::prelude::Async::NotReady);
                }
                return ::std::result::Result::Err(::std::convert::From::from(error));
            }
        }
    };
}
