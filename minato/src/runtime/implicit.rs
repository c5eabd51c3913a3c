//! Hidden threads: those that the library starts for code outside every runtime, and whether it
//! may. Whatever starts one asks [`permit`] before.

use crate::sync::plain::{AtomicU8, Ordering};
use std::io;
use std::panic::Location;

/// A hidden thread, as an error names it.
pub(crate) struct HiddenThread(&'static str);

impl HiddenThread {
    pub(crate) const REACTOR: Self = Self("the background reactor");
    pub(crate) const RUNTIME: Self = Self("the default runtime");
    pub(crate) const RESOLVER: Self = Self("a thread for name look-ups");
}

const ALLOWED: u8 = 1;
const FORBIDDEN: u8 = 2;

/// Whether hidden threads are allowed; 0 until somebody asks.
static POLICY: AtomicU8 = AtomicU8::new(0);

/// Forbids hidden threads for the whole process: the background reactor, the default runtime, and
/// the threads for name look-ups outside every runtime.
///
/// What would need one then gives an error that names the place where the program made the socket
/// or timer, or asked for the look-up (for a connection that was accepted: its listener), and
/// panics with the same text where its signature has no error ([`sleep`](crate::time::sleep),
/// [`interval`](crate::time::interval), [`spawn`](crate::spawn)). The environment variable
/// `MINATO_FORBID_IMPLICIT=1` does the same from outside. Hidden threads that run already stay.
pub fn forbid_implicit() {
    POLICY.store(FORBIDDEN, Ordering::SeqCst);
}

/// Asks whether what was begun at `place` may use a hidden thread.
///
/// # Errors
///
/// When hidden threads are forbidden.
pub(crate) fn permit(what: HiddenThread, place: &'static Location<'static>) -> io::Result<()> {
    let mut policy = POLICY.load(Ordering::SeqCst);
    if policy == 0 {
        let variable = std::env::var_os("MINATO_FORBID_IMPLICIT");
        let forbidden = variable.is_some_and(|value| !value.is_empty() && value != "0");
        policy = if forbidden { FORBIDDEN } else { ALLOWED };
        // A call of `forbid_implicit` that came meanwhile stays.
        let set = POLICY.compare_exchange(0, policy, Ordering::SeqCst, Ordering::SeqCst);
        policy = set.map_or_else(|now| now, |_| policy);
    }
    if policy == ALLOWED {
        return Ok(());
    }
    let HiddenThread(what) = what;
    Err(io::Error::other(format!(
        "{place} needs {what}, since it is outside every runtime, and hidden threads are forbidden"
    )))
}
