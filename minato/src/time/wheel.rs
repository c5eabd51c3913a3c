//! A hierarchical timer wheel: wakers filed under the tick at which they are due.
//!
//! A tick is one millisecond, counted from a moment that the owner of the wheel chose. The wheel
//! has no clock and no lock, and wakes nothing: the owner gives it the time, and wakes what it
//! returns.
//!
//! # How it works
//!
//! There are six levels of 64 slots. A slot of level `n` covers `64^n` ticks, and a level covers
//! one slot of the level above. The place of an entry follows from two numbers: its deadline, and
//! `elapsed`, the last tick that the wheel was given. Both are read in base 64. The highest digit
//! in which they differ is the level, and the deadline's digit there is the slot. An entry that
//! differs above the sixth digit (2^36 ticks, two years) goes to one more list, the overflow, which
//! is treated as a seventh level with a single slot.
//!
//! The rest of the file relies on three properties that follow.
//!
//! - In every level the occupied slots lie ahead of `elapsed`'s own digit (in level 0 also at it),
//!   so a level never wraps around.
//! - Whatever is in a level is due before anything in the levels above it, so the first occupied
//!   slot of the lowest occupied level holds the next entry. Bitmaps find it in one pass.
//! - Entries with the same deadline that were never moved are always in the same list, in the order
//!   of their insertion.
//!
//! When time reaches a slot of a higher level, its entries are filed again and land lower. An entry
//! moves at most six times (more only in the overflow, once in two years), and most never move:
//! they are timeouts, cancelled long before.
//!
//! An entry that is moved to a later deadline stays where it is, and is filed again when time
//! reaches it there: a timeout that starts anew with every request moves once in its own length.
//!
//! Lists are doubly linked by index through one slab, so that filing and cancelling touch a few
//! words and allocate nothing once the slab has grown.

use std::task::Waker;

use slab::Slab;

/// How many bits of a tick belong to one level.
const LEVEL_BITS: usize = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
const LEVELS: usize = 6;
/// The index of the overflow list, and with it the number of slots before it.
const OVERFLOW: usize = LEVELS * SLOTS;
/// The end of a list.
const NONE: usize = usize::MAX;

/// Names an entry of one wheel, also after the entry is gone: a stale key is recognized, and never
/// touches the next entry in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    index: usize,
    generation: u64,
}

#[derive(Debug)]
struct Entry {
    deadline: u64,
    waker: Waker,
    generation: u64,
    /// The list that it is in.
    place: usize,
    links: Links,
}

/// The neighbours of an entry in its list.
#[derive(Clone, Copy, Debug)]
struct Links {
    previous: usize,
    next: usize,
}

/// One list of entries.
#[derive(Clone, Copy, Debug)]
struct Slot {
    first: usize,
    last: usize,
    /// No entry of the list is due earlier. An entry that is cancelled or moved may leave it too
    /// early until the list is empty once: finding the true minimum again would make that O(n).
    earliest: u64,
}

const EMPTY: Slot = Slot { first: NONE, last: NONE, earliest: u64::MAX };

impl Slot {
    /// Puts an entry at the end; returns the one that was there.
    #[inline]
    fn append(&mut self, index: usize, deadline: u64) -> usize {
        let previous = std::mem::replace(&mut self.last, index);
        if previous == NONE {
            self.first = index;
        }
        self.earliest = self.earliest.min(deadline);
        previous
    }
}

/// The list in which an entry with this deadline belongs, as long as `elapsed` stays.
#[inline]
fn place_of(elapsed: u64, deadline: u64) -> usize {
    // What is late is due now: it goes where `elapsed` is.
    let deadline = deadline.max(elapsed);
    let differing = (elapsed ^ deadline) | (SLOTS as u64 - 1);
    let level = differing.ilog2() as usize / LEVEL_BITS;
    if level >= LEVELS {
        return OVERFLOW;
    }
    let digit = (deadline >> (level * LEVEL_BITS)) as usize % SLOTS;
    level * SLOTS + digit
}

/// The timer wheel. See the top of the file for how it works.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The last tick given to `expire`. No entry due before it is left, but for those that were
    /// late when they were inserted.
    elapsed: u64,
    /// The generation of the next entry. Counted for the whole wheel, in 64 bits: it never repeats.
    generation: u64,
    entries: Slab<Entry>,
    slots: Box<[Slot; OVERFLOW + 1]>,
    /// Which slots hold entries, a bit each; the last word has one bit, for the overflow.
    occupied: [u64; LEVELS + 1],
}

impl Wheel {
    /// Makes an empty wheel at tick 0.
    pub(crate) fn new() -> Self {
        Wheel {
            elapsed: 0,
            generation: 0,
            entries: Slab::new(),
            slots: Box::new([EMPTY; OVERFLOW + 1]),
            occupied: [0; LEVELS + 1],
        }
    }

    /// Whether no entry waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Files a waker under the tick at which it is due. One that is already due is handed out by
    /// the next [`expire`](Wheel::expire).
    pub(crate) fn insert(&mut self, deadline_tick: u64, waker: Waker) -> TimerKey {
        let generation = self.generation;
        self.generation += 1;
        let vacant = self.entries.vacant_entry();
        let index = vacant.key();
        let place = place_of(self.elapsed, deadline_tick);
        let previous = self.slots[place].append(index, deadline_tick);
        let links = Links { previous, next: NONE };
        vacant.insert(Entry { deadline: deadline_tick, waker, generation, place, links });
        self.follow(previous, index, place);
        TimerKey { index, generation }
    }

    /// Whether the entry wakes the same task as `waker`; `None` if the key is stale: the entry has
    /// expired or was cancelled.
    pub(crate) fn will_wake(&mut self, key: TimerKey, waker: &Waker) -> Option<bool> {
        self.entry(key).map(|entry| entry.waker.will_wake(waker))
    }

    /// Makes the entry wake `waker`. Gives back the waker that it had, or `waker` itself if the key
    /// is stale: dropping it may run any code, even code that wants this wheel, so it is to be
    /// dropped after the lock is released.
    pub(crate) fn set_waker(&mut self, key: TimerKey, waker: Waker) -> Result<Waker, Waker> {
        match self.entry(key) {
            Some(entry) => Ok(std::mem::replace(&mut entry.waker, waker)),
            None => Err(waker),
        }
    }

    /// Removes the entry and gives back its waker, or `None` if the key is stale.
    ///
    /// As with [`set_waker`](Wheel::set_waker), drop the waker after the lock is released.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        let &mut Entry { place, links, .. } = self.entry(key)?;
        self.unlink(place, links);
        let entry = self.entries.remove(key.index);
        Some(entry.waker)
    }

    /// Files the entry under another tick, with the waker and the key it has; false if the key is
    /// stale. If it is a later tick, that happens when the one before has come.
    #[inline]
    pub(crate) fn set_deadline(&mut self, key: TimerKey, deadline_tick: u64) -> bool {
        let Some(entry) = self.entry(key) else { return false };
        let is_later = deadline_tick >= std::mem::replace(&mut entry.deadline, deadline_tick);
        if !is_later {
            self.refile(key.index);
        }
        true
    }

    fn refile(&mut self, index: usize) {
        let entry = &self.entries[index];
        let (place, links, deadline) = (entry.place, entry.links, entry.deadline);
        self.unlink(place, links);
        self.link(index, deadline);
    }

    /// Moves the wakers of all entries that are due at `now_tick` into `wakers`, in the order of
    /// their deadlines and, where these are equal, of their insertion. (Entries that were late
    /// when inserted count as due at the tick of their insertion. Where one that was moved stands
    /// among those with the same deadline is open.)
    ///
    /// A tick before one that the wheel has seen counts as the latter, since that one was reached.
    pub(crate) fn expire(&mut self, now_tick: u64, wakers: &mut Vec<Waker>) {
        let now = now_tick.max(self.elapsed);
        while let Some(place) = self.first_place() {
            let level = place / SLOTS;
            let width = level * LEVEL_BITS;
            // `earliest` lies within its slot even if it is too early, so this is the tick at
            // which the slot begins. Up to there, nothing else is due.
            let begin = self.slots[place].earliest >> width << width;
            if begin > now {
                break;
            }
            self.elapsed = self.elapsed.max(begin);
            if level == 0 {
                self.empty_into(place, wakers);
            } else {
                self.file_again(place);
            }
        }
        self.elapsed = now;
    }

    /// The tick at which [`expire`](Wheel::expire) should next be called, or `None` if no entry
    /// waits.
    ///
    /// It is never later than the first deadline. It is equal to it unless an entry of the same
    /// slot was cancelled or moved; then it may be earlier. A call of `expire` at the returned tick
    /// either returns wakers or files that slot again, which makes its answer exact: so a caller
    /// that follows the answers makes progress with every call.
    pub(crate) fn next_deadline_tick(&self) -> Option<u64> {
        self.first_place().map(|place| self.slots[place].earliest)
    }

    /// Moves all wakers into `wakers`, due or not, and leaves the wheel empty. All keys are stale
    /// afterwards.
    pub(crate) fn drain(&mut self, wakers: &mut Vec<Waker>) {
        self.slots.fill(EMPTY);
        self.occupied = [0; LEVELS + 1];
        wakers.extend(self.entries.drain().map(|entry| entry.waker));
    }

    /// The data of every entry's waker, and the tick at which it is due.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (usize, u64)> {
        self.entries.iter().map(|(_, entry)| (entry.waker.data().addr(), entry.deadline))
    }

    /// The entry of a key that is not stale.
    #[inline]
    fn entry(&mut self, key: TimerKey) -> Option<&mut Entry> {
        self.entries.get_mut(key.index).filter(|entry| entry.generation == key.generation)
    }

    /// The list that holds the next entry to be due.
    fn first_place(&self) -> Option<usize> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// Appends an entry to the list where it belongs.
    fn link(&mut self, index: usize, deadline: u64) {
        let place = place_of(self.elapsed, deadline);
        let previous = self.slots[place].append(index, deadline);
        let entry = &mut self.entries[index];
        entry.place = place;
        entry.links = Links { previous, next: NONE };
        self.follow(previous, index, place);
    }

    /// Notes an entry that was appended to a list with the entry before it, or with the bitmap if
    /// it is the first.
    #[inline]
    fn follow(&mut self, previous: usize, index: usize, place: usize) {
        if previous == NONE {
            self.occupied[place / SLOTS] |= 1 << (place % SLOTS);
        } else {
            self.entries[previous].links.next = index;
        }
    }

    /// Takes the entry with these neighbours out of its list.
    fn unlink(&mut self, place: usize, Links { previous, next }: Links) {
        match (previous, next) {
            (NONE, NONE) => _ = self.take(place),
            (NONE, next) => {
                self.slots[place].first = next;
                self.entries[next].links.previous = NONE;
            }
            (previous, NONE) => {
                self.slots[place].last = previous;
                self.entries[previous].links.next = NONE;
            }
            (previous, next) => {
                self.entries[previous].links.next = next;
                self.entries[next].links.previous = previous;
            }
        }
    }

    /// Empties a list and returns the first of its entries, which stay linked to each other.
    fn take(&mut self, place: usize) -> usize {
        self.occupied[place / SLOTS] &= !(1 << (place % SLOTS));
        std::mem::replace(&mut self.slots[place], EMPTY).first
    }

    /// Removes all entries of a list, in order, but for those that were moved: these are filed
    /// again.
    fn empty_into(&mut self, place: usize, wakers: &mut Vec<Waker>) {
        let mut index = self.take(place);
        while index != NONE {
            let Entry { links, deadline, .. } = self.entries[index];
            if deadline > self.elapsed {
                self.link(index, deadline);
            } else {
                wakers.push(self.entries.remove(index).waker);
            }
            index = links.next;
        }
    }

    /// Files all entries of a list again, in order, now that `elapsed` has reached it. What comes
    /// from the overflow may go back there.
    fn file_again(&mut self, place: usize) {
        let mut index = self.take(place);
        while index != NONE {
            let Entry { links, deadline, .. } = self.entries[index];
            self.link(index, deadline);
            index = links.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use proptest::prelude::*;

    impl Wheel {
        fn is_alive(&self, key: TimerKey) -> bool {
            self.entries.get(key.index).is_some_and(|entry| entry.generation == key.generation)
        }
    }

    /// Ticks around which levels begin and end, and the ends of time.
    fn borders() -> Vec<u64> {
        let mut ticks = vec![0, 1, 2, u64::MAX - 1, u64::MAX];
        for exponent in (LEVEL_BITS..=LEVELS * LEVEL_BITS + LEVEL_BITS).step_by(LEVEL_BITS) {
            let border = 1_u64 << exponent;
            for tick in [border, 63 * border, u64::MAX / border * border] {
                ticks.extend([tick - 1, tick, tick + 1]);
            }
        }
        ticks.sort_unstable();
        ticks.dedup();
        ticks
    }

    /// Wakers that note their number in one log when they are woken.
    #[derive(Default)]
    struct Log(Arc<Mutex<Vec<usize>>>);

    struct Numbered(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Numbered {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    impl Log {
        fn waker(&self, number: usize) -> Waker {
            Waker::from(Arc::new(Numbered(number, Arc::clone(&self.0))))
        }

        /// Expires, wakes, and returns the numbers in the order of waking.
        fn expire(&self, wheel: &mut Wheel, now: u64) -> Vec<usize> {
            let mut wakers = Vec::new();
            wheel.expire(now, &mut wakers);
            wakers.into_iter().for_each(Waker::wake);
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    #[test]
    fn one_entry_at_every_border_expires_on_its_tick_and_not_before() {
        let log = Log::default();
        for elapsed in borders() {
            for deadline in borders() {
                let mut wheel = Wheel::new();
                log.expire(&mut wheel, elapsed);
                let key = wheel.insert(deadline, log.waker(7));
                assert_eq!(wheel.next_deadline_tick(), Some(deadline));
                if deadline > elapsed {
                    assert_eq!(log.expire(&mut wheel, deadline - 1), [0; 0]);
                    assert!(wheel.is_alive(key), "{elapsed} {deadline}");
                    assert_eq!(wheel.next_deadline_tick(), Some(deadline));
                }
                assert_eq!(log.expire(&mut wheel, deadline), [7], "{elapsed} {deadline}");
                assert!(!wheel.is_alive(key) && wheel.is_empty());
                assert_eq!(wheel.next_deadline_tick(), None);
            }
        }
    }

    #[test]
    fn all_borders_at_once_expire_in_order_on_any_way_there() {
        let log = Log::default();
        for stop in borders() {
            let mut wheel = Wheel::new();
            for (number, deadline) in borders().into_iter().enumerate().rev() {
                wheel.insert(deadline, log.waker(number));
            }
            let mut seen = log.expire(&mut wheel, stop);
            assert_eq!(seen.len(), borders().iter().filter(|&&tick| tick <= stop).count());
            seen.extend(log.expire(&mut wheel, u64::MAX));
            assert_eq!(seen, (0..borders().len()).collect::<Vec<_>>(), "{stop}");
        }
    }

    #[test]
    fn every_tick_of_the_lowest_two_levels() {
        let log = Log::default();
        for start in [0, 1, 63, 64, 4000, 4095] {
            let mut wheel = Wheel::new();
            log.expire(&mut wheel, start);
            for offset in 0..5000 {
                wheel.insert(start + offset, log.waker(offset as usize));
            }
            for offset in 0..5000 {
                assert_eq!(wheel.next_deadline_tick(), Some(start + offset));
                assert_eq!(log.expire(&mut wheel, start + offset), [offset as usize]);
            }
        }
    }

    #[test]
    fn equal_deadlines_keep_the_order_of_insertion_across_levels() {
        let log = Log::default();
        let mut wheel = Wheel::new();
        for (number, now) in [0, 4096, 8000, 8128, 8191, 8192].into_iter().enumerate() {
            assert_eq!(log.expire(&mut wheel, now), [0; 0]);
            wheel.insert(8200, log.waker(number));
        }
        assert_eq!(log.expire(&mut wheel, 8200), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_stale_key_never_touches_the_next_entry_in_its_place() {
        let log = Log::default();
        let mut wheel = Wheel::new();
        let old = wheel.insert(5, log.waker(0));
        assert!(wheel.cancel(old).is_some());
        let new = wheel.insert(5, log.waker(1));
        assert_eq!(old.index, new.index);
        assert!(wheel.cancel(old).is_none());
        assert_eq!(wheel.will_wake(old, &log.waker(2)), None);
        assert!(wheel.set_waker(old, log.waker(2)).is_err());
        assert!(wheel.is_alive(new));
        assert_eq!(log.expire(&mut wheel, 5), [1]);
    }

    #[test]
    fn an_entry_knows_whom_it_wakes_and_gives_its_old_waker_back() {
        let log = Log::default();
        let mut wheel = Wheel::new();
        let first = log.waker(1);
        let key = wheel.insert(5, first.clone());
        assert_eq!(wheel.will_wake(key, &first), Some(true));
        assert_eq!(wheel.will_wake(key, &log.waker(2)), Some(false));
        assert!(wheel.set_waker(key, log.waker(2)).unwrap().will_wake(&first));
        assert_eq!(log.expire(&mut wheel, 5), [2]);
        assert_eq!(wheel.will_wake(key, &first), None);
        assert!(wheel.set_waker(key, first.clone()).unwrap_err().will_wake(&first));
    }

    #[test]
    fn a_tick_that_goes_back_changes_nothing() {
        let log = Log::default();
        let mut wheel = Wheel::new();
        log.expire(&mut wheel, 1000);
        wheel.insert(1001, log.waker(1));
        assert_eq!(log.expire(&mut wheel, 3), [0; 0]);
        assert_eq!(log.expire(&mut wheel, 1001), [1]);
    }

    #[test]
    fn drain_takes_all_and_the_wheel_stays_usable() {
        let log = Log::default();
        let mut wheel = Wheel::new();
        let keys: Vec<_> = borders().iter().map(|&tick| wheel.insert(tick, log.waker(0))).collect();
        let mut wakers = Vec::new();
        wheel.drain(&mut wakers);
        assert_eq!(wakers.len(), keys.len());
        assert_eq!((wheel.len(), wheel.next_deadline_tick()), (0, None));
        wheel.insert(9, log.waker(3));
        assert!(keys.iter().all(|&key| wheel.cancel(key).is_none()));
        assert_eq!(log.expire(&mut wheel, 9), [3]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        InsertLate(u64),
        /// Cancels the key of the nth insertion, stale or not.
        Cancel(usize),
        SetDeadline(usize, u64),
        SetWaker(usize),
        Advance(u64),
        Follow,
    }

    /// A distance in which every order of magnitude is as likely as any other.
    fn distance() -> impl Strategy<Value = u64> {
        (0..64_u32, any::<u64>()).prop_map(|(shift, bits)| bits >> shift)
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => distance().prop_map(Step::Insert),
            2 => (0..200_u64).prop_map(Step::Insert),
            1 => (0..100_u64).prop_map(Step::InsertLate),
            3 => any::<usize>().prop_map(Step::Cancel),
            2 => (any::<usize>(), distance()).prop_map(|(nth, by)| Step::SetDeadline(nth, by)),
            1 => (any::<usize>(), 0..200_u64).prop_map(|(nth, by)| Step::SetDeadline(nth, by)),
            1 => any::<usize>().prop_map(Step::SetWaker),
            1 => distance().prop_map(Step::Advance),
            3 => (0..100_u64).prop_map(Step::Advance),
            2 => Just(Step::Follow),
        ]
    }

    /// The wheel as it should be: entries ordered by deadline and by when they were filed.
    #[derive(Default)]
    struct Model {
        log: Log,
        now: u64,
        /// The keys, and under which deadline and turn their entries wait.
        keys: Vec<(TimerKey, (u64, usize))>,
        /// Counts insertions and moves.
        turns: usize,
        /// Whom each wakes, and whether it was moved.
        waiting: BTreeMap<(u64, usize), (usize, bool)>,
    }

    /// Whether `woken` are those that are due, in order, but for those that were moved among others
    /// of the same tick.
    fn agree(mut woken: Vec<usize>, due: &[(u64, (usize, bool))]) -> bool {
        let mut groups = due.chunk_by(|one, other| one.0 == other.0);
        groups.all(|group| {
            let rest = woken.split_off(group.len().min(woken.len()));
            let mut woken = std::mem::replace(&mut woken, rest);
            let mut expected: Vec<_> = group.iter().map(|(_, (wakes, _))| *wakes).collect();
            if group.iter().any(|(_, (_, moved))| *moved) {
                woken.sort_unstable();
                expected.sort_unstable();
            }
            woken == expected
        }) && woken.is_empty()
    }

    impl Model {
        fn insert(&mut self, wheel: &mut Wheel, deadline: u64) {
            let number = self.keys.len();
            let key = wheel.insert(deadline, self.log.waker(number));
            let place = self.next_place(deadline);
            self.keys.push((key, place));
            self.waiting.insert(place, (number, false));
        }

        fn next_place(&mut self, deadline: u64) -> (u64, usize) {
            self.turns += 1;
            (deadline.max(self.now), self.turns)
        }

        /// The key of an insertion, and where the model keeps it.
        fn pick(&self, nth: usize) -> Option<(TimerKey, (u64, usize))> {
            let number = nth.checked_rem(self.keys.len())?;
            Some(self.keys[number])
        }

        fn advance(&mut self, wheel: &mut Wheel, now: u64) {
            self.now = self.now.max(now);
            let mut due = Vec::new();
            while let Some(entry) = self.waiting.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                due.push((entry.key().0, entry.remove()));
            }
            let woken = self.log.expire(wheel, now);
            assert!(agree(woken.clone(), &due), "{woken:?} instead of {due:?}");
        }

        fn take(&mut self, wheel: &mut Wheel, step: Step) {
            match step {
                Step::Insert(distance) => self.insert(wheel, self.now.saturating_add(distance)),
                Step::InsertLate(by) => self.insert(wheel, self.now.saturating_sub(by)),
                Step::Cancel(nth) => {
                    if let Some((key, place)) = self.pick(nth) {
                        let waiting = self.waiting.remove(&place).is_some();
                        assert_eq!(wheel.cancel(key).is_some(), waiting);
                    }
                }
                Step::SetDeadline(nth, distance) => {
                    if let Some((key, place)) = self.pick(nth) {
                        let deadline = self.now.saturating_add(distance);
                        let wakes = self.waiting.remove(&place);
                        assert_eq!(wheel.set_deadline(key, deadline), wakes.is_some());
                        if let Some((wakes, _)) = wakes {
                            let place = self.next_place(deadline);
                            let number = nth % self.keys.len();
                            self.keys[number].1 = place;
                            self.waiting.insert(place, (wakes, true));
                        }
                    }
                }
                Step::SetWaker(nth) => {
                    if let Some((key, place)) = self.pick(nth) {
                        let number = self.keys.len() + nth % 1000;
                        let set = wheel.set_waker(key, self.log.waker(number));
                        assert_eq!(set.is_ok(), self.waiting.contains_key(&place));
                        self.waiting.entry(place).and_modify(|entry| entry.0 = number);
                    }
                }
                Step::Advance(distance) => self.advance(wheel, self.now.saturating_add(distance)),
                Step::Follow => self.follow(wheel),
            }
            assert_eq!(wheel.len(), self.waiting.len());
            let first = self.waiting.keys().next().map(|&(due, _)| due);
            let next = wheel.next_deadline_tick();
            assert_eq!(next.is_some(), first.is_some());
            assert!(next <= first, "{next:?} is later than {first:?}");
        }

        /// Goes where the wheel says until the first entry expires: two calls reach it, and one
        /// more for each entry that was moved.
        fn follow(&mut self, wheel: &mut Wheel) {
            let before = self.waiting.len();
            let moved = self.waiting.values().filter(|(_, moved)| *moved).count();
            for _ in 0..2 + moved {
                if let Some(next) = wheel.next_deadline_tick() {
                    self.advance(wheel, next);
                }
                if self.waiting.len() < before {
                    return;
                }
            }
            assert_eq!(before, 0, "the answers make no progress");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn behaves_like_an_ordered_map(steps in prop::collection::vec(step(), 1..200)) {
            let mut wheel = Wheel::new();
            let mut model = Model::default();
            for step in steps {
                model.take(&mut wheel, step);
            }
            model.advance(&mut wheel, u64::MAX);
            prop_assert!(wheel.is_empty());
        }
    }
}
