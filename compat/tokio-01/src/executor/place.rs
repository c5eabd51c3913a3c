//! Which executor a thread belongs to.

use std::cell::RefCell;
use std::rc::Rc;

use futures::Future;
use minato::runtime::Handle;

use super::SpawnError;
use super::task::{PanicHandler, Task};
use crate::pool::Sender;
use crate::runtime::current_thread::Local;

/// The executor that a thread is in.
#[derive(Clone)]
pub(crate) enum Place {
    /// One of Minato's own, or none.
    Elsewhere,
    /// A pool, of which it is one of the threads.
    Pool(Sender),
    /// A current-thread runtime, which is in `block_on` or `run` on it.
    Local(Rc<Local>),
}

thread_local! {
    static PLACE: RefCell<Place> = const { RefCell::new(Place::Elsewhere) };
}

/// The place of this thread. A thread whose locals are gone is nowhere.
pub(crate) fn here() -> Place {
    PLACE.try_with(|place| place.borrow().clone()).unwrap_or(Place::Elsewhere)
}

/// Puts this thread in a place; returns the one it was in.
pub(crate) fn put(place: Place) -> Place {
    PLACE.try_with(|here| here.replace(place)).unwrap_or(Place::Elsewhere)
}

/// Spawns a task on the executor that this thread is in, or the default one.
#[track_caller]
pub(super) fn spawn<F>(future: F) -> Result<(), (SpawnError, F)>
where
    F: Future<Item = (), Error = ()> + Send + 'static,
{
    match here() {
        Place::Pool(sender) => sender.try_spawn(future),
        Place::Local(local) => local.try_spawn(future),
        Place::Elsewhere => match Handle::current_or_default() {
            Ok(handle) => {
                drop(handle.spawn(Task::new(future, PanicHandler::default())));
                Ok(())
            }
            Err(error) => Err((SpawnError::nobody(&error), future)),
        },
    }
}

/// Whether a task would be taken.
pub(super) fn state() -> Result<(), SpawnError> {
    match here() {
        Place::Pool(sender) => sender.state(),
        Place::Local(_) | Place::Elsewhere => Ok(()),
    }
}

/// The current-thread runtime that this thread is in.
pub(crate) fn local() -> Option<Rc<Local>> {
    match here() {
        Place::Local(local) => Some(local),
        Place::Pool(_) | Place::Elsewhere => None,
    }
}
