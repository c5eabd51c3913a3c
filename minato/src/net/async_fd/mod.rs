//! Any descriptor that the system can wait for: [`AsyncFd`].

mod error;
mod guard;

#[allow(deprecated, reason = "it keeps its name")]
pub use self::error::AsyncFdTryNewError;
pub use self::error::{AsyncFdRegisterError, TryIoError};
pub use self::guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard};

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use self::guard::Seen;
use super::io::Waitable;
use super::registration::{self, Registration};
use super::socket::no_descriptor;
use crate::engine::{Direction, Foreign, Interest, Source};
use crate::reactor::Handle;

/// Waits for a descriptor of your own: a pipe, a device, an event counter, a socket of a kind that
/// this library does not have.
///
/// An `AsyncFd` owns what owns the descriptor. The descriptor must be *non-blocking already*: an
/// operation that blocks would block the thread. Waiting and operating are separate. The usual way
/// is a loop around [`readable`](Self::readable) and [`AsyncFdReadyGuard::try_io`];
/// [`async_io`](Self::async_io) is that loop ready-made.
///
/// A constructor checks the descriptor with the system and starts nothing. The descriptor is
/// registered with a reactor at the first wait, as sockets are. It is deregistered before its owner
/// is given back or dropped.
///
/// **Several `AsyncFd`s of one descriptor** can wait at the same time. Linux refuses to register a
/// descriptor twice with one reactor, so the second one duplicates the descriptor and registers the
/// duplicate. Systems with kqueue do not tell that a descriptor is registered already; there, give
/// each `AsyncFd` a duplicate of your own.
///
/// **Ends can pass.** A FIFO or terminal that is opened again is open, and so is a socket once it
/// connects, though the system reported a hang-up before. An operation that would block clears what
/// was seen, an end included. An end that is still there is reported again at once.
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
/// let two = AsyncFd::from_owner(two)?;
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
    registration: Registration,
    interest: Interest,
    /// How the owner tells the number of its descriptor. It is asked before each use of the number,
    /// since the owner may be exchanged.
    number: fn(&T) -> RawFd,
    /// `None` only while it is given back.
    inner: Option<T>,
}

impl<T: AsRawFd + AsFd> AsyncFd<T> {
    /// Takes in what owns or borrows a descriptor, to wait for reading and writing.
    ///
    /// # Errors
    ///
    /// The system's: the descriptor is of a kind that is always ready, as a regular file is
    /// (`EPERM`). `Unsupported` on a simulated runtime. The error gives `inner` back and names the
    /// descriptor.
    ///
    /// # Examples
    ///
    /// A type without `AsFd` may be no owner of the number that it returns, so the compiler refuses
    /// it here. Vouch for it with [`register`](Self::register).
    ///
    /// ```compile_fail,E0277
    /// struct Number(std::os::fd::RawFd);
    ///
    /// impl std::os::fd::AsRawFd for Number {
    ///     fn as_raw_fd(&self) -> std::os::fd::RawFd {
    ///         self.0
    ///     }
    /// }
    ///
    /// minato::net::AsyncFd::from_owner(Number(0)).ok();
    /// ```
    #[track_caller]
    pub fn from_owner(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::from_owner_with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// Like [`from_owner`](Self::from_owner), to wait for `interest` only.
    ///
    /// # Errors
    ///
    /// As [`from_owner`](Self::from_owner).
    #[track_caller]
    pub fn from_owner_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::make(inner, |inner| inner.as_fd().as_raw_fd(), interest, None)
    }

    /// Like [`from_owner`](Self::from_owner), bound to the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As [`from_owner`](Self::from_owner).
    #[track_caller]
    pub fn new_on(handle: impl Into<Handle>, inner: T) -> io::Result<Self> {
        Self::with_interest_on(handle, inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// Like [`from_owner_with_interest`](Self::from_owner_with_interest), bound to the reactor of
    /// `handle`.
    ///
    /// # Errors
    ///
    /// As [`from_owner`](Self::from_owner).
    #[track_caller]
    pub fn with_interest_on(
        handle: impl Into<Handle>,
        inner: T,
        interest: Interest,
    ) -> io::Result<Self> {
        Ok(Self::make(inner, |inner| inner.as_fd().as_raw_fd(), interest, Some(&handle.into()))?)
    }
}

/// The constructors that tokio deprecates. They take any type with a number, which need not own it.
impl<T: AsRawFd> AsyncFd<T> {
    /// Takes `inner` in, to wait for reading and writing. Nobody checks that the descriptor is
    /// `inner`'s and stays open: use [`from_owner`](Self::from_owner), or vouch for it with
    /// [`register`](Self::register).
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    #[deprecated = "does not see to it that the descriptor stays open; use `from_owner`"]
    #[track_caller]
    pub fn new(inner: T) -> io::Result<Self> {
        Ok(Self::make(inner, T::as_raw_fd, Interest::READABLE | Interest::WRITABLE, None)?)
    }

    /// Like [`new`](Self::new), to wait for `interest` only.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    #[deprecated = "does not see to it that the descriptor stays open; use \
                    `from_owner_with_interest`"]
    #[track_caller]
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        Ok(Self::make(inner, T::as_raw_fd, interest, None)?)
    }

    /// Like [`new`](Self::new), with an error that gives `inner` back and names the descriptor.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    #[deprecated = "does not see to it that the descriptor stays open; use `from_owner`"]
    #[track_caller]
    pub fn try_new(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::make(inner, T::as_raw_fd, Interest::READABLE | Interest::WRITABLE, None)
    }

    /// Like [`with_interest`](Self::with_interest), with an error that gives `inner` back and names
    /// the descriptor.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    #[deprecated = "does not see to it that the descriptor stays open; use \
                    `from_owner_with_interest`"]
    #[track_caller]
    pub fn try_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::make(inner, T::as_raw_fd, interest, None)
    }
}

impl<T: AsRawFd> AsyncFd<T> {
    /// Takes in what is known by the number of its descriptor only, to wait for reading and
    /// writing.
    ///
    /// # Errors
    ///
    /// The system's: the descriptor is not open (`EBADF`), or it is of a kind that is always ready,
    /// as a regular file is (`EPERM`). `Unsupported` on a simulated runtime. The error gives
    /// `inner` back and names the descriptor.
    ///
    /// # Safety
    ///
    /// `inner.as_raw_fd()` must be a descriptor that `inner` owns or borrows. It must stay open and
    /// the same until the `AsyncFd` is dropped or [`into_inner`](Self::into_inner) is called.
    #[track_caller]
    pub unsafe fn register(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::make(inner, T::as_raw_fd, Interest::READABLE | Interest::WRITABLE, None)
    }

    /// Like [`register`](Self::register), to wait for `interest` only.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    ///
    /// # Safety
    ///
    /// As [`register`](Self::register).
    #[track_caller]
    pub unsafe fn register_with_interest(
        inner: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::make(inner, T::as_raw_fd, interest, None)
    }

    #[track_caller]
    fn make(
        inner: T,
        number: fn(&T) -> RawFd,
        interest: Interest,
        handle: Option<&Handle>,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        let descriptor = number(&inner);
        let source = match registration::host(handle) {
            Some(_) => Err(no_descriptor("AsyncFd")),
            None => Foreign::new(descriptor, interest).map(Source::Foreign),
        };
        match source {
            Ok(source) => {
                let registration = Registration::new(source, interest.mask(), handle);
                Ok(Self { registration, interest, number, inner: Some(inner) })
            }
            Err(cause) => Err(AsyncFdRegisterError { inner, descriptor, cause }),
        }
    }

    /// The waiting side, which knows the number that the descriptor has now.
    pub(in crate::net) fn registration(&self) -> &Registration {
        if let Some(inner) = &self.inner {
            note(self.registration.source(), (self.number)(inner));
        }
        &self.registration
    }

    /// What owns the descriptor.
    pub fn get_ref(&self) -> &T {
        self.inner.as_ref().expect(HELD)
    }

    /// What owns the descriptor, to be changed. It must keep its descriptor.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect(HELD)
    }

    /// Gives back what owns the descriptor, registered nowhere.
    pub fn into_inner(mut self) -> T {
        self.registration();
        self.inner.take().expect(HELD)
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

    /// The future keeps no reference to the owner of the descriptor, which may not be `Sync`.
    fn wait(&self, interest: Interest) -> impl Future<Output = io::Result<Seen>> {
        let (checked, registration) = (self.check(interest), self.registration());
        async move {
            checked?;
            Ok(Seen::new(registration.ready_snapshot(interest).await?, interest.mask()))
        }
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
        let snapshot = ready!(self.registration().poll_last_ready(cx, direction))?;
        Poll::Ready(Ok(Seen::new(snapshot, direction.mask())))
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

    /// Calls `operation` if the descriptor may be ready for it; before the first wait the system is
    /// asked. When it returns `WouldBlock`, the readiness is cleared, so it must return that only
    /// if the descriptor did.
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
        self.registration().try_user_io(interest, || operation(self.get_ref()))
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
        self.registration();
        let Self { registration, inner, number, .. } = self;
        let inner = inner.as_mut().expect(HELD);
        registration.try_user_io(interest, || {
            let result = operation(inner);
            note(registration.source(), number(inner));
            result
        })
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
        self.registration().io(interest, || operation(self.get_ref())).await
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
        let Self { registration, inner, number, .. } = self;
        let inner = inner.as_mut().expect(HELD);
        let source = registration.source();
        let operation = || {
            let result = operation(inner);
            note(source, number(inner));
            result
        };
        registration.io(interest, operation).await
    }
}

/// Why the owner is there: giving it back consumes the `AsyncFd`.
const HELD: &str = "an AsyncFd holds its descriptor until it is consumed";

/// Has `source` use the number that its descriptor has now.
fn note(source: &Source, number: RawFd) {
    if let Source::Foreign(foreign) = source {
        foreign.set_descriptor(number);
    }
}

impl<T: AsRawFd> Drop for AsyncFd<T> {
    fn drop(&mut self) {
        self.registration();
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.registration().source() {
            Source::Foreign(foreign) => foreign.owners(),
            _ => unreachable!("an AsyncFd registers a foreign descriptor"),
        }
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("inner", self.get_ref()).finish_non_exhaustive()
    }
}
