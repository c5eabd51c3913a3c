//! A client that goes to sleep against the thread that turns the core which it watches.

use loom::thread;

use super::park::Bell;
use crate::reactor::watch::Sleep;
use crate::sync::{Arc, AtomicU32, Ordering, sequential};
use crate::time::clock::real_now;

struct Core {
    turns: AtomicU32,
    sleep: Sleep,
    bell: Bell,
}

impl Core {
    fn new() -> Arc<Self> {
        let core =
            Self { turns: AtomicU32::new(0), sleep: Sleep::default(), bell: Bell::default() };
        assert!(core.sleep.begin_watch());
        Arc::new(core)
    }

    /// The end of a turn, as the reactor has it.
    fn turn(&self) {
        self.turns.fetch_add(1, Ordering::SeqCst);
        if self.sleep.is_asleep() && self.sleep.must_wake(real_now()) {
            self.bell.ring();
        }
    }
}

/// The client looks until it has seen the last turn; `is_quiet` is its second look.
fn watch_until(turns: u32, is_quiet: fn(&Core, u32) -> bool) {
    loom::model(move || {
        let core = Core::new();
        let holder = core.clone();
        let mut others = vec![thread::spawn(move || (0..turns).for_each(|_| holder.turn()))];
        loop {
            core.sleep.wake_up();
            let seen = core.turns.load(Ordering::SeqCst);
            if seen == turns {
                break;
            }
            core.sleep.sleep_until(None);
            if is_quiet(&core, seen) {
                core.bell.wait(&mut others);
            }
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn a_client_that_sleeps_is_woken_by_the_next_turn() {
    watch_until(1, |core, seen| core.turns.load(Ordering::SeqCst) == seen);
    watch_until(2, |core, seen| core.turns.load(Ordering::SeqCst) == seen);
}

/// A turn between the first look and the word for it finds nobody asleep.
#[test]
#[should_panic = "the wait never ends"]
fn the_canary_sleeps_without_a_second_look() {
    watch_until(1, |_, _| true);
}
