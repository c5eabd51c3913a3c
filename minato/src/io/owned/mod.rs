//! I/O by value: each future takes a reader or writer and a buffer, and gives both back.
//!
//! Such a future borrows nothing. It can be spawned, stored in a struct, returned from a function
//! or chained with another as it is, and when it is done the socket and the buffer are the caller's
//! again:
//!
//! ```
//! use futures::TryFutureExt;
//! use minato::io::owned::{read_exact, write_all};
//!
//! # futures::executor::block_on(async {
//! let (client, socket) = minato::io::duplex(64);
//! let echo_five = read_exact(socket, vec![0; 5])
//!     .and_then(|(socket, buf)| write_all(socket, buf));
//!
//! let (client, _) = write_all(client, "hello, harbour").await?;
//! let (_socket, _buf) = echo_five.await?;
//! let (_client, answer) = read_exact(client, [0; 5]).await?;
//! assert_eq!(&answer, b"hello");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! # Nothing is lost
//!
//! A future that fails or is given up still has the socket and the buffer. `into_parts` returns
//! them, in the order in which they were given, followed by what was done so far. After success,
//! which moves them out, it returns `None`. So give a future up by `into_parts`, not by dropping
//! it:
//!
//! ```
//! use std::io::ErrorKind;
//! use minato::io::owned;
//!
//! # futures::executor::block_on(async {
//! let (client, socket) = minato::io::duplex(64);
//! drop(owned::write_all(client, "ship").await?);
//!
//! let mut reading = owned::read_exact(socket, [0; 8]);
//! let error = (&mut reading).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
//! assert_eq!(error.to_string(), "the stream ended after 4 of 8 bytes");
//!
//! let (_socket, buf, filled) = reading.into_parts().unwrap();
//! assert_eq!(&buf[..filled], b"ship");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! After an error a future may also be polled again: it goes on where it stopped.
//!
//! # Panics
//!
//! Polling one of these futures after it returned `Ready(Ok(_))` panics, with a message that names
//! it: "ReadExact polled after completion". [`OwnedLines`] is a stream and never panics.

mod copy;
mod lines;
mod parts;
mod read;
mod write;

pub use self::copy::{OwnedCopy, copy};
pub use self::lines::{OwnedLines, lines};
pub(crate) use self::parts::{Parts, by_value_future};
pub use self::read::{
    OwnedRead, OwnedReadExact, OwnedReadLent, OwnedReadToEnd, OwnedReadUntil, read, read_exact,
    read_lent, read_to_end, read_until,
};
pub use self::write::{OwnedFlush, OwnedShutdown, OwnedWriteAll, flush, shutdown, write_all};
