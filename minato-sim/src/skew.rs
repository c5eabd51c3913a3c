//! The clocks of hosts, which may be wrong.
//!
//! A host has two clocks, as a machine has. The *monotonic* clock counts from the start of the
//! world. It may run too fast or too slowly, and never goes back. Timers and instants go by it. The
//! *wall* clock tells the date. It runs as the monotonic clock does, and can also be set, forward
//! and back.
//!
//! [`World::now`] is the true time. Nothing compares the instants of two hosts in a sensible way:
//! code that does so has a bug, which a drift finds.

use std::io;
use std::time::Duration;

use crate::crash::invalid;
use crate::host::Host;
use crate::strikes::FaultKind;
use crate::time::{NEVER, SECOND, nanos};
use crate::world::World;

/// Parts per million that a clock goes wrong, added to the million that it should count.
const MILLION: i64 = 1_000_000;

/// How wrong a clock may run: from half as fast as it should to twice as fast.
const DRIFTS: std::ops::RangeInclusive<i64> = -500_000..=MILLION;

/// By how much a wall clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offset {
    /// It shows a later time than the true one.
    Ahead(Duration),
    /// It shows an earlier time.
    Behind(Duration),
}

impl Offset {
    /// It is right.
    pub const NONE: Offset = Offset::Ahead(Duration::ZERO);

    fn nanos(self) -> i128 {
        match self {
            Offset::Ahead(by) => by.as_nanos() as i128,
            Offset::Behind(by) => -(by.as_nanos() as i128),
        }
    }
}

/// The clocks of a host, as functions of the true time. All times are in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clocks {
    /// The instant of the last change, and what the monotonic clock showed then.
    since: u64,
    shown: u64,
    /// In parts per million.
    drift: i64,
    /// What the wall clock shows beyond the monotonic one.
    wall: i128,
}

impl Clocks {
    fn is_true(&self) -> bool {
        self.drift == 0 && self.since == self.shown
    }

    /// What the monotonic clock shows at `at`.
    pub(crate) fn monotonic(&self, at: u64) -> u64 {
        if self.is_true() {
            return at;
        }
        let passed = u128::from(at.saturating_sub(self.since));
        let counted = passed * (MILLION + self.drift) as u128 / MILLION as u128;
        self.shown.saturating_add(u64::try_from(counted).unwrap_or(NEVER))
    }

    /// The first instant at which the monotonic clock shows `shown`, or more.
    pub(crate) fn instant(&self, shown: u64) -> u64 {
        if self.is_true() || shown == NEVER {
            return shown;
        }
        let counted = u128::from(shown.saturating_sub(self.shown));
        let passed = (counted * MILLION as u128).div_ceil((MILLION + self.drift) as u128);
        self.since.saturating_add(u64::try_from(passed).unwrap_or(NEVER))
    }

    fn set_drift(&mut self, drift: i64, now: u64) {
        self.shown = self.monotonic(now);
        self.since = now;
        self.drift = drift;
    }

    fn set_wall(&mut self, offset: Offset, now: u64) {
        self.wall = i128::from(now) + offset.nanos() - i128::from(self.monotonic(now));
    }
}

impl World {
    /// What the clocks of all machines show when a world begins: midnight of 1 January 2026, since
    /// the start of Unix time.
    pub const BEGIN: Duration = Duration::from_secs(1_767_225_600);
}

impl Host {
    /// What the monotonic clock of the host shows: the time since the start of the world, as the
    /// host has counted it. It never goes back. [`World::now`] is the true time.
    pub fn now(&self) -> Duration {
        let state = self.world.lock();
        Duration::from_nanos(state.host(self.id).clocks.monotonic(state.now))
    }

    /// What the wall clock of the host shows: the time since the start of Unix time. It may go
    /// back.
    pub fn wall_time(&self) -> Duration {
        let state = self.world.lock();
        let clocks = &state.host(self.id).clocks;
        let shown = i128::from(clocks.monotonic(state.now)) + clocks.wall;
        let shown = (World::BEGIN.as_nanos() as i128).saturating_add(shown);
        let part = u128::try_from(shown).unwrap_or(0);
        let seconds = u64::try_from(part / u128::from(SECOND)).unwrap_or(u64::MAX);
        Duration::new(seconds, (part % u128::from(SECOND)) as u32)
    }

    /// The true time at which the monotonic clock of the host will show `shown`, if its drift does
    /// not change.
    ///
    /// ```
    /// use minato_sim::World;
    /// use std::time::Duration;
    ///
    /// let host = World::new(1).host("harbour");
    /// host.set_drift(100_000)?;
    /// let shown = Duration::from_secs(11);
    /// assert_eq!(host.true_time(shown), Duration::from_secs(10));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn true_time(&self, shown: Duration) -> Duration {
        let state = self.world.lock();
        Duration::from_nanos(state.host(self.id).clocks.instant(nanos(shown)))
    }

    /// Lets both clocks of the host run wrong from now on, by this many parts per million: with 200
    /// a clock counts 1.0002 s in a second, and with 0 it is right. Timers that wait fire by the
    /// new drift. What the monotonic clock has gained or lost by then remains.
    ///
    /// # Errors
    /// `InvalidInput` for less than -500,000 and more than 1,000,000. The text names the host.
    pub fn set_drift(&self, parts_per_million: i64) -> io::Result<()> {
        let mut state = self.world.lock();
        if !DRIFTS.contains(&parts_per_million) {
            let (least, most) = (DRIFTS.start(), DRIFTS.end());
            return Err(invalid(format!(
                "the clock of host {} cannot drift by {parts_per_million} parts per million: from \
                 {least} to {most} it can",
                state.host(self.id).name
            )));
        }
        let now = state.now;
        state.host_mut(self.id).clocks.set_drift(parts_per_million, now);
        state.note_drift(self.id);
        Ok(())
    }

    /// Sets the wall clock of the host, as NTP does: `offset` tells by how much it is wrong from
    /// now on. Its monotonic clock goes on.
    ///
    /// ```
    /// use minato_sim::{Offset, World};
    /// use std::time::Duration;
    ///
    /// let (ahead, behind) = (Duration::from_secs(60), Duration::from_secs(5));
    /// let host = World::new(1).host("harbour");
    /// host.set_wall_clock(Offset::Ahead(ahead));
    /// let early = host.wall_time();
    /// host.set_wall_clock(Offset::Behind(behind));
    /// assert_eq!(early - host.wall_time(), ahead + behind);
    /// assert_eq!(host.now(), Duration::ZERO, "no instant has moved");
    /// ```
    pub fn set_wall_clock(&self, offset: Offset) {
        let mut state = self.world.lock();
        let now = state.now;
        state.host_mut(self.id).clocks.set_wall(offset, now);
        state.strike(FaultKind::Skew, (Some(self.id), None));
    }

    /// Both: [sets the wall clock](Self::set_wall_clock), and lets both clocks
    /// [drift](Self::set_drift) from now on. With [`Offset::NONE`] and 0 the wall clock is right
    /// again, and stays so.
    ///
    /// # Errors
    /// As [`set_drift`](Self::set_drift).
    pub fn skew(&self, offset: Offset, parts_per_million: i64) -> io::Result<()> {
        self.set_drift(parts_per_million)?;
        self.set_wall_clock(offset);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::mix;

    #[test]
    fn an_instant_is_the_first_at_which_the_clock_shows_a_time() {
        let mut clocks = Clocks::default();
        let mut now = 0;
        for round in 0..1000 {
            let (one, two, three) = (mix(3 * round), mix(3 * round + 1), mix(3 * round + 2));
            let before = clocks.monotonic(now);
            clocks.set_drift((one % 1_500_001) as i64 - 500_000, now);
            assert_eq!(clocks.monotonic(now), before, "a change moves nothing");
            let shown = before + two % 10_000_000_000;
            let at = clocks.instant(shown);
            assert!(at >= now && clocks.monotonic(at) >= shown);
            assert!(at == now || clocks.monotonic(at - 1) < shown);
            now += three % 10_000_000_000;
            assert!(clocks.monotonic(now) >= before);
        }
    }

    #[test]
    fn the_end_of_the_clock_is_never_passed() {
        for drift in [-500_000, 0, 1, MILLION] {
            let mut clocks = Clocks::default();
            clocks.set_drift(drift, 1);
            assert_eq!(clocks.instant(NEVER), NEVER);
            assert!(clocks.monotonic(NEVER - 1) >= clocks.monotonic(NEVER - 2));
        }
    }
}
