//! Who looks after a wait: the reactor for waits outside every runtime, and the watch over a wait
//! that the present thread may not come back to.
//!
//! Sockets and timers pass here whenever they have left a waker with a reactor.

use std::io;
use std::panic::Location;
use std::task::Waker;

use super::shared::{Keeper, Shared, Watch};
use super::{background, monitor};
use crate::runtime::context::{self, Implicit};
use crate::sync::Arc;

/// The reactor for waits outside every runtime, of what was made at `place`.
///
/// # Errors
///
/// When the background thread cannot be started, or hidden threads are forbidden and the program
/// has not chosen a fallback reactor itself.
pub(crate) fn outside(place: &'static Location<'static>) -> io::Result<Arc<Shared>> {
    match context::implicit_at(Implicit::Reactor, place) {
        Ok(()) => background::fallback(),
        Err(forbidden) => background::chosen().ok_or(forbidden),
    }
}

impl Shared {
    /// Makes sure that somebody turns this reactor for a wait that left `waker` with it, of what
    /// was made at `place`.
    ///
    /// Nothing is to be done where the present thread holds the reactor's core and goes on to turn
    /// it after this very poll; where the thread is a sibling of the one that does, since siblings
    /// look after each other; and where a reactor has a thread or an owner of its own. Any other
    /// wait is one from outside, and a core that is waited on from outside is watched by the
    /// background thread: its holder may leave, or be stuck in the poll that waits.
    ///
    /// Where hidden threads are forbidden there is no watch: a wait on a core that a thread holds
    /// relies on that thread, and one on a core that nobody holds is an error.
    ///
    /// # Errors
    ///
    /// When nobody turns the reactor and nobody can be made to.
    pub(crate) fn look_after(
        self: &Arc<Self>,
        waker: &Waker,
        place: &'static Location<'static>,
    ) -> io::Result<()> {
        if context::will_turn(self.address(), waker) {
            return Ok(());
        }
        let keeper = self.keeper();
        if matches!(keeper, Keeper::Background | Keeper::Hand)
            || self.watch() != Watch::None
            || (context::polls_for(self.owner(), waker) && context::has_siblings())
        {
            return Ok(());
        }
        match context::implicit_at(Implicit::Reactor, place) {
            Err(_) if keeper == Keeper::Core => Ok(()),
            Err(forbidden) if self.driver().host().is_none() => Err(forbidden),
            _ => monitor::watch(self),
        }
    }
}
