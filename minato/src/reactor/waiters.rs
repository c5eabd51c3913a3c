//! Who waits for a slot.
//!
//! Three kinds of waiters share one short list.
//!
//! * *Polls* of sockets are known by their waker only: they are deduplicated by `will_wake`, and
//!   the number in each direction has a limit (see [`PollLimit`]). When one more comes, the oldest
//!   is woken, so that it polls again if it still waits.
//! * *Entries* belong to one future each, which takes its entry out when it is dropped.
//! * The *last poll* of an `AsyncFd` is the only one of its direction; the next one replaces it.
//!
//! Cloning, waking or dropping a waker may run any code, also code that uses the same socket. So
//! nothing here does any of that: callers clone wakers before they take the lock, and get back
//! what they must wake or drop after they have released it.

use std::mem;
use std::task::Waker;

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

/// The list, the longest waiting first.
#[derive(Default)]
pub(crate) struct Waiters {
    list: Vec<Waiter>,
    last_id: u32,
    /// For each direction, once more polls have waited than the limit allows at first.
    limits: Option<Box<[PollLimit; 2]>>,
}

/// What a joining poll has set free, for after the lock.
#[derive(Default)]
#[must_use = "these wakers are to be woken or dropped after the lock is released"]
pub(crate) struct SetFree {
    /// To be woken: it was driven out, and polls again if it still waits.
    pub(crate) woken: Option<Waker>,
    /// Whether a clone of it must become the probe before it is woken.
    pub(crate) is_probe: bool,
    /// To be dropped.
    pub(crate) dropped: [Option<Waker>; 2],
}

/// How many polls of one direction are kept at first.
const POLLS_AT_FIRST: usize = 64;

/// How many polls of one direction are kept.
///
/// A waker does not tell whether its task still waits, so a list of them must have a limit. But if
/// all of them do wait, the one that is woken comes back and drives out the next, in a circle
/// without end. So one that was driven out is kept as the *probe*. If the probe comes back, the
/// limit doubles, until there is room for all.
///
/// There is a new probe after two to four times as many as for the one before, so a circle of any
/// length is soon closed. The number is drawn, since a regular one might keep in step with the
/// circle. The wakers of tasks that no longer wait never come back, and among many of those a probe
/// is rarely one that does.
struct PollLimit {
    limit: usize,
    /// How many were driven out since the limit was set.
    driven_out: usize,
    /// At which number of them there is a new probe.
    next_probe_at: usize,
    probe: Option<Waker>,
    random: u64,
}

impl Default for PollLimit {
    fn default() -> Self {
        Self::new(POLLS_AT_FIRST, 1)
    }
}

impl PollLimit {
    fn new(limit: usize, random: u64) -> Self {
        let mut new = Self { limit, driven_out: 0, next_probe_at: 0, probe: None, random };
        new.draw_next_probe(limit);
        new
    }

    /// Draws when there is a new probe: after `least` more to three times that.
    fn draw_next_probe(&mut self, least: usize) {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.next_probe_at += least + (self.random >> 33) as usize % (2 * least);
    }

    /// A poll joins. If it is the probe, there is room for more from now on; returns the probe.
    fn joined(&mut self, waker: &Waker) -> Option<Waker> {
        let probe = self.probe.take_if(|probe| probe.will_wake(waker))?;
        *self = Self::new(2 * self.limit, self.random);
        Some(probe)
    }

    /// A poll is driven out; says whether it is the next probe.
    fn is_next_probe(&mut self) -> bool {
        self.driven_out += 1;
        let is_next = self.driven_out >= self.next_probe_at;
        if is_next {
            self.draw_next_probe(self.driven_out);
        }
        is_next
    }
}

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a poll, for which another one may have to give way.
    pub(crate) fn add_poll(&mut self, direction: Direction, waker: Waker) -> SetFree {
        let owner = Owner::Poll(direction);
        let mut polls = 0;
        for waiter in &self.list {
            if waiter.owner == owner {
                if waiter.waker.will_wake(&waker) {
                    return SetFree { dropped: [Some(waker), None], ..SetFree::default() };
                }
                polls += 1;
            }
        }
        let free = if polls < POLLS_AT_FIRST {
            SetFree::default()
        } else {
            self.make_room(direction, polls, &waker)
        };
        self.list.push(Waiter { owner, wants: direction.mask(), waker });
        free
    }

    /// Makes room for one more than the `polls` that wait in `direction`.
    #[cold]
    fn make_room(&mut self, direction: Direction, polls: usize, joining: &Waker) -> SetFree {
        let limit = &mut self.limits.get_or_insert_default()[direction as usize];
        let mut free = SetFree { dropped: [limit.joined(joining), None], ..SetFree::default() };
        if polls >= limit.limit {
            free.is_probe = limit.is_next_probe();
            free.woken = self.remove(Owner::Poll(direction));
        }
        free
    }

    /// Makes `waker` the probe of its direction; returns the one before.
    #[must_use]
    pub(crate) fn set_probe(&mut self, direction: Direction, waker: Waker) -> Option<Waker> {
        self.limits.get_or_insert_default()[direction as usize].probe.replace(waker)
    }

    /// Makes `waker` the only poll of its direction; returns the one before.
    #[must_use]
    pub(crate) fn set_last_poll(&mut self, direction: Direction, waker: Waker) -> Option<Waker> {
        self.set(Owner::LastPoll(direction), direction.mask(), waker)
    }

    /// Makes `waker` the one that is woken for the entry `id`, or for a new one; returns the one
    /// before as well.
    pub(crate) fn set_entry(
        &mut self,
        id: Option<EntryId>,
        wants: Readiness,
        waker: Waker,
    ) -> (EntryId, Option<Waker>) {
        let id = id.unwrap_or_else(|| {
            self.last_id = self.last_id.wrapping_add(1);
            EntryId(self.last_id)
        });
        (id, self.set(Owner::Entry(id), wants, waker))
    }

    /// Takes an entry out; the waker is returned so that it is dropped outside the lock.
    #[must_use]
    pub(crate) fn remove_entry(&mut self, id: EntryId) -> Option<Waker> {
        self.remove(Owner::Entry(id))
    }

    /// Moves the wakers of everybody whom `event` concerns into `wakers`.
    pub(crate) fn take(&mut self, event: Readiness, wakers: &mut Vec<Waker>) {
        let concerned = |waiter: &mut Waiter| waiter.wants.intersects(event);
        wakers.extend(self.list.extract_if(.., concerned).map(|waiter| waiter.waker));
    }

    /// The data of everybody's waker, and what each waits for.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (usize, Readiness)> {
        self.list.iter().map(|waiter| (waiter.waker.data().addr(), waiter.wants))
    }

    /// Sets the waiter of `owner`; returns the waker that it had before.
    fn set(&mut self, owner: Owner, wants: Readiness, waker: Waker) -> Option<Waker> {
        let Some(waiter) = self.list.iter_mut().find(|waiter| waiter.owner == owner) else {
            self.list.push(Waiter { owner, wants, waker });
            return None;
        };
        waiter.wants = wants;
        Some(mem::replace(&mut waiter.waker, waker))
    }

    /// Takes out the oldest waiter of `owner`.
    fn remove(&mut self, owner: Owner) -> Option<Waker> {
        let at = self.list.iter().position(|waiter| waiter.owner == owner)?;
        Some(self.list.remove(at).waker)
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
            assert!(waiters.add_poll(Direction::Read, waker.clone()).woken.is_none());
        }
        assert_eq!(wake_all(&mut waiters, Readiness::READABLE), 1);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(wake_all(&mut waiters, Readiness::ALL), 0);
    }

    #[test]
    fn a_poll_beyond_the_limit_wakes_the_oldest_and_nobody_is_forgotten() {
        let mut waiters = Waiters::default();
        let all: Vec<_> = (0..POLLS_AT_FIRST + 3).map(|_| counted()).collect();
        for (_, waker) in &all {
            if let Some(woken) = join(&mut waiters, Direction::Write, waker) {
                woken.wake();
            }
        }
        assert_eq!(wake_all(&mut waiters, Readiness::WRITABLE), POLLS_AT_FIRST);
        for (count, _) in &all {
            assert_eq!(count.0.load(Ordering::Relaxed), 1);
        }
    }

    /// Joins as a slot does; returns whom it must wake.
    fn join(waiters: &mut Waiters, direction: Direction, waker: &Waker) -> Option<Waker> {
        let free = waiters.add_poll(direction, waker.clone());
        if free.is_probe
            && let Some(woken) = &free.woken
        {
            drop(waiters.set_probe(direction, woken.clone()));
        }
        free.woken
    }

    /// Polls `tasks` in turn as an executor does, and one that is woken again behind the others;
    /// returns how often one was woken, until nobody is or `limit` is reached.
    fn circle(waiters: &mut Waiters, tasks: &[Waker], limit: usize) -> usize {
        let mut queue: VecDeque<Waker> = tasks.iter().cloned().collect();
        let mut woken = 0;
        while let Some(task) = queue.pop_front() {
            if let Some(driven_out) = join(waiters, Direction::Read, &task) {
                woken += 1;
                queue.push_back(driven_out);
            }
            if woken == limit {
                break;
            }
        }
        woken
    }

    #[test]
    fn any_number_of_polls_that_wait_come_to_rest_and_are_kept() {
        for count in [9, 10_usize, 17, 25, 65, 100, 200, 1000] {
            let mut waiters = Waiters::default();
            let all: Vec<_> = (0..count).map(|_| counted()).collect();
            let tasks: Vec<_> = all.iter().map(|(_, waker)| waker.clone()).collect();
            let woken = circle(&mut waiters, &tasks, 1_000_000);
            // For each doubling of the limit, four rounds at most.
            let doublings = count.div_ceil(POLLS_AT_FIRST).next_power_of_two().ilog2() as usize;
            assert!(woken <= doublings * 4 * count, "{count} tasks: {woken}");
            assert_eq!(wake_all(&mut waiters, Readiness::READABLE), count);
            assert_eq!(circle(&mut waiters, &tasks, 1_000_000), 0, "there is room for all now");
        }
    }

    /// A few tasks that wait, among ever new ones that poll once and go elsewhere.
    #[test]
    fn wakers_of_tasks_that_went_elsewhere_do_not_pile_up() {
        for staying in [0, 1, 2, 5, 8, 20, 64, 100] {
            let mut waiters = Waiters::default();
            let stay: Vec<_> = (0..staying).map(|_| counted().1).collect();
            circle(&mut waiters, &stay, 1_000_000);
            for _ in 0..100_000 {
                let mut woken = join(&mut waiters, Direction::Read, &counted().1);
                while let Some(waker) = woken.take_if(|w| stay.iter().any(|s| s.will_wake(w))) {
                    woken = join(&mut waiters, Direction::Read, &waker);
                }
            }
            let kept = waiters.list.len();
            assert!(kept <= 16 * staying.max(POLLS_AT_FIRST), "{staying} stay, {kept} are kept");
        }
    }

    #[test]
    fn an_event_wakes_only_whom_it_concerns() {
        let mut waiters = Waiters::default();
        let (reader, read_waker) = counted();
        let (writer, write_waker) = counted();
        assert!(waiters.add_poll(Direction::Read, read_waker).woken.is_none());
        assert!(waiters.add_poll(Direction::Write, write_waker).woken.is_none());
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
            .map(|(_, waker)| waiters.set_entry(None, Readiness::READABLE, waker.clone()).0)
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
        assert!(waiters.set_last_poll(Direction::Read, first_waker.clone()).is_none());
        let before = waiters.set_last_poll(Direction::Read, second_waker);
        assert!(before.is_some_and(|before| before.will_wake(&first_waker)));
        assert_eq!(wake_all(&mut waiters, Readiness::READABLE), 1);
        assert_eq!(first.0.load(Ordering::Relaxed), 0);
        assert_eq!(second.0.load(Ordering::Relaxed), 1);
    }
}
