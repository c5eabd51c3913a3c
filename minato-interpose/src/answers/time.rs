//! Clocks, which show a world's time, and sleeps, in which it passes.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use libc::{time_t, timespec, timeval};
use minato_sim::{Host, World};

use super::escape;
use crate::Place;

pub(crate) unsafe fn clock_gettime<P: Place>(clock: c_int, time: *mut timespec) -> Option<c_int> {
    let now = now::<P>(clock)?;
    let (tv_sec, tv_nsec) = (now.as_secs() as _, now.subsec_nanos() as _);
    // SAFETY: the caller gives room for the time.
    unsafe { time.write(timespec { tv_sec, tv_nsec }) };
    Some(0)
}

pub(crate) unsafe fn gettimeofday<P: Place>(
    time: *mut timeval,
    _zone: *mut c_void,
) -> Option<c_int> {
    let now = now::<P>(libc::CLOCK_REALTIME)?;
    let (tv_sec, tv_usec) = (now.as_secs() as _, now.subsec_micros() as _);
    if !time.is_null() {
        // SAFETY: the caller gives room for the time.
        unsafe { time.write(timeval { tv_sec, tv_usec }) };
    }
    Some(0)
}

pub(crate) unsafe fn time<P: Place>(time: *mut time_t) -> Option<time_t> {
    let now = now::<P>(libc::CLOCK_REALTIME)?.as_secs() as time_t;
    if !time.is_null() {
        // SAFETY: the caller gives room for the time.
        unsafe { time.write(now) };
    }
    Some(now)
}

pub(crate) unsafe fn nanosleep<P: Place>(
    time: *const timespec,
    _left: *mut timespec,
) -> Option<c_int> {
    // SAFETY: the caller gives a time.
    let time = unsafe { duration(time) }?;
    P::host().map(|host| sleep(&host, time))
}

pub(crate) unsafe fn clock_nanosleep<P: Place>(
    clock: c_int,
    flags: c_int,
    time: *const timespec,
    _left: *mut timespec,
) -> Option<c_int> {
    // SAFETY: the caller gives a time.
    let time = unsafe { duration(time) }?;
    let (host, now) = (P::host()?, now::<P>(clock)?);
    let time = if flags & libc::TIMER_ABSTIME == 0 { time } else { time.saturating_sub(now) };
    // This one returns the number of its error.
    let slept = sleep(&host, time);
    Some(if slept == 0 { 0 } else { libc::EOPNOTSUPP })
}

/// What a clock shows on the host; between the hosts, the true time of the world. A clock of a
/// process or thread measures work, which is real.
fn now<P: Place>(clock: c_int) -> Option<Duration> {
    use libc::{CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_RAW};
    use libc::{CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI};
    let is_wall_clock = match clock {
        CLOCK_MONOTONIC | CLOCK_MONOTONIC_COARSE | CLOCK_MONOTONIC_RAW | CLOCK_BOOTTIME => false,
        CLOCK_REALTIME | CLOCK_REALTIME_COARSE | CLOCK_TAI => true,
        _ => return None,
    };
    let world = P::world()?;
    Some(match (P::host(), is_wall_clock) {
        (Some(host), true) => host.wall_time(),
        (Some(host), false) => host.now(),
        (None, true) => World::BEGIN + world.now(),
        (None, false) => world.now(),
    })
}

/// A time that is one; of any other the system says what is wrong.
unsafe fn duration(time: *const timespec) -> Option<Duration> {
    // SAFETY: it is null or points to a time.
    let time = unsafe { time.as_ref() }?;
    let nanoseconds = u32::try_from(time.tv_nsec).ok().filter(|count| *count < 1_000_000_000)?;
    Some(Duration::new(time.tv_sec.try_into().ok()?, nanoseconds))
}

/// Lets the world go on for so long by the host's clock. No task of any host runs meanwhile.
pub(super) fn sleep(host: &Host, time: Duration) -> c_int {
    let world = host.world();
    let until = host.true_time(host.now().saturating_add(time));
    if until >= World::END {
        return escape(host, "sleeps for ever, and no other host would run again");
    }
    while world.now() < until {
        world.advance(Some(until));
    }
    0
}
