//! Ends a test that hangs, with a text that names the case.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Far more than any case takes, on a machine that is busy with other things. With AddressSanitizer
/// a case takes several times as long.
pub(crate) const LIMIT: Duration = Duration::from_secs(if cfg!(minato_asan) { 300 } else { 60 });

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
    watched.push((id, Instant::now() + LIMIT, name));
    Watched(id)
}

/// Watches the test that calls this.
#[track_caller]
pub(crate) fn watchdog() -> Watched {
    watch(format!("the test at {}", Location::caller()))
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
            eprintln!("watchdog: {name} has hung for {LIMIT:?}");
            std::process::abort();
        }
    }
}

/// Runs `body` on a thread of its own. A body that hangs fails its test, and the others go on.
pub(crate) fn limited<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        let output = body();
        // The receiver is gone if the limit has passed.
        _ = sender.send(());
        output
    });
    match receiver.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => panic!("hangs"),
        _ => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
    }
}

/// What a panic of `body` says.
pub(crate) fn panic_text<T>(body: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(_) => panic!("there was no panic"),
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        },
    }
}
