//! The I/O traits of others: those of tokio 1, of futures 0.3 and of hyper 1.
//!
//! Each has a feature of this crate. A feature only adds impls:
//!
//! * **`tokio`**: `AsyncRead`, `AsyncWrite`, `AsyncBufRead` and `AsyncSeek` of `tokio::io`. It adds
//!   one crate, tokio with its traits and their helpers alone, and a fifth to the time of a build.
//! * **`futures-io`**: `AsyncRead`, `AsyncWrite` and `AsyncBufRead` of futures. It adds one crate,
//!   and a tenth to the time.
//! * **`hyper`**: `Read`, `Write`, `Executor`, `Timer` and `Sleep` of `hyper::rt`. It adds five
//!   crates, hyper without any HTTP and what it needs, and a tenth to the time.
//!
//! All three add six crates to 20, and four tenths to the time.
//!
//! # Our types
//!
//! Every stream and adapter of this crate has the traits directly: sockets, references to them,
//! their halves, pipes in memory, and all that wraps them. So a socket goes as it is into
//! everything that asks for one of these traits:
//!
//! ```
//! use minato::net::{TcpListener, TcpStream};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> std::io::Result<()> {
//! minato::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (mut server, _) = listener.accept().await?;
//!     // tokio's helpers, without a runtime of tokio.
//!     client.write_all(b"ahoy").await?;
//!     let mut four = [0; 4];
//!     server.read_exact(&mut four).await?;
//!     assert_eq!(&four, b"ahoy");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # Types of others
//!
//! | wrapper | takes | and has |
//! |---|---|---|
//! | [`Compat`] | our traits | those of tokio, futures and hyper |
//! | [`FromTokio`] | tokio's | ours, and those of hyper |
//! | [`FromFutures`] | those of futures | ours, and those of hyper |
//!
//! They can be nested: `Compat<FromFutures<T>>` is a way from futures to tokio.
//!
//! ```
//! use minato::compat::{Compat, FromTokio};
//! use minato::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> std::io::Result<()> {
//! minato::run(async {
//!     let (ours, theirs) = tokio::io::duplex(64);
//!     let mut ours = FromTokio::new(ours);
//!     ours.write_all(b"ahoy").await?;
//!     ours.shutdown().await?;
//!     let mut text = String::new();
//!     FromTokio::new(theirs).read_to_string(&mut text).await?;
//!     assert_eq!(text, "ahoy");
//!
//!     let copied = tokio::io::copy(&mut Compat::new(&b"abc"[..]), &mut Vec::new()).await?;
//!     assert_eq!(copied, 3);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! * Vectored writes, shutdowns and errors go through every wrapper. A read that is dropped loses
//!   no byte.
//! * Memory goes through as it is, neither copied nor zeroed. The exception is [`FromFutures`]: the
//!   trait of futures takes initialized memory only.
//! * A reader that puts another buffer in the place of the one it was given causes a panic.
//! * A copy that goes through a wrapper cannot move bytes past user memory; see
//!   [`io::copy`](crate::io::copy()).
//! * A read into an empty buffer is ready at once. A socket of tokio waits there.
//! * `Compat` and `FromFutures` do not have the trait for seeking of futures.
//!
//! # The one trap
//!
//! The helpers of tokio and of futures have the names of ours. A file that imports two
//! `AsyncReadExt` and calls `read` on a type that has both traits does not compile: error E0034,
//! "multiple applicable items in scope". That can also happen to a file that compiled before,
//! when some crate of the program enables a feature. Import one of them, or write
//! `AsyncReadExt::read(&mut stream, ..)`.
//!
//! # hyper
//!
//! [`Executor`] and [`LocalExecutor`] spawn hyper's tasks; [`Timer`] is its clock. With them all of
//! hyper runs on this crate's runtimes, and in a [simulation](crate::sim) too. The crate
//! `minato-http` has what a server and a client need beyond that.

#[cfg(feature = "futures-io")]
mod futures_io;
#[cfg(feature = "hyper")]
mod hyper;
#[cfg(any(feature = "futures-io", feature = "hyper", feature = "tokio"))]
mod our_types;
#[cfg(feature = "tokio")]
mod tokio;

use pin_project_lite::pin_project;

use crate::io::forward::wrapped;

pin_project! {
    /// Gives a stream with our traits those of tokio, futures and hyper, as far as the features are
    /// on.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Compat<T> { #[pin] inner: T }
}

pin_project! {
    /// Gives a stream with the traits of tokio ours. It needs the feature `tokio`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct FromTokio<T> { #[pin] inner: T }
}

pin_project! {
    /// Gives a stream with the traits of futures ours. It needs the feature `futures-io`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct FromFutures<T> { #[pin] inner: T }
}

macro_rules! wrapper {
    ($($wrapper:ident)*) => {$(
        impl<T> $wrapper<T> {
            /// Wraps a stream.
            pub fn new(inner: T) -> Self {
                Self { inner }
            }
        }

        wrapped! { $wrapper: inner, "stream", ". Nothing is buffered here, so it may be used", "" }
    )*};
}

wrapper!(Compat FromTokio FromFutures);

/// Spawns hyper's tasks as [`spawn`](crate::spawn) does: onto the runtime that the thread is in,
/// else onto the default one. It needs the feature `hyper`.
///
/// # Panics
///
/// As [`spawn`](crate::spawn), where hyper spawns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

/// Spawns hyper's tasks as [`spawn_local`](crate::task::spawn_local) does, so they need not be
/// `Send`. It needs the feature `hyper`.
///
/// # Panics
///
/// As [`spawn_local`](crate::task::spawn_local), where hyper spawns.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalExecutor;

/// The timers and the clock of the runtime that the thread is in, for hyper: its timeouts and its
/// pings go by a stopped or a simulated clock as well. It needs the feature `hyper`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;
