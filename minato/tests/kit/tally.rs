//! How many cases ran where, and which were skipped: printed when the binary ends.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Need, Place};

static RAN: AtomicUsize = AtomicUsize::new(0);
static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// Counts one place in which a case ran.
pub(crate) fn ran() {
    print_at_the_end();
    RAN.fetch_add(1, Ordering::Relaxed);
}

/// Counts and prints a place that lacks what a case needs.
pub(crate) fn skipped(name: &str, place: Place, lacks: Need) {
    skipped_because(name, &format!("{place:?} has no {lacks:?}"));
}

/// Counts and prints a case that cannot run here.
pub(crate) fn skipped_because(name: &str, reason: &str) {
    print_at_the_end();
    SKIPPED.fetch_add(1, Ordering::Relaxed);
    println!("skipped: {name}: {reason}");
}

fn print_at_the_end() {
    extern "C" fn print() {
        let (ran, skipped) = (RAN.load(Ordering::Relaxed), SKIPPED.load(Ordering::Relaxed));
        eprintln!("cases by engine: {ran} ran, {skipped} skipped");
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the handler only reads statics and writes to stderr.
        unsafe { libc::atexit(print) };
    });
}
