//! The form of [`PollEvented2`] that tokio-core had.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{Async, Poll, task};
use mio::{Evented, Ready};

use super::registration::Registration;
use crate::io::{AsyncRead, AsyncWrite};
use crate::reactor::Handle;

/// The form of [`PollEvented2`](super::public::PollEvented2) that tokio-core had: errors of the
/// reactor are not told, and an operation that would block is followed by `need_read` or
/// `need_write`.
#[doc(hidden)]
#[deprecated(since = "0.1.2", note = "PollEvented2 instead")]
pub struct PollEvented<E> {
    io: E,
    registration: Registration,
    handle: Handle,
    /// Readiness that was taken from the registration and not given up since.
    known: AtomicUsize,
}

#[allow(deprecated, reason = "it is deprecated itself")]
impl<E> PollEvented<E> {
    /// Takes `io` in, and registers it with the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// Those of the source, or when the system has no more descriptors.
    pub fn new(io: E, handle: &Handle) -> io::Result<Self>
    where
        E: Evented,
    {
        let registration = Registration::new();
        registration.register_with(&io, handle)?;
        Ok(Self { io, registration, handle: handle.clone(), known: AtomicUsize::new(0) })
    }

    /// Whether the source may be ready for reading. Not ready means that the current task will be
    /// notified.
    pub fn poll_read(&mut self) -> Async<()> {
        self.poll_for(not_writable()).map(drop)
    }

    /// Whether the source may be ready for writing. Not ready means that the current task will be
    /// notified.
    pub fn poll_write(&mut self) -> Async<()> {
        self.poll_for(Ready::writable()).map(drop)
    }

    /// Which bits of `mask` the source may be ready for. Not ready means that the current task will
    /// be notified.
    pub fn poll_ready(&mut self, mask: Ready) -> Async<Ready> {
        self.poll_for(mask)
    }

    fn poll_for(&self, mask: Ready) -> Async<Ready> {
        let known = Ready::from_usize(self.known.load(Ordering::SeqCst)) & mask;
        if !known.is_empty() {
            return Async::Ready(known);
        }
        let mut ready = Ready::empty();
        if !(mask & not_writable()).is_empty() {
            ready |= found(self.registration.poll_read_ready(), not_writable());
        }
        if mask.is_writable() {
            ready |= found(self.registration.poll_write_ready(), Ready::writable());
        }
        self.known.fetch_or(ready.as_usize(), Ordering::SeqCst);
        let wanted = ready & mask;
        if wanted.is_empty() { Async::NotReady } else { Async::Ready(wanted) }
    }

    fn give_up(&self, bits: Ready) -> io::Result<()> {
        self.known.fetch_and(!bits.as_usize(), Ordering::SeqCst);
        if self.poll_for(bits).is_ready() {
            task::current().notify();
        }
        Ok(())
    }

    /// Notes that reading would block; the current task will be notified when it no longer does.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn need_read(&mut self) -> io::Result<()> {
        self.give_up(not_writable())
    }

    /// Notes that writing would block; the current task will be notified when it no longer does.
    ///
    /// # Errors
    ///
    /// None at present.
    pub fn need_write(&mut self) -> io::Result<()> {
        self.give_up(Ready::writable())
    }

    /// The handle that was given to [`new`](Self::new).
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The source.
    pub fn get_ref(&self) -> &E {
        &self.io
    }

    /// The source, to be changed.
    pub fn get_mut(&mut self) -> &mut E {
        &mut self.io
    }

    /// Gives the source back, which stays registered.
    pub fn into_inner(self) -> E {
        self.io
    }

    /// Ends the registration.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn deregister(&self) -> io::Result<()>
    where
        E: Evented,
    {
        self.registration.withdraw(&self.io)
    }
}

fn not_writable() -> Ready {
    Ready::all() - Ready::writable()
}

/// What was found; an error counts as everything, so that the operation meets it.
fn found(polled: Poll<Ready, io::Error>, everything: Ready) -> Ready {
    match polled {
        Ok(Async::Ready(ready)) => ready,
        Ok(Async::NotReady) => Ready::empty(),
        Err(_) => everything,
    }
}

#[allow(deprecated, reason = "it is deprecated itself")]
impl<E: Read> Read for PollEvented<E> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.poll_read().is_not_ready() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = self.io.read(buf);
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.need_read()?;
        }
        result
    }
}

#[allow(deprecated, reason = "it is deprecated itself")]
impl<E: Write> Write for PollEvented<E> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.poll_write().is_not_ready() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = self.io.write(buf);
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.need_write()?;
        }
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.poll_write().is_not_ready() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = self.io.flush();
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.need_write()?;
        }
        result
    }
}

#[allow(deprecated, reason = "it is deprecated itself")]
impl<E: Read> AsyncRead for PollEvented<E> {}

#[allow(deprecated, reason = "it is deprecated itself")]
impl<E: Write> AsyncWrite for PollEvented<E> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

#[allow(deprecated, reason = "it is deprecated itself")]
impl<E: fmt::Debug> fmt::Debug for PollEvented<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollEvented").field("io", &self.io).finish_non_exhaustive()
    }
}
