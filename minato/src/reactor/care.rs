//! Making sure that somebody turns the reactor that a wait was left with.

use std::io;
use std::task::Waker;

use super::monitor;
use super::shared::{Keeper, Shared};
use crate::runtime::context;
use crate::sync::Arc;

impl Shared {
    /// Called after `waker` was left here: has the reactor turned even if its keeper will not come
    /// to it.
    ///
    /// Within a task's own poll there is nothing to do: when the poll returns, the thread goes on
    /// to turn. Any other wait may be that of a thread which now blocks.
    ///
    /// # Errors
    ///
    /// When a thread is needed for it and cannot be started, or nobody steps the simulated host.
    pub(crate) fn look_after(self: &Arc<Self>, waker: &Waker) -> io::Result<()> {
        if context::will_turn(self.address(), waker) {
            return Ok(());
        }
        match self.keeper() {
            Keeper::Background | Keeper::Hand => Ok(()),
            // The reactor of a sibling: it turns, or an idle sibling does in its place.
            Keeper::Core if context::polls_for(self.owner(), waker) => Ok(()),
            Keeper::Core | Keeper::Nobody => monitor::watch(self),
        }
    }
}
