//! What tokio's source asks of the thread that it is on.

use std::cell::Cell;

use super::park::CachedParkThread;
#[cfg(any(feature = "macros", feature = "rt"))]
use crate::util::rand::FastRand;

#[cfg(any(feature = "macros", feature = "rt"))]
/// A number below `n`. In a simulation it is the world's choice, so that one seed is one run.
pub(crate) fn thread_rng_n(n: u32) -> u32 {
    if let Some(choice) = minato::sim::draw(n as usize) {
        return choice as u32;
    }
    thread_local! {
        static RANDOM: Cell<FastRand> = Cell::new(FastRand::new());
    }
    RANDOM.with(|cell| {
        let mut random = cell.get();
        let number = random.fastrand_n(n);
        cell.set(random);
        number
    })
}

/// What blocks this thread, unless it runs tasks, which would wait then.
pub(crate) fn try_enter_blocking_region() -> Option<CachedParkThread> {
    (!minato::runtime::drives_tasks()).then(CachedParkThread::new)
}
