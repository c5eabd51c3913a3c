//! Making sure that somebody turns the reactor that a wait was left with.
//!
//! Sockets and timers pass here whenever they have left a waker with a reactor.

use std::io;
use std::panic::Location;
use std::task::Waker;

use super::shared::{Keeper, Shared, Watch};
use super::{fallback, monitor};
use crate::runtime::context;
use crate::runtime::implicit::{HiddenThread, permit};
use crate::sync::Arc;

/// The reactor for waits outside every runtime, of what was made or called at `place`.
///
/// # Errors
///
/// When the background thread cannot be started, or hidden threads are forbidden and the program
/// has not chosen a fallback reactor itself.
pub(crate) fn outside(place: &'static Location<'static>) -> io::Result<Arc<Shared>> {
    match permit(HiddenThread::Reactor, place) {
        Ok(()) => fallback::reactor(),
        Err(forbidden) => fallback::chosen().ok_or(forbidden),
    }
}

impl Shared {
    /// Called after `waker` was left here: has the reactor turned even if its keeper will not come
    /// to it.
    ///
    /// Within a task's own poll there is nothing to do: when the poll returns, the thread goes on
    /// to turn. Any other wait may be that of a thread which now blocks.
    ///
    /// # Errors
    ///
    /// When a thread is needed for it and cannot be started or is forbidden, or nobody steps the
    /// simulated host.
    #[inline]
    pub(crate) fn look_after(
        self: &Arc<Self>,
        waker: &Waker,
        place: &'static Location<'static>,
    ) -> io::Result<()> {
        if context::will_turn(self.address(), waker) {
            return Ok(());
        }
        match self.keeper() {
            Keeper::Background | Keeper::Hand => Ok(()),
            _ if self.watch() != Watch::None => Ok(()),
            // The reactor of a sibling: it turns, or an idle sibling does in its place.
            Keeper::Core if context::polls_for(self.owner(), waker) && context::has_siblings() => {
                Ok(())
            }
            keeper => self.have_watched(keeper, place),
        }
    }

    /// Has the background thread watch this core. Where hidden threads are forbidden, whoever waits
    /// relies on the thread that holds the core, and without one it is an error.
    #[cold]
    fn have_watched(
        self: &Arc<Self>,
        keeper: Keeper,
        place: &'static Location<'static>,
    ) -> io::Result<()> {
        if self.driver().host().is_none()
            && let Err(forbidden) = permit(HiddenThread::Reactor, place)
        {
            return if keeper == Keeper::Core { Ok(()) } else { Err(forbidden) };
        }
        monitor::watch(self)
    }
}
