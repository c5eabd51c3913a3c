//! One event source with a reactor.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::{Async, Poll};
use mio::{Evented, Ready, Token};

use super::nest::{Direction, Inside, Source};
use crate::reactor::Handle;

/// Ties an event source of mio 0.6 to a reactor.
///
/// It knows the readiness of the source, which is *taken* by asking: readiness that was returned
/// once is not returned again before the next event, but for a hang-up, which stays. What the
/// source is used for must then go on until it would block.
///
/// Any number of tasks may wait, in each direction.
#[derive(Default)]
pub struct Registration {
    place: OnceLock<Place>,
    /// Held while a place is made.
    placing: Mutex<()>,
}

/// A source's place in a nest. It is given back when dropped.
struct Place {
    nest: Arc<Inside>,
    token: Token,
    source: Arc<Source>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.nest.remove(self.token);
    }
}

impl Registration {
    /// One that is not registered yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers `io` with the reactor that a wait here would find; returns whether it was not
    /// registered before.
    ///
    /// # Errors
    ///
    /// Those of the source, or when the system has no more descriptors.
    pub fn register<T: Evented>(&self, io: &T) -> io::Result<bool> {
        self.register_with(io, &Handle::default())
    }

    /// Registers `io` with the reactor of `handle`; returns whether it was not registered before.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    pub fn register_with<T: Evented>(&self, io: &T, handle: &Handle) -> io::Result<bool> {
        if self.place.get().is_some() {
            return Ok(false);
        }
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.place.get().is_some() {
            return Ok(false);
        }
        let nest = handle.nest().inside()?;
        let (token, source) = nest.add(io)?;
        self.place.get_or_init(|| Place { nest, token, source });
        Ok(true)
    }

    /// Ends the registration of `io`, which must be what was registered.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub fn deregister<T: Evented>(&mut self, io: &T) -> io::Result<()> {
        match self.place.take() {
            Some(place) => io.deregister(place.nest.poll()),
            None => Ok(()),
        }
    }

    /// Takes the readiness for reading, and whatever else is not for writing. Not ready means that
    /// the current task will be notified.
    ///
    /// # Errors
    ///
    /// When nothing is registered, or the reactor has ended.
    ///
    /// # Panics
    ///
    /// Outside a task, when it would have to wait.
    pub fn poll_read_ready(&self) -> Poll<Ready, io::Error> {
        self.poll_ready(Direction::Read)
    }

    /// Like [`poll_read_ready`](Self::poll_read_ready), but does not
    /// register the task for the next event.
    ///
    /// # Errors
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    pub fn take_read_ready(&self) -> io::Result<Option<Ready>> {
        self.take_ready(Direction::Read)
    }

    /// Takes the readiness for writing. Not ready means that the current task will be notified.
    ///
    /// # Errors
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Panics
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    pub fn poll_write_ready(&self) -> Poll<Ready, io::Error> {
        self.poll_ready(Direction::Write)
    }

    /// Like [`poll_write_ready`](Self::poll_write_ready), but does not
    /// register the task for the next event.
    ///
    /// # Errors
    ///
    /// As [`poll_read_ready`](Self::poll_read_ready).
    pub fn take_write_ready(&self) -> io::Result<Option<Ready>> {
        self.take_ready(Direction::Write)
    }

    /// Ends the registration of `io`, and keeps its place: nothing more will happen there.
    pub(super) fn withdraw<T: Evented>(&self, io: &T) -> io::Result<()> {
        self.place().and_then(|place| io.deregister(place.nest.poll()))
    }

    /// Notifies the task that waits in `direction`.
    pub(super) fn tell(&self, direction: Direction) {
        if let Some(place) = self.place.get() {
            place.source.notify(direction.usual());
        }
    }

    fn place(&self) -> io::Result<&Place> {
        self.place.get().ok_or_else(|| io::Error::other("must call `register` before it is polled"))
    }

    pub(super) fn take_ready(&self, direction: Direction) -> io::Result<Option<Ready>> {
        let place = self.place()?;
        place.nest.check()?;
        Ok(place.source.take(direction))
    }

    pub(super) fn poll_ready(&self, direction: Direction) -> Poll<Ready, io::Error> {
        let Place { nest, source, .. } = self.place()?;
        if let Some(ready) = source.take(direction) {
            return Ok(Async::Ready(ready));
        }
        source.wait(direction);
        nest.turn();
        nest.check()?;
        Ok(source.take(direction).map_or(Async::NotReady, Async::Ready))
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("registered", &self.place.get().is_some())
            .finish_non_exhaustive()
    }
}
