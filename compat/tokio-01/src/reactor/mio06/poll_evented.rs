//! An event source of mio 0.6 that can be read and written within tasks.

use std::fmt;
use std::io::{self, Read, Write};

use futures::{Async, Poll, task};
use mio::{Evented, Ready};

use super::known::{Known, Look};
use super::nest::{Direction, hup};
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
    readable: Known,
    writable: Known,
}

impl<E: Evented> PollEvented2<E> {
    /// Takes `io` in. It is registered when it is first polled, with the reactor that is found
    /// then.
    pub fn new(io: E) -> Self {
        Self {
            io: Some(io),
            registration: Registration::new(),
            readable: Known::default(),
            writable: Known::default(),
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
        self.poll_look(Direction::Read, mask).map(|look| look.map(Look::ready))
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
        self.wait_again(Direction::Read, ready)
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
        let look = self.poll_look(Direction::Write, Ready::writable());
        look.map(|look| look.map(Look::ready))
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
        self.wait_again(Direction::Write, Ready::writable())
    }

    pub(super) fn register_with(&self, handle: &Handle) -> io::Result<()> {
        self.registration.register_with(self.get_ref(), handle).map(drop)
    }

    fn register(&self) -> io::Result<()> {
        self.registration.register(self.get_ref()).map(drop)
    }

    pub(super) fn forget_readable(&self, ready: Ready) {
        self.readable.forget(ready);
    }

    pub(super) fn forget_writable(&self) {
        self.writable.forget(Ready::writable());
    }

    fn known(&self, direction: Direction) -> &Known {
        match direction {
            Direction::Read => &self.readable,
            Direction::Write => &self.writable,
        }
    }

    /// Looks for a bit of `mask`, or a hang-up, in what is known, adding to that what the
    /// registration has.
    fn poll_look(&self, direction: Direction, mask: Ready) -> Poll<Look, io::Error> {
        self.register()?;
        let (known, registration) = (self.known(direction), &self.registration);
        let is_for_us = |look: Look| !(look.ready() & (mask | hup())).is_empty();
        // Whoever takes readiness from the registration takes it for all. Some may have looked here
        // before it was added, and begun to wait there after it was taken.
        let add = |ready| {
            let look = known.add(ready);
            registration.tell(direction);
            look
        };
        let look = known.look();
        if is_for_us(look) {
            return Ok(Async::Ready(registration.take_ready(direction)?.map_or(look, add)));
        }
        loop {
            match registration.poll_ready(direction)? {
                Async::NotReady => {
                    let look = known.look();
                    let found = if is_for_us(look) { Async::Ready(look) } else { Async::NotReady };
                    return Ok(found);
                }
                Async::Ready(ready) => {
                    let look = add(ready);
                    if is_for_us(look) {
                        return Ok(Async::Ready(look));
                    }
                }
            }
        }
    }

    /// After readiness was forgotten: the current task is notified when it comes back.
    fn wait_again(&self, direction: Direction, mask: Ready) -> io::Result<()> {
        if self.poll_look(direction, mask)?.is_ready() {
            task::current().notify();
        }
        Ok(())
    }

    /// Calls `operation` if the source may be ready in `direction`, and notes if it was not.
    fn when_ready<T>(
        &self,
        direction: Direction,
        operation: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let look = self.look_before(direction)?;
        self.note(direction, look, operation())
    }

    fn look_before(&self, direction: Direction) -> io::Result<Look> {
        match self.poll_look(direction, direction.usual())? {
            Async::Ready(look) => Ok(look),
            Async::NotReady => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Notes what the `result` of an operation after `look` says of the readiness.
    fn note<T>(&self, direction: Direction, look: Look, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            self.known(direction).forget_since(look, direction.usual());
            self.wait_again(direction, direction.usual())?;
        }
        result
    }
}

impl<E: Evented + Read> Read for PollEvented2<E> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let look = self.look_before(Direction::Read)?;
        let result = self.get_mut().read(buf);
        self.note(Direction::Read, look, result)
    }
}

impl<E: Evented + Read> AsyncRead for PollEvented2<E> {}

impl<E: Evented + Write> Write for PollEvented2<E> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let look = self.look_before(Direction::Write)?;
        let result = self.get_mut().write(buf);
        self.note(Direction::Write, look, result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let look = self.look_before(Direction::Write)?;
        let result = self.get_mut().flush();
        self.note(Direction::Write, look, result)
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
        self.when_ready(Direction::Read, || self.get_ref().read(buf))
    }
}

impl<'a, E: Evented> AsyncRead for &'a PollEvented2<E> where &'a E: Read {}

impl<'a, E: Evented> Write for &'a PollEvented2<E>
where
    &'a E: Write,
{
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.when_ready(Direction::Write, || self.get_ref().write(buf))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.when_ready(Direction::Write, || self.get_ref().flush())
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
