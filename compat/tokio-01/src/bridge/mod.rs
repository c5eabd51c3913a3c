//! Between futures 0.1 and today's futures.
//!
//! A program need not be rewritten in one go. A future, a stream or a socket of either kind can be
//! used by code of the other kind:
//!
//! | from | to | by |
//! |---|---|---|
//! | a future or stream of futures 0.1 | one of std | [`to_std`] |
//! | a future or stream of std | one of futures 0.1 | [`from_std`] |
//! | a reader or writer of [`tokio::io`](crate::io) | one of [`minato::io`] | [`to_std`] |
//! | a reader or writer of [`minato::io`] | one of [`tokio::io`](crate::io) | [`from_std`] |
//! | a socket or listener of either kind | one of the other | `From` and `into` |
//! | a handle of a reactor of Minato | a [`Handle`](crate::reactor::Handle) | `From` and `into` |
//!
//! ```
//! use futures::Future;
//! use tokio::bridge;
//!
//! // A future of futures 0.1, awaited.
//! let old = futures::future::ok::<_, ()>(20).map(|n| n + 1);
//! // An `async` block, as a future of futures 0.1.
//! let new = bridge::from_std(async move { Ok::<_, ()>(bridge::to_std(old).await? * 2) });
//! assert_eq!(new.wait(), Ok(42));
//! ```
//!
//! A socket is moved as it is: nothing is closed, and bytes on their way stay there.
//!
//! ```
//! use futures::Future;
//! use minato::io::AsyncReadExt;
//! use tokio::io;
//!
//! # fn main() -> std::io::Result<()> {
//! let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! let old = tokio::net::TcpStream::connect(&listener.local_addr()?).wait()?;
//! let (peer, _) = listener.accept()?;
//! let peer = tokio::net::TcpStream::from_std(peer, &Default::default())?;
//! io::write_all(peer, b"ahoy").wait()?;
//!
//! let mut new = minato::net::TcpStream::from(old);
//! let mut all = String::new();
//! pollster::block_on(new.read_to_string(&mut all))?;
//! assert_eq!(all, "ahoy");
//! # Ok(())
//! # }
//! ```
//!
//! # Which task a reactor wakes
//!
//! Minato's reactors wake [`Waker`](std::task::Waker)s, and futures 0.1 notifies the *current
//! task*, which is implicit. Where a task of futures 0.1 is polled by [`to_std`], as every task on
//! this crate's runtimes is, its sockets and timers see the very waker that the poll was given, so
//! that a wait costs what it costs in Minato itself. Any other task (of `wait`, of a
//! `FuturesUnordered`, of somebody else's executor) is kept in a list beside the socket or timer,
//! behind one waker that stays the same. That is why this is not left to the compatibility layer of
//! futures-util, whose wakers and notify handles are new with every poll: a reactor that keeps
//! waiters apart by `will_wake` would see a stranger each time.

mod current;
mod from_std;
mod to_std;

#[allow(unused_imports, reason = "only the feature mio-06 needs the tasks themselves")]
pub(crate) use self::current::Tasks;
pub(crate) use self::current::Waiters;
pub use self::from_std::{FromStd, from_std};
pub use self::to_std::{ToStd, to_std};

use std::task::Poll;

use futures::Async;

/// A poll's result in the words of futures 0.1.
pub(crate) fn poll01<T, E>(poll: Poll<Result<T, E>>) -> futures::Poll<T, E> {
    match poll {
        Poll::Ready(result) => result.map(Async::Ready),
        Poll::Pending => Ok(Async::NotReady),
    }
}

/// A poll's result in the words of std.
fn poll_std<T, E>(poll: futures::Poll<T, E>) -> Poll<Result<T, E>> {
    match poll {
        Ok(Async::Ready(value)) => Poll::Ready(Ok(value)),
        Ok(Async::NotReady) => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    }
}
