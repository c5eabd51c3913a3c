//! Who waits for a slot.
//!
//! Three kinds of waiters share one short list. *Polls* of sockets are known by their waker only:
//! up to [`POLLS_PER_DIRECTION`] of them wait in a direction, deduplicated by `will_wake`; one
//! more, and one of them is woken to find out for itself, never forgotten. *Entries* belong to one
//! future each, which takes its entry out when it is dropped. The *last poll* of an `AsyncFd` is
//! the only one of its direction and is replaced by the next.

use std::mem;
use std::task::Waker;

use crate::engine::{Direction, Readiness};

/// How many different wakers `poll_*` keeps in a direction.
pub(crate) const POLLS_PER_DIRECTION: usize = 8;

/// Names the waiting place of one future in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Poll(Direction),
    LastPoll(Direction),
    Entry(EntryId),
}

struct Waiter {
    owner: Owner,
    wants: Readiness,
    waker: Waker,
}

/// The list: two places within the slot, since a reader and a writer are the usual company, and a
/// vector that is only made for more.
#[derive(Default)]
pub(crate) struct Waiters {
    near: [Option<Waiter>; 2],
    far: Vec<Waiter>,
    last_id: u32,
}

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.near.iter().all(Option::is_none) && self.far.is_empty()
    }

    /// Adds a poll; returns a waker that had to give way and must be woken.
    #[must_use]
    pub(crate) fn add_poll(&mut self, direction: Direction, waker: &Waker) -> Option<Waker> {
        let owner = Owner::Poll(direction);
        let mut polls = 0;
        for waiter in self.iter() {
            if waiter.owner == owner {
                if waiter.waker.will_wake(waker) {
                    return None;
                }
                polls += 1;
            }
        }
        let overflowed = if polls < POLLS_PER_DIRECTION { None } else { self.remove(owner) };
        self.push(Waiter { owner, wants: direction.mask(), waker: waker.clone() });
        overflowed
    }

    /// Makes `waker` the only poll of its direction.
    pub(crate) fn set_last_poll(&mut self, direction: Direction, waker: &Waker) {
        self.set(Owner::LastPoll(direction), direction.mask(), waker);
    }

    /// Makes `waker` the one that is woken for the entry `id`, or for a new one.
    pub(crate) fn set_entry(
        &mut self,
        id: Option<EntryId>,
        wants: Readiness,
        waker: &Waker,
    ) -> EntryId {
        let id = id.unwrap_or_else(|| {
            self.last_id = self.last_id.wrapping_add(1);
            EntryId(self.last_id)
        });
        self.set(Owner::Entry(id), wants, waker);
        id
    }

    /// Takes an entry out; the waker is returned so that it is dropped outside the lock.
    #[must_use]
    pub(crate) fn remove_entry(&mut self, id: EntryId) -> Option<Waker> {
        self.remove(Owner::Entry(id))
    }

    /// Moves the wakers of everybody whom `event` concerns into `wakers`.
    #[inline]
    pub(crate) fn take(&mut self, event: Readiness, wakers: &mut Vec<Waker>) {
        for place in &mut self.near {
            if let Some(waiter) = place.take_if(|waiter| waiter.wants.intersects(event)) {
                wakers.push(waiter.waker);
            }
        }
        if !self.far.is_empty() {
            self.take_far(event, wakers);
        }
    }

    #[cold]
    fn take_far(&mut self, event: Readiness, wakers: &mut Vec<Waker>) {
        let concerned = |waiter: &mut Waiter| waiter.wants.intersects(event);
        wakers.extend(self.far.extract_if(.., concerned).map(|waiter| waiter.waker));
    }

    fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.near.iter().flatten().chain(&self.far)
    }

    fn set(&mut self, owner: Owner, wants: Readiness, waker: &Waker) {
        let found = self.near.iter_mut().flatten().chain(&mut self.far);
        match found.into_iter().find(|waiter| waiter.owner == owner) {
            Some(waiter) => {
                waiter.wants = wants;
                waiter.waker.clone_from(waker);
            }
            None => self.push(Waiter { owner, wants, waker: waker.clone() }),
        }
    }

    fn push(&mut self, waiter: Waiter) {
        match self.near.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(waiter),
            None => self.far.push(waiter),
        }
    }

    /// Takes out the oldest waiter of `owner`.
    fn remove(&mut self, owner: Owner) -> Option<Waker> {
        let is = |waiter: &Waiter| waiter.owner == owner;
        if let Some(place) = self.near.iter_mut().find(|place| place.as_ref().is_some_and(is)) {
            return mem::take(place).map(|waiter| waiter.waker);
        }
        let at = self.far.iter().position(is)?;
        Some(self.far.remove(at).waker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    fn wake_all(waiters: &mut Waiters, event: Readiness) -> usize {
        let mut wakers = Vec::new();
        waiters.take(event, &mut wakers);
        let woken = wakers.len();
        wakers.into_iter().for_each(Waker::wake);
        woken
    }

    #[test]
    fn a_poll_is_kept_once_however_often_it_waits() {
        let mut waiters = Waiters::default();
        let (count, waker) = counted();
        for _ in 0..100 {
            assert!(waiters.add_poll(Direction::Read, &waker).is_none());
        }
        assert_eq!(wake_all(&mut waiters, Readiness::READABLE), 1);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(wake_all(&mut waiters, Readiness::ALL), 0);
    }

    #[test]
    fn the_ninth_poll_wakes_the_oldest_and_nobody_is_forgotten() {
        let mut waiters = Waiters::default();
        let all: Vec<_> = (0..POLLS_PER_DIRECTION + 3).map(|_| counted()).collect();
        for (_, waker) in &all {
            if let Some(overflowed) = waiters.add_poll(Direction::Write, waker) {
                overflowed.wake();
            }
        }
        assert_eq!(wake_all(&mut waiters, Readiness::WRITABLE), POLLS_PER_DIRECTION);
        for (count, _) in &all {
            assert_eq!(count.0.load(Ordering::Relaxed), 1);
        }
    }

    #[test]
    fn an_event_wakes_only_whom_it_concerns() {
        let mut waiters = Waiters::default();
        let (reader, read_waker) = counted();
        let (writer, write_waker) = counted();
        assert!(waiters.add_poll(Direction::Read, &read_waker).is_none());
        assert!(waiters.add_poll(Direction::Write, &write_waker).is_none());
        assert_eq!(wake_all(&mut waiters, Readiness::READABLE), 1);
        assert_eq!(reader.0.load(Ordering::Relaxed), 1);
        assert_eq!(writer.0.load(Ordering::Relaxed), 0);
        assert_eq!(wake_all(&mut waiters, Readiness::ERROR), 1);
        assert_eq!(writer.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_entry_that_was_removed_is_not_woken() {
        let mut waiters = Waiters::default();
        let all: Vec<_> = (0..20).map(|_| counted()).collect();
        let ids: Vec<_> = all
            .iter()
            .map(|(_, waker)| waiters.set_entry(None, Readiness::READABLE, waker))
            .collect();
        for id in ids.iter().step_by(2) {
            assert!(waiters.remove_entry(*id).is_some());
        }
        wake_all(&mut waiters, Readiness::READABLE);
        for (index, (count, _)) in all.iter().enumerate() {
            assert_eq!(count.0.load(Ordering::Relaxed), index % 2);
        }
        assert!(waiters.remove_entry(ids[1]).is_none());
    }

    #[test]
    fn the_last_poll_replaces_the_one_before() {
        let mut waiters = Waiters::default();
        let (first, first_waker) = counted();
        let (second, second_waker) = counted();
        waiters.set_last_poll(Direction::Read, &first_waker);
        waiters.set_last_poll(Direction::Read, &second_waker);
        assert_eq!(wake_all(&mut waiters, Readiness::READABLE), 1);
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
    }
}
