//! Panics of a run: kept, with their places, instead of printed.
//!
//! Hundreds of failing seeds would fill a terminal. So the first run of a process sets a panic hook
//! in front of the one that is there. On the thread of a run it keeps the panic, and elsewhere it
//! does what the other did.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    /// The panics of the run on this thread; `None` if no run is on it.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Calls `run` on this thread and keeps its panics. The result is `None` if a panic ended it.
pub(super) fn keep<T>(run: impl FnOnce() -> T) -> (Option<T>, Vec<String>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !note(info) {
                before(info);
            }
        }));
    });
    PANICS.set(Some(Vec::new()));
    let result = panic::catch_unwind(AssertUnwindSafe(run)).ok();
    (result, PANICS.take().unwrap_or_default())
}

/// The first panic so far of the run on this thread.
pub(super) fn first() -> Option<String> {
    PANICS.with_borrow(|panics| panics.as_ref()?.first().cloned())
}

/// Keeps a panic, if a run is on this thread.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let payload = info.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = message.unwrap_or("(a value that is no text)");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let keep = |panics: &RefCell<Option<Vec<String>>>| {
        // A panic within this very function finds the list taken, and is printed.
        let mut panics = panics.try_borrow_mut().ok()?;
        panics.as_mut()?.push(format!("panicked at {place}: {message}"));
        Some(())
    };
    PANICS.try_with(|panics| keep(panics).is_some()).unwrap_or(false)
}
