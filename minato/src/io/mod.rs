//! Reading and writing bytes: the traits, their helpers, and the adapters over them.
//!
//! # What is where
//!
//! * **The traits** [`AsyncRead`], [`AsyncWrite`], [`AsyncBufRead`] and [`AsyncSeek`] are what
//!   streams implement: sockets, the adapters here, and of the standard types byte slices, vectors
//!   and cursors. Their `poll_*` methods never block;
//!   [`Poll::Pending`](std::task::Poll::Pending) means that the task will be woken. [`ReadBuf`] is
//!   the buffer that a reader fills: it distinguishes filled, initialized and never written memory,
//!   so no memory is zeroed before a read.
//! * **The extension traits** [`AsyncReadExt`], [`AsyncWriteExt`], [`AsyncBufReadExt`] and
//!   [`AsyncSeekExt`] give each of them the methods to `.await`: `read`, `read_exact`, `write_all`,
//!   `read_line`, numbers in both byte orders, and so on. Each method returns a named future
//!   ([`ReadExact`], [`WriteAll`], ...). Its docs say what a future that is dropped before its end
//!   has done.
//! * **The adapters** wrap streams: [`BufReader`], [`BufWriter`] and [`BufStream`] buffer;
//!   [`Take`] and [`Chain`] bound and concatenate; [`split`] and [`join`] make halves of a stream,
//!   and a stream of halves; [`Lines`] and [`Split`] cut it into pieces. [`empty`], [`sink`] and
//!   [`repeat`] are streams for tests and for bytes that nobody reads.
//! * **Pipes in memory**: [`duplex()`] makes two connected ends, [`simplex()`] one direction.
//! * **Copies**: [`copy()`], [`copy_buf()`] and [`copy_bidirectional()`] move all bytes of a
//!   reader; [`relay()`] tells how many it has moved whatever happens, and gives up idle streams.
//! * **Limits**: `max_length` of [`Lines`], [`Split`] and [`ReadUntil`] limits how much is
//!   gathered. The crate `minato-service` limits how long a read or write waits.
//! * **The by-value futures** in [`owned`] do the same work with ownership instead of borrows: they
//!   take a stream and a buffer and give both back when they are done.
//! * [`Error`], [`ErrorKind`], [`Result`] and [`SeekFrom`] are the standard library's.
//!
//! # What every helper holds
//!
//! * A stream that ends too early is an `UnexpectedEof` whose message says how many of how many
//!   bytes came. A writer that takes nothing is a `WriteZero`.
//! * A reader or writer that reports more than it was offered causes a panic or an error. It never
//!   makes a helper show memory that was not written.
//! * A read or write that was [`Interrupted`](ErrorKind::Interrupted) is made again by every helper
//!   that loops. `read`, `write` and the like, which do one operation, return that error.
//! * A helper that loops gives the thread back now and then between ends that are always ready:
//!   after 128 calls or about 1 MiB. In a task of ours these calls also count against the
//!   [budget](crate::runtime::Builder::budget) of its poll, and so does each read and write of
//!   [`empty`], [`sink`], [`repeat`] and the pipes in memory. So a
//!   [`timeout`](crate::time::timeout) around any loop over them ends it. Byte slices, vectors and
//!   cursors are not counted.
//!
//! ```
//! use minato::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
//!
//! # futures::executor::block_on(async {
//! let stream = BufReader::new(&b"3 bytes\nabc and what follows"[..]);
//! let mut lines = stream.lines();
//! assert_eq!(lines.next_line().await?.as_deref(), Some("3 bytes"));
//!
//! let mut body = Vec::new();
//! lines.into_inner().take(3).read_to_end(&mut body).await?;
//! body.write_all(b"!").await?;
//! assert_eq!(body, b"abc!");
//! # std::io::Result::Ok(()) }).unwrap();
//! ```

mod buf_read;
pub(crate) mod forward;
mod interrupted;
mod lent;
mod read;
pub(crate) mod read_buf;
mod seek;
mod util;
mod write;

pub use std::io::{Error, ErrorKind, Result, SeekFrom};

pub use self::buf_read::AsyncBufRead;
pub use self::lent::Lent;
pub use self::read::AsyncRead;
pub use self::read_buf::ReadBuf;
pub use self::seek::AsyncSeek;
pub use self::util::*;
pub use self::write::AsyncWrite;
pub use crate::engine::{Interest, Readiness as Ready};

/// Any descriptor that the system can wait for: [`net::async_fd`](crate::net::async_fd), by tokio's
/// path.
pub mod unix {
    #[allow(deprecated, reason = "it keeps its name")]
    pub use crate::net::async_fd::AsyncFdTryNewError;
    pub use crate::net::async_fd::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
    };
}

mod copy;
mod copy_bidirectional;
pub mod owned;
mod pipe;
mod transfer;

pub use self::copy::{copy, copy_buf};
pub use self::copy_bidirectional::{
    Relay, copy_bidirectional, copy_bidirectional_with_sizes, relay,
};
pub use self::pipe::{DuplexStream, SimplexStream, duplex, simplex};
