//! Futures that the world wakes: for what takes virtual time and needs no runtime.
//!
//! The future of an [`Alarm`] waits for an event of the world's queue. Its waker is called once the
//! world's lock is free, because a wake may use the world.

use std::io;
use std::task::{Context, Poll, Waker};

use crate::arena::Key;
use crate::errno::fail;
use crate::state::State;
use crate::world::World;

/// What the world keeps for somebody who waits.
#[derive(Debug, Default)]
pub(crate) struct AlarmState {
    waker: Option<Waker>,
    /// The number of the error, or 0, once the alarm has rung.
    outcome: Option<i32>,
}

/// Waits until the alarm rings.
#[derive(Debug)]
pub(crate) struct Alarm {
    world: World,
    key: Key,
}

impl Alarm {
    pub(crate) fn new(world: &World, state: &mut State) -> Self {
        Alarm { world: world.clone(), key: state.alarms.insert(AlarmState::default()) }
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Ready once it has rung, with the error that it was given.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Cloned before and dropped after the lock, since either may run any code.
        let mut waker = Some(cx.waker().clone());
        let outcome = self.world.lock().alarms.get_mut(self.key).map(|alarm| {
            std::mem::swap(&mut alarm.waker, &mut waker);
            alarm.outcome
        });
        drop(waker);
        match outcome.flatten() {
            Some(0) => Poll::Ready(Ok(())),
            Some(error) => Poll::Ready(fail(error)),
            None => Poll::Pending,
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let alarm = self.world.lock().alarms.remove(self.key);
        drop(alarm);
    }
}

impl State {
    /// Lets an alarm ring, if somebody still waits for it.
    pub(crate) fn ring(&mut self, alarm: Key, outcome: i32) {
        if let Some(alarm) = self.alarms.get_mut(alarm) {
            alarm.outcome = Some(outcome);
            self.woken.extend(alarm.waker.take());
        }
    }
}
