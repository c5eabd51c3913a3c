//! An event source of mio 0.6 that can be read and written within tasks.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{Async, Poll, task};
use mio::{Evented, Ready};

use super::nest::hup;
use super::registration::Registration;
use crate::io::{AsyncRead, AsyncWrite};
use crate::reactor::Handle;

/// An event source of mio 0.6, its registration, and what is known of its readiness.
///
/// If the source can be read or written, so can this, as the traits
/// [`AsyncRead`] and [`AsyncWrite`] have it. For anything else: poll for readiness, use the source,
/// and clear the readiness when it would block.
pub struct PollEvented2<E: Evented> {
    /// Taken only at the end.
    io: Option<E>,
    registration: Registration,
    /// Readiness that was taken from the registration and not cleared since.
    readable: AtomicUsize,
    writable: AtomicUsize,
}

impl<E: Evented> PollEvented2<E> {
    /// Takes `io` in. It is registered when it is first polled, with the reactor that is found
    /// then.
    pub fn new(io: E) -> Self {
        Self {
            io: Some(io),
            registration: Registration::new(),
            readable: AtomicUsize::new(0),
            writable: AtomicUsize::new(0),
        }
    }

    /// Takes `io` in, and registers it with the reactor of `handle`, unless that is the default
    /// one.
    ///
    /// # Errors
    ///
    /// Those of the source, or when the system has no more descriptors.
    pub fn new_with_handle(io: E, handle: &Handle) -> io::Result<Self> {
        let this = Self::new(io);
        if handle.named().is_some() {
            this.registration.register_with(this.get_ref(), handle)?;
        }
        Ok(this)
    }

    /// The source.
    pub fn get_ref(&self) -> &E {
        let Some(io) = &self.io else { unreachable!("it is taken when this is consumed") };
        io
    }

    /// The source, to be changed.
    pub fn get_mut(&mut self) -> &mut E {
        let Some(io) = &mut self.io else { unreachable!("it is taken when this is consumed") };
        io
    }

    /// Gives the source back, registered nowhere.
    ///
    /// # Errors
    ///
    /// Those of the source when it is deregistered.
    pub fn into_inner(mut self) -> io::Result<E> {
        let Some(io) = self.io.take() else { unreachable!("it is taken when this is consumed") };
        self.registration.deregister(&io)?;
        Ok(io)
    }

    /// Whether the source is ready for a bit of `mask`, or hung up; returns all that is known of
    /// its readiness. Not ready means that the current task will be notified.
    ///
    /// # Errors
    ///
    /// When the source cannot be registered, or the reactor has ended.
    ///
    /// # Panics
    ///
    /// When `mask` is for writing; and outside a task, when it would have to wait.
    pub fn poll_read_ready(&self, mask: Ready) -> Poll<Ready, io::Error> {
        assert!(!mask.is_writable(), "cannot poll for write readiness");
        self.register()?;
        let registration = &self.registration;
        let (take, poll) = (|| registration.take_read_ready(), || registration.poll_read_ready());
        poll_ready(&self.readable, mask, take, poll)
    }

    /// Notes that the source is not ready for `ready` any more, since it would have blocked.
    ///
    /// # Errors
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Panics
    ///
    /// When `ready` is for writing or a hang-up, which stays; and outside a task.
    pub fn clear_read_ready(&self, ready: Ready) -> io::Result<()> {
        assert!(!ready.is_writable(), "cannot clear write readiness");
        assert!((ready & hup()).is_empty(), "cannot clear HUP readiness");
        self.forget_readable(ready);
        if self.poll_read_ready(ready)?.is_ready() {
            task::current().notify();
        }
        Ok(())
    }

    /// Whether the source is ready for writing, or hung up. Not ready means that the current task
    /// will be notified.
    ///
    /// # Errors
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_write_ready(&self) -> Poll<Ready, io::Error> {
        self.register()?;
        let registration = &self.registration;
        let (take, poll) = (|| registration.take_write_ready(), || registration.poll_write_ready());
        poll_ready(&self.writable, Ready::writable(), take, poll)
    }

    /// Notes that the source is not ready for writing any more, since it would have blocked.
    ///
    /// # Errors
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Panics
    ///
    /// Outside a task.
    pub fn clear_write_ready(&self) -> io::Result<()> {
        self.forget_writable();
        if self.poll_write_ready()?.is_ready() {
            task::current().notify();
        }
        Ok(())
    }

    pub(super) fn register_with(&self, handle: &Handle) -> io::Result<()> {
        self.registration.register_with(self.get_ref(), handle).map(drop)
    }

    fn register(&self) -> io::Result<()> {
        self.registration.register(self.get_ref()).map(drop)
    }

    pub(super) fn forget_readable(&self, ready: Ready) {
        self.readable.fetch_and(!ready.as_usize(), Ordering::SeqCst);
    }

    pub(super) fn forget_writable(&self) {
        self.writable.fetch_and(!Ready::writable().as_usize(), Ordering::SeqCst);
    }

    /// Before reading: whether the source may be ready for it.
    fn before_reading(&self) -> io::Result<()> {
        match self.poll_read_ready(Ready::readable())? {
            Async::Ready(_) => Ok(()),
            Async::NotReady => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// After reading: what `result` says of the readiness.
    fn after_reading<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if would_block(&result) {
            self.clear_read_ready(Ready::readable())?;
        }
        result
    }

    /// Before writing: whether the source may be ready for it.
    fn before_writing(&self) -> io::Result<()> {
        match self.poll_write_ready()? {
            Async::Ready(_) => Ok(()),
            Async::NotReady => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// After writing: what `result` says of the readiness.
    fn after_writing<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if would_block(&result) {
            self.clear_write_ready()?;
        }
        result
    }
}

fn would_block<T>(result: &io::Result<T>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// Looks for a bit of `mask`, or a hang-up, in what is `known`, adding to that what the
/// registration has.
fn poll_ready(
    known: &AtomicUsize,
    mask: Ready,
    take: impl FnOnce() -> io::Result<Option<Ready>>,
    poll: impl Fn() -> Poll<Ready, io::Error>,
) -> Poll<Ready, io::Error> {
    let add = |ready: Ready| {
        Ready::from_usize(known.fetch_or(ready.as_usize(), Ordering::SeqCst)) | ready
    };
    let mask = mask | hup();
    let ready = Ready::from_usize(known.load(Ordering::SeqCst));
    if !(ready & mask).is_empty() {
        return Ok(Async::Ready(take()?.map_or(ready, add)));
    }
    loop {
        match poll()? {
            Async::NotReady => return Ok(Async::NotReady),
            Async::Ready(ready) => {
                let ready = add(ready);
                if !(ready & mask).is_empty() {
                    return Ok(Async::Ready(ready));
                }
            }
        }
    }
}

impl<E: Evented + Read> Read for PollEvented2<E> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.before_reading()?;
        let result = self.get_mut().read(buf);
        self.after_reading(result)
    }
}

impl<E: Evented + Read> AsyncRead for PollEvented2<E> {}

impl<E: Evented + Write> Write for PollEvented2<E> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.before_writing()?;
        let result = self.get_mut().write(buf);
        self.after_writing(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.before_writing()?;
        let result = self.get_mut().flush();
        self.after_writing(result)
    }
}

/// Its `shutdown` does nothing: how a source ends is for its owner to know.
impl<E: Evented + Write> AsyncWrite for PollEvented2<E> {
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

impl<'a, E: Evented> Read for &'a PollEvented2<E>
where
    &'a E: Read,
{
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.before_reading()?;
        self.after_reading(self.get_ref().read(buf))
    }
}

impl<'a, E: Evented> AsyncRead for &'a PollEvented2<E> where &'a E: Read {}

impl<'a, E: Evented> Write for &'a PollEvented2<E>
where
    &'a E: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.before_writing()?;
        self.after_writing(self.get_ref().write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.before_writing()?;
        self.after_writing(self.get_ref().flush())
    }
}

/// Its `shutdown` does nothing: how a source ends is for its owner to know.
impl<'a, E: Evented> AsyncWrite for &'a PollEvented2<E>
where
    &'a E: Write,
{
    fn shutdown(&mut self) -> Poll<(), io::Error> {
        Ok(Async::Ready(()))
    }
}

impl<E: Evented> Drop for PollEvented2<E> {
    fn drop(&mut self) {
        if let Some(io) = self.io.take() {
            // It is going away with its descriptor; nobody is left to be told of an error.
            _ = self.registration.deregister(&io);
        }
    }
}

impl<E: Evented + fmt::Debug> fmt::Debug for PollEvented2<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollEvented").field("io", &self.io).finish_non_exhaustive()
    }
}
