//! Who waits for a slot.
//!
//! Three kinds of waiters share one short list. *Polls* of sockets are known by their waker only:
//! they are deduplicated by `will_wake`, and as many are kept in a direction as the [`Crowd`] has
//! room for; one more, and the oldest is woken to find out for itself, never forgotten. *Entries*
//! belong to one future each, which takes its entry out when it is dropped. The *last poll* of an
//! `AsyncFd` is the only one of its direction and is replaced by the next.

use std::mem;
use std::task::Waker;

use super::crowd::{Crowd, POLLS_AT_FIRST};
use crate::engine::{Direction, Readiness};

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
    /// For each direction, once more polls have waited than are kept at first.
    crowds: Option<Box<[Crowd; 2]>>,
}

/// Wakers that a joining poll has set free, for after the lock.
#[derive(Default)]
#[must_use]
pub(crate) struct SetFree {
    /// Gave way, and must be woken.
    pub(crate) woken: Option<Waker>,
    pub(crate) dropped: [Option<Waker>; 2],
}

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.near.iter().all(Option::is_none) && self.far.is_empty()
    }

    /// Adds a poll, for which another one may have to give way.
    pub(crate) fn add_poll(&mut self, direction: Direction, waker: &Waker) -> SetFree {
        let owner = Owner::Poll(direction);
        let mut polls = 0;
        for waiter in self.iter() {
            if waiter.owner == owner {
                if waiter.waker.will_wake(waker) {
                    return SetFree::default();
                }
                polls += 1;
            }
        }
        let free = if polls < POLLS_AT_FIRST {
            SetFree::default()
        } else {
            self.make_room(direction, polls, waker)
        };
        self.push(Waiter { owner, wants: direction.mask(), waker: waker.clone() });
        free
    }

    /// Makes room for one more than the `polls` that wait in `direction`.
    #[cold]
    fn make_room(&mut self, direction: Direction, polls: usize, joining: &Waker) -> SetFree {
        let crowd = &mut self.crowds.get_or_insert_default()[direction as usize];
        let witness = crowd.joined(joining);
        if polls < crowd.limit() {
            return SetFree { woken: None, dropped: [witness, None] };
        }
        let is = |waiter: &Waiter| waiter.owner == Owner::Poll(direction);
        // Those that are near came first and would make room for each other only.
        let Some(oldest) = self.far.iter().position(is).map(|at| self.far.remove(at).waker) else {
            return SetFree { woken: None, dropped: [witness, None] };
        };
        let before = crowd.gives_way(&oldest);
        SetFree { woken: Some(oldest), dropped: [witness, before] }
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
    use std::collections::VecDeque;
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
            assert!(waiters.add_poll(Direction::Read, &waker).woken.is_none());
        }
        assert_eq!(wake_all(&mut waiters, Readiness::READABLE), 1);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(wake_all(&mut waiters, Readiness::ALL), 0);
    }

    #[test]
    fn the_ninth_poll_wakes_the_oldest_and_nobody_is_forgotten() {
        let mut waiters = Waiters::default();
        let all: Vec<_> = (0..POLLS_AT_FIRST + 3).map(|_| counted()).collect();
        for (_, waker) in &all {
            if let Some(woken) = waiters.add_poll(Direction::Write, waker).woken {
                woken.wake();
            }
        }
        assert_eq!(wake_all(&mut waiters, Readiness::WRITABLE), POLLS_AT_FIRST);
        for (count, _) in &all {
            assert_eq!(count.0.load(Ordering::Relaxed), 1);
        }
    }

    /// Polls `tasks` in turn as an executor does, and whoever gives way again behind the others;
    /// returns how often one was woken, until nobody is or `limit` is reached.
    fn circle(waiters: &mut Waiters, tasks: &[Waker], limit: usize) -> usize {
        let mut queue: VecDeque<Waker> = tasks.iter().cloned().collect();
        let mut woken = 0;
        while let Some(task) = queue.pop_front() {
            if let Some(gave_way) = waiters.add_poll(Direction::Read, &task).woken {
                woken += 1;
                queue.push_back(gave_way);
            }
            if woken == limit {
                break;
            }
        }
        woken
    }

    #[test]
    fn a_crowd_that_waits_settles_and_is_kept() {
        for count in [9, 10, 17, 25, 100, 1000] {
            let mut waiters = Waiters::default();
            let all: Vec<_> = (0..count).map(|_| counted()).collect();
            let tasks: Vec<_> = all.iter().map(|(_, waker)| waker.clone()).collect();
            let woken = circle(&mut waiters, &tasks, 1_000_000);
            // For each doubling of the limit, four rounds at most.
            let doublings = (count / POLLS_AT_FIRST).ilog2() as usize + 1;
            assert!(woken <= doublings * 4 * count, "{count} tasks: {woken}");
            assert_eq!(wake_all(&mut waiters, Readiness::READABLE), count);
            assert_eq!(circle(&mut waiters, &tasks, 1_000_000), 0, "there is room for all now");
        }
    }

    /// A few tasks that wait, among ever new ones that poll once and go elsewhere.
    #[test]
    fn wakers_of_tasks_that_went_elsewhere_do_not_pile_up() {
        for staying in [0, 1, 2, 5, 8, 20] {
            let mut waiters = Waiters::default();
            let stay: Vec<_> = (0..staying).map(|_| counted().1).collect();
            circle(&mut waiters, &stay, 1_000_000);
            for _ in 0..100_000 {
                let mut woken = waiters.add_poll(Direction::Read, &counted().1).woken;
                while let Some(waker) = woken.take_if(|w| stay.iter().any(|s| s.will_wake(w))) {
                    woken = waiters.add_poll(Direction::Read, &waker).woken;
                }
            }
            let kept = waiters.iter().count();
            assert!(kept <= 16 * (staying + POLLS_AT_FIRST), "{staying} stay, {kept} are kept");
        }
    }

    #[test]
    fn an_event_wakes_only_whom_it_concerns() {
        let mut waiters = Waiters::default();
        let (reader, read_waker) = counted();
        let (writer, write_waker) = counted();
        assert!(waiters.add_poll(Direction::Read, &read_waker).woken.is_none());
        assert!(waiters.add_poll(Direction::Write, &write_waker).woken.is_none());
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
