//! The timer wheel: whatever is inserted, moved and cancelled, each timer fires once, on its tick,
//! in order. The library's own file is taken in by its path, since it is private.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use arbitrary::{Arbitrary, Unstructured};

use self::wheel::{TimerKey, Wheel};

#[path = "../../minato/src/time/wheel.rs"]
#[allow(dead_code, reason = "a file of a library, used in part")]
mod wheel;

#[derive(Arbitrary, Debug)]
enum Operation {
    Insert(Distance),
    InsertLate(Distance),
    Cancel(u8),
    Move(u8, Distance),
    SetWaker(u8),
    Advance(Distance),
    /// To where the wheel says that something is to be done.
    Follow,
    Drain,
}

/// A number of ticks near a border of a level, or anywhere.
#[derive(Arbitrary, Debug)]
struct Distance {
    exponent: u8,
    factor: u8,
    more: i8,
}

impl Distance {
    fn ticks(&self) -> u64 {
        let base = u64::from(self.factor).wrapping_shl(u32::from(self.exponent) % 64);
        base.saturating_add_signed(i64::from(self.more))
    }
}

/// Notes its number when it is woken.
struct Numbered(usize, Arc<Mutex<Vec<usize>>>);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

/// When a timer is due, and the how manieth change of the wheel has put it there.
type Place = (u64, usize);

#[derive(Clone, Copy, Debug)]
struct Waiting {
    wakes: usize,
    moved: bool,
}

#[derive(Default)]
struct Model {
    now: u64,
    changes: usize,
    wakers: usize,
    /// Every timer that there ever was.
    timers: Vec<(TimerKey, Place)>,
    /// Those that wait: whom they wake, and whether they were moved.
    waiting: BTreeMap<Place, Waiting>,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Model {
    fn waker(&mut self) -> (usize, Waker) {
        self.wakers += 1;
        (self.wakers, Waker::from(Arc::new(Numbered(self.wakers, Arc::clone(&self.woken)))))
    }

    /// What is late counts as due now, after what is due now already.
    fn place(&mut self, deadline: u64) -> Place {
        self.changes += 1;
        (deadline.max(self.now), self.changes)
    }

    fn pick(&self, nth: u8) -> Option<usize> {
        usize::from(nth).checked_rem(self.timers.len())
    }

    fn insert(&mut self, wheel: &mut Wheel, deadline: u64) {
        let (number, waker) = self.waker();
        let key = wheel.insert(deadline, waker);
        let place = self.place(deadline);
        self.timers.push((key, place));
        self.waiting.insert(place, Waiting { wakes: number, moved: false });
    }

    fn cancel(&mut self, wheel: &mut Wheel, index: usize) {
        let (key, place) = self.timers[index];
        assert_eq!(wheel.cancel(key).is_some(), self.waiting.remove(&place).is_some());
    }

    fn change_deadline(&mut self, wheel: &mut Wheel, index: usize, deadline: u64) {
        let (key, place) = self.timers[index];
        let waits = self.waiting.remove(&place);
        assert_eq!(wheel.set_deadline(key, deadline), waits.is_some());
        if let Some(waits) = waits {
            let place = self.place(deadline);
            self.timers[index].1 = place;
            self.waiting.insert(place, Waiting { moved: true, ..waits });
        }
    }

    fn change_waker(&mut self, wheel: &mut Wheel, index: usize) {
        let (key, place) = self.timers[index];
        let (number, waker) = self.waker();
        let waits = self.waiting.get_mut(&place);
        assert_eq!(wheel.set_waker(key, waker).is_ok(), waits.is_some());
        if let Some(waits) = waits {
            waits.wakes = number;
        }
    }

    fn advance(&mut self, wheel: &mut Wheel, now: u64) {
        self.now = self.now.max(now);
        let later = match self.now.checked_add(1) {
            Some(next) => self.waiting.split_off(&(next, 0)),
            None => BTreeMap::new(),
        };
        let due: Vec<(Place, Waiting)> =
            std::mem::replace(&mut self.waiting, later).into_iter().collect();
        let mut wakers = Vec::new();
        wheel.expire(now, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        let mut woken =
            std::mem::take(&mut *self.woken.lock().unwrap_or_else(PoisonError::into_inner));
        let mut expected: Vec<usize> = due.iter().map(|(_, waiting)| waiting.wakes).collect();
        sort_where_order_is_open(&due, &mut expected);
        assert_eq!(woken.len(), expected.len(), "at tick {}", self.now);
        sort_where_order_is_open(&due, &mut woken);
        assert_eq!(woken, expected, "at tick {}", self.now);
    }

    /// Going where the wheel says reaches the first timer in a few steps.
    fn follow(&mut self, wheel: &mut Wheel) {
        let before = self.waiting.len();
        let moved = self.waiting.values().filter(|waiting| waiting.moved).count();
        // One that was moved to later is filed again at its old place.
        for _ in 0..2 + moved {
            if let Some(next) = wheel.next_deadline_tick() {
                self.advance(wheel, next);
            }
            if self.waiting.len() < before {
                return;
            }
        }
        assert_eq!(before, 0, "the wheel's answers make no progress");
    }

    fn drain(&mut self, wheel: &mut Wheel) {
        let mut wakers = Vec::new();
        wheel.drain(&mut wakers);
        assert_eq!(wakers.len(), self.waiting.len());
        self.waiting.clear();
    }

    fn compare(&self, wheel: &Wheel) {
        assert_eq!((wheel.len(), wheel.is_empty()), (self.waiting.len(), self.waiting.is_empty()));
        let first = self.waiting.keys().next().map(|(due, _)| *due);
        let next = wheel.next_deadline_tick();
        assert_eq!(next.is_some(), first.is_some());
        assert!(next <= first, "{next:?} is later than {first:?}");
    }
}

/// Sorts the numbers of those that are due at a tick at which one is due that was moved: its place
/// among them is open. Only what has as many numbers as there are due is sorted.
fn sort_where_order_is_open(due: &[(Place, Waiting)], numbers: &mut [usize]) {
    let mut rest = numbers;
    for group in due.chunk_by(|(one, _), (other, _)| one.0 == other.0) {
        let Some((numbers, after)) = rest.split_at_mut_checked(group.len()) else { return };
        if group.iter().any(|(_, waiting)| waiting.moved) {
            numbers.sort_unstable();
        }
        rest = after;
    }
}

/// Does what the input says.
pub(crate) fn run(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let (mut wheel, mut model) = (Wheel::new(), Model::default());
    while let Ok(operation) = input.arbitrary::<Operation>() {
        let now = model.now;
        match operation {
            Operation::Insert(distance) => {
                model.insert(&mut wheel, now.saturating_add(distance.ticks()));
            }
            Operation::InsertLate(distance) => {
                model.insert(&mut wheel, now.saturating_sub(distance.ticks()));
            }
            Operation::Cancel(nth) => {
                model.pick(nth).into_iter().for_each(|index| model.cancel(&mut wheel, index));
            }
            Operation::Move(nth, distance) => {
                let deadline = now.saturating_add(distance.ticks());
                if let Some(index) = model.pick(nth) {
                    model.change_deadline(&mut wheel, index, deadline);
                }
            }
            Operation::SetWaker(nth) => {
                if let Some(index) = model.pick(nth) {
                    model.change_waker(&mut wheel, index);
                }
            }
            Operation::Advance(distance) => {
                model.advance(&mut wheel, now.saturating_add(distance.ticks()));
            }
            Operation::Follow => model.follow(&mut wheel),
            Operation::Drain => model.drain(&mut wheel),
        }
        model.compare(&wheel);
        if input.is_empty() {
            break;
        }
    }
    model.advance(&mut wheel, u64::MAX);
    model.compare(&wheel);
}
