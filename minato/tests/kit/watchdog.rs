//! Ends a test that hangs, with a text that names the case.

use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than any case takes, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

static WATCHED: Mutex<Vec<(u64, Instant, String)>> = Mutex::new(Vec::new());

/// A case that is watched until this is dropped.
#[must_use = "dropping it ends the watch"]
pub(crate) struct Watched(u64);

/// Aborts the process if the result lives for a minute.
pub(crate) fn watch(name: String) -> Watched {
    static START: Once = Once::new();
    START.call_once(|| {
        thread::Builder::new().name("watchdog".into()).spawn(look_for_ever).unwrap();
    });
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let id = watched.iter().map(|(id, ..)| id + 1).max().unwrap_or(0);
    watched.push((id, Instant::now() + PATIENCE, name));
    Watched(id)
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|(id, ..)| *id != self.0);
    }
}

fn look_for_ever() {
    loop {
        thread::sleep(Duration::from_millis(500));
        let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, name)) = watched.iter().find(|(_, end, _)| *end < Instant::now()) {
            eprintln!("watchdog: {name} has hung for {PATIENCE:?}");
            std::process::abort();
        }
    }
}
