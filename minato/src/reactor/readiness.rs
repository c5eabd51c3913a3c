//! The readiness word of a slot: six bits, and one tick per direction.
//!
//! An operation looks at the word, tries, and when it would block clears the bits of its direction.
//! An event may arrive between the look and the clearing. Its bits must not be cleared with the old
//! ones: a task that waits for the socket would never be woken. So every event moves the tick of
//! each direction it concerns, and a clearing names the tick of its look. If that has moved on,
//! nothing is cleared. Each direction has a tick of its own, since otherwise a stream of write
//! events could keep a reader from ever clearing (a livelock), and the other way round.
//!
//! An operation that came out short has found the socket empty. It notes the whole word of its look
//! beside the word, by a plain store: as long as the word is the same, reading is not ready. A note
//! that comes late names a word that has moved on, and means nothing.
//!
//! A tick wraps after 2^TICK_BITS events between one look and its clearing; with 28 bits that is
//! out of reach, and the models run with 1 to 3 bits to show what wrapping would cost.

use crate::engine::{Direction, Readiness};
use crate::sync::{AtomicU64, Ordering};

/// How wide a tick is in a running reactor.
const TICK_BITS: u32 = 28;

/// The word at one moment: the bits, and the ticks that a later clearing needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot<const BITS: u32 = TICK_BITS>(u64);

impl<const BITS: u32> Snapshot<BITS> {
    const READINESS: u64 = Readiness::ALL.bits() as u64;
    const TICK: u64 = (1 << BITS) - 1;
    /// Set while somebody waits in the slot's list.
    const LISTED: u64 = 1 << 6;

    pub(crate) fn readiness(self) -> Readiness {
        Readiness::from_bits((self.0 & Self::READINESS) as u8)
    }

    /// Whether an operation in `direction` may make progress.
    pub(crate) fn is_ready(self, direction: Direction) -> bool {
        self.readiness().intersects(direction.mask())
    }

    /// The number of events that `direction` has seen, modulo the width.
    pub(crate) fn tick(self, direction: Direction) -> u64 {
        (self.0 >> Self::shift(direction)) & Self::TICK
    }

    fn shift(direction: Direction) -> u32 {
        match direction {
            Direction::Read => 7,
            Direction::Write => 7 + BITS,
        }
    }

    /// The word after an event. A tick that wraps carries into its neighbour, which is one event
    /// more that the neighbour seems to have seen: spurious, and legal.
    fn after_event(self, event: Readiness) -> Self {
        let step = |direction: Direction| {
            u64::from(event.intersects(direction.mask())) << Self::shift(direction)
        };
        let bits = self.0 | u64::from(event.bits());
        Self(bits.wrapping_add(step(Direction::Read)).wrapping_add(step(Direction::Write)))
    }
}

/// The readiness word itself.
///
/// Reads and changes are sequentially consistent, since a task leaves a waker between two reads
/// without a lock; see [`ParkedTask`](crate::task::ParkedTask).
pub(crate) struct ReadinessWord<const BITS: u32 = TICK_BITS> {
    word: AtomicU64,
    /// The word at which a read has left nothing, or one that never is.
    emptied: AtomicU64,
}

impl<const BITS: u32> ReadinessWord<BITS> {
    pub(crate) fn new(assumed: Readiness) -> Self {
        let word = AtomicU64::new(u64::from(assumed.bits()));
        Self { word, emptied: AtomicU64::new(u64::MAX) }
    }

    #[inline(always)]
    pub(crate) fn snapshot(&self) -> Snapshot<BITS> {
        let word = self.word.load(Ordering::SeqCst);
        let is_empty = Self::unlisted(word) == self.emptied.load(Ordering::Relaxed);
        let taken = if is_empty { Readiness::READABLE } else { Readiness::EMPTY };
        Snapshot(word & !u64::from(taken.bits()))
    }

    /// The word without what a waiter that comes or goes changes.
    #[inline(always)]
    fn unlisted(word: u64) -> u64 {
        word & !Snapshot::<BITS>::LISTED
    }

    /// A read after `snapshot` has left nothing: clears that it is readable, unless the word has
    /// changed since. An event changes it for good: both ticks together do not wrap.
    #[inline(always)]
    pub(crate) fn empty(&self, snapshot: Snapshot<BITS>) {
        self.emptied.store(Self::unlisted(snapshot.0), Ordering::Relaxed);
    }

    /// Adds the bits of an event; says whether anybody waits in the list.
    pub(crate) fn set(&self, event: Readiness) -> bool {
        let before = self.update(|word| Some(word.after_event(event)));
        before.is_some_and(|word| word.0 & Snapshot::<BITS>::LISTED != 0)
    }

    /// Has every event from now on say that somebody waits in the list. An event before that is
    /// seen by a look after it, since both are in one word.
    pub(crate) fn list(&self) {
        self.word.fetch_or(Snapshot::<BITS>::LISTED, Ordering::AcqRel);
    }

    /// Nobody waits in the list any more.
    pub(crate) fn unlist(&self) {
        self.word.fetch_and(!Snapshot::<BITS>::LISTED, Ordering::AcqRel);
    }

    /// Clears `bits` unless an event of `direction` has come since `snapshot`; says whether it did.
    #[inline(always)]
    pub(crate) fn clear(
        &self,
        direction: Direction,
        snapshot: Snapshot<BITS>,
        bits: Readiness,
    ) -> bool {
        // Nearly always the word is what it was, which one step finds out and changes.
        let cleared = snapshot.0 & !u64::from(bits.bits());
        let exchanged =
            self.word.compare_exchange(snapshot.0, cleared, Ordering::SeqCst, Ordering::Relaxed);
        exchanged.is_ok() || self.clear_changed(direction, snapshot, bits)
    }

    /// The same for a word that has changed since `snapshot`.
    #[cold]
    fn clear_changed(
        &self,
        direction: Direction,
        snapshot: Snapshot<BITS>,
        bits: Readiness,
    ) -> bool {
        let cleared = |word: Snapshot<BITS>| {
            let unchanged = word.tick(direction) == snapshot.tick(direction);
            unchanged.then(|| Snapshot(word.0 & !u64::from(bits.bits())))
        };
        self.update(cleared).is_some()
    }

    /// Changes the word; returns what it was before, or `None` if `change` left it alone.
    #[inline]
    fn update(
        &self,
        change: impl Fn(Snapshot<BITS>) -> Option<Snapshot<BITS>>,
    ) -> Option<Snapshot<BITS>> {
        let mut current = self.word.load(Ordering::Acquire);
        loop {
            let next = change(Snapshot(current))?;
            match self.word.compare_exchange_weak(
                current,
                next.0,
                Ordering::SeqCst,
                Ordering::Acquire,
            ) {
                Ok(before) => return Some(Snapshot(before)),
                Err(found) => current = found,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_between_look_and_clearing_is_kept() {
        let word: ReadinessWord = ReadinessWord::new(Readiness::READABLE);
        let look = word.snapshot();
        word.set(Readiness::READABLE);
        assert!(!word.clear(Direction::Read, look, Readiness::READABLE));
        assert!(word.snapshot().is_ready(Direction::Read));
    }

    #[test]
    fn what_was_emptied_is_readable_again_after_the_next_event() {
        let word: ReadinessWord = ReadinessWord::new(Readiness::ALL_OPEN);
        let look = word.snapshot();
        word.empty(look);
        assert!(!word.snapshot().is_ready(Direction::Read));
        assert!(word.snapshot().is_ready(Direction::Write));
        word.list();
        assert!(!word.snapshot().is_ready(Direction::Read), "a waiter is no event");
        word.set(Readiness::READABLE);
        assert!(word.snapshot().is_ready(Direction::Read));
        word.empty(look);
        assert!(word.snapshot().is_ready(Direction::Read), "a note that comes late");
    }

    #[test]
    fn an_event_of_one_direction_does_not_keep_the_other_from_clearing() {
        let word: ReadinessWord = ReadinessWord::new(Readiness::READABLE);
        let look = word.snapshot();
        for _ in 0..1000 {
            word.set(Readiness::WRITABLE);
        }
        assert!(word.clear(Direction::Read, look, Readiness::READABLE));
        assert!(!word.snapshot().is_ready(Direction::Read));
        assert!(word.snapshot().is_ready(Direction::Write));
    }

    #[test]
    fn ticks_count_and_only_a_wrap_reaches_the_neighbour() {
        fn check<const BITS: u32>() {
            let word: ReadinessWord<BITS> = ReadinessWord::new(Readiness::EMPTY);
            for events in 1..=20u64 {
                word.set(Readiness::READABLE);
                let snapshot = word.snapshot();
                assert_eq!(snapshot.tick(Direction::Read), events % (1 << BITS));
                assert_eq!(snapshot.tick(Direction::Write), (events >> BITS) % (1 << BITS));
                assert_eq!(snapshot.readiness(), Readiness::READABLE);
            }
        }
        check::<1>();
        check::<2>();
        check::<3>();
        check::<28>();
    }

    /// Every sequence of up to six steps of one reader and the kernel, with ticks of one to three
    /// bits: as long as fewer events than the tick can count come between a look and its clearing,
    /// data that is there is always readable in the word.
    #[test]
    fn readiness_is_never_lost_while_ticks_do_not_wrap() {
        for steps in all_steps() {
            explore::<1>(&steps, |look, _| look).unwrap();
            explore::<2>(&steps, |look, _| look).unwrap();
            explore::<3>(&steps, |look, _| look).unwrap();
        }
    }

    /// It clears on the strength of a look that it takes only after the operation.
    #[test]
    fn the_canary_clears_what_it_has_not_looked_at() {
        let too_late = |_, word: &ReadinessWord<3>| word.snapshot();
        assert!(all_steps().any(|steps| explore::<3>(&steps, too_late).is_err()));
    }

    fn all_steps() -> impl Iterator<Item = Vec<u8>> {
        (1..=6_u32).flat_map(|length| {
            (0..3_usize.pow(length)).map(move |number| {
                (0..length).map(|at| (number / 3_usize.pow(at) % 3) as u8).collect()
            })
        })
    }

    /// Takes the steps; an error if data is there and the word does not say so. `look_used` chooses
    /// the look that a clearing rests on.
    fn explore<const BITS: u32>(
        steps: &[u8],
        look_used: impl Fn(Snapshot<BITS>, &ReadinessWord<BITS>) -> Snapshot<BITS>,
    ) -> Result<(), String> {
        let word: ReadinessWord<BITS> = ReadinessWord::new(Readiness::EMPTY);
        let (mut data, mut look, mut since) = (false, word.snapshot(), 0);
        let mut blocked = false;
        for step in steps {
            match step {
                0 => {
                    data = true;
                    since += 1;
                    word.set(Readiness::READABLE);
                }
                1 => {
                    look = word.snapshot();
                    since = 0;
                    blocked = !std::mem::take(&mut data);
                }
                _ if blocked && since < 1 << BITS => {
                    let look = look_used(look, &word);
                    word.clear(Direction::Read, look, Readiness::READABLE);
                    blocked = false;
                }
                _ => {}
            }
            if data && !word.snapshot().is_ready(Direction::Read) {
                return Err(format!("lost by {steps:?}"));
            }
        }
        Ok(())
    }
}
