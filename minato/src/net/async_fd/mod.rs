//! Any descriptor that the system can wait for: [`AsyncFd`].

mod error;
mod guard;

pub use self::error::{AsyncFdRegisterError, TryIoError};
pub use self::guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard};

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use self::guard::Seen;
use super::socket::Socket;
use crate::engine::{Direction, Foreign, Interest, Source, Transport, no_descriptor};
use crate::reactor::Handle;
use crate::runtime::context;

/// Waits for a descriptor of your own: a pipe, a device, an event counter, a socket of a kind that
/// this library does not have.
///
/// It owns what owns the descriptor, which must be *non-blocking already*: an operation that blocks
/// would block the thread. Waiting and operating are separate. The usual way is a loop around
/// [`readable`](Self::readable) and [`AsyncFdReadyGuard::try_io`], which
/// [`async_io`](Self::async_io) has ready-made.
///
/// Making one checks the descriptor with the system and starts nothing. It is registered with a
/// reactor at the first wait, as sockets are, and deregistered before it is given back or dropped.
/// It must stay open meanwhile, and must not be in two `AsyncFd`s that wait on one reactor.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use minato::engine::Interest;
/// use minato::net::AsyncFd;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut one, two) = UnixStream::pair()?;
/// two.set_nonblocking(true)?;
/// let two = AsyncFd::new(two)?;
/// one.write_all(b"ahoy")?;
/// # pollster::block_on(async {
/// let mut buf = [0; 16];
/// let len = two.async_io(Interest::READABLE, |mut two| two.read(&mut buf)).await?;
/// assert_eq!(&buf[..len], b"ahoy");
/// # Ok(()) })
/// # }
/// ```
pub struct AsyncFd<T: AsRawFd> {
    // Before `inner`, so that the registration has ended when `inner` closes the descriptor.
    socket: Socket,
    interest: Interest,
    inner: T,
}

impl<T: AsRawFd> AsyncFd<T> {
    /// Takes `inner` in, to wait for reading and writing.
    ///
    /// # Errors
    ///
    /// The system's: the descriptor is not open (`EBADF`), or it is of a kind that is always ready,
    /// as a regular file is (`EPERM`). `Unsupported` on a simulated runtime.
    #[track_caller]
    pub fn new(inner: T) -> io::Result<Self> {
        Ok(Self::try_new(inner)?)
    }

    /// Takes `inner` in, to wait for `interest` only.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Ok(Self::try_with_interest(inner, interest)?)
    }

    /// Like [`new`](Self::new), with an error that gives `inner` back and names the descriptor.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn try_new(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::try_with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// Like [`with_interest`](Self::with_interest), with an error that gives `inner` back and names
    /// the descriptor.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn try_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::make(inner, interest, None)
    }

    /// Like [`new`](Self::new), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn new_on(handle: &Handle, inner: T) -> io::Result<Self> {
        Self::with_interest_on(handle, inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// Like [`with_interest`](Self::with_interest), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[track_caller]
    pub fn with_interest_on(handle: &Handle, inner: T, interest: Interest) -> io::Result<Self> {
        Ok(Self::make(inner, interest, Some(handle))?)
    }

    #[track_caller]
    fn make(
        inner: T,
        interest: Interest,
        handle: Option<&Handle>,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        let descriptor = inner.as_raw_fd();
        let simulated = match handle {
            Some(handle) => handle.shared().driver().host().is_some(),
            None => context::host().is_some(),
        };
        let source = match simulated {
            true => Err(no_descriptor("AsyncFd")),
            false => Foreign::new(descriptor, interest).map(Source::Foreign),
        };
        match source {
            Ok(source) => {
                Ok(Self { socket: Socket::of(source, Transport::Other, handle), interest, inner })
            }
            Err(cause) => Err(AsyncFdRegisterError { inner, descriptor, cause }),
        }
    }

    /// What owns the descriptor.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// What owns the descriptor, to be changed. It must keep its descriptor.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Gives back what owns the descriptor, registered nowhere.
    pub fn into_inner(self) -> T {
        drop(self.socket);
        self.inner
    }

    /// Waiting for what was not asked for at the start would never end.
    fn check(&self, interest: Interest) -> io::Result<()> {
        if self.interest.covers(interest) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("this AsyncFd was made for {:?}, not for {interest:?}", self.interest),
        ))
    }

    async fn wait(&self, interest: Interest) -> io::Result<Seen> {
        self.check(interest)?;
        Ok(Seen::new(self.socket.ready_look(interest).await?, interest.mask()))
    }

    /// Waits until one of the directions of `interest` is ready.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when `interest` is more than the `AsyncFd` was made for; the system's when
    /// the descriptor cannot be registered; and when there is no reactor to wait on, or it was shut
    /// down.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        Ok(AsyncFdReadyGuard::new(self, self.wait(interest).await?))
    }

    /// Like [`ready`](Self::ready), with a guard that lets the owner of the descriptor be changed.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let seen = self.wait(interest).await?;
        Ok(AsyncFdReadyMutGuard::new(self, seen))
    }

    /// Waits until there is something to read, or the end.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// Like [`readable`](Self::readable), with a guard that lets the owner be changed.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until there is room to write, or nobody left to read.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// Like [`writable`](Self::writable), with a guard that lets the owner be changed.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    fn poll_wait(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<Seen>> {
        self.check(match direction {
            Direction::Read => Interest::READABLE,
            Direction::Write => Interest::WRITABLE,
        })?;
        let look = ready!(self.socket.poll_last_ready(cx, direction))?;
        Poll::Ready(Ok(Seen::new(look, direction.mask())))
    }

    /// The poll form of [`readable`](Self::readable). **Only the task that polled last is woken**,
    /// together with those that wait in [`readable`](Self::readable) and the other `async` methods.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let seen = ready!(self.poll_wait(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, seen)))
    }

    /// Like [`poll_read_ready`](Self::poll_read_ready), with a guard that lets the owner be
    /// changed.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let seen = ready!(self.poll_wait(cx, Direction::Read))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, seen)))
    }

    /// The poll form of [`writable`](Self::writable). **Only the task that polled last is woken**,
    /// together with those that wait in [`writable`](Self::writable) and the other `async` methods.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let seen = ready!(self.poll_wait(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, seen)))
    }

    /// Like [`poll_write_ready`](Self::poll_write_ready), with a guard that lets the owner be
    /// changed.
    ///
    /// # Errors
    ///
    /// As [`ready`](Self::ready).
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let seen = ready!(self.poll_wait(cx, Direction::Write))?;
        Poll::Ready(Ok(AsyncFdReadyMutGuard::new(self, seen)))
    }

    /// Calls `operation` if the descriptor may be ready for it. When it returns `WouldBlock`, the
    /// readiness is cleared, so it must return that only if the descriptor did.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the descriptor is known not to be ready; `InvalidInput` as for
    /// [`ready`](Self::ready); else those of `operation`.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.check(interest)?;
        self.socket.try_user_io(interest, || operation(&self.inner))
    }

    /// Like [`try_io`](Self::try_io), with the owner of the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// As [`try_io`](Self::try_io).
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        operation: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.check(interest)?;
        let Self { socket, inner, .. } = self;
        socket.try_user_io(interest, || operation(inner))
    }

    /// Calls `operation` as often as it takes until it does not return `WouldBlock`, waiting for
    /// readiness in between.
    ///
    /// # Errors
    ///
    /// Those of `operation`, and of [`ready`](Self::ready).
    ///
    /// # Cancel safety
    ///
    /// Dropping it between two calls of `operation` loses nothing.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.check(interest)?;
        self.socket.io(interest, |_| operation(&self.inner)).await
    }

    /// Like [`async_io`](Self::async_io), with the owner of the descriptor to be changed.
    ///
    /// # Errors
    ///
    /// As [`async_io`](Self::async_io).
    ///
    /// # Cancel safety
    ///
    /// As [`async_io`](Self::async_io).
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.check(interest)?;
        let Self { socket, inner, .. } = self;
        socket.io(interest, |_| operation(inner)).await
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl<T: AsRawFd + AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("inner", &self.inner).finish_non_exhaustive()
    }
}
