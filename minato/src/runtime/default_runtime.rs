//! The runtime for tasks that are spawned outside every runtime.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::Runtime;
use super::context::{self, Implicit};
use super::shared::Shared;

static DEFAULT: Mutex<Option<Runtime>> = Mutex::new(None);

/// The default runtime, started now if there is none: multi-thread, with a worker per processor.
///
/// # Errors
///
/// When it cannot be started, or hidden threads are forbidden.
#[track_caller]
pub(crate) fn get() -> io::Result<Arc<Shared>> {
    let mut default = DEFAULT.lock().unwrap_or_else(PoisonError::into_inner);
    // After a fork its threads are the parent's.
    if let Some(runtime) = default.as_ref().filter(|runtime| !runtime.shared.has_ended()) {
        return Ok(runtime.shared.clone());
    }
    context::implicit(Implicit::Runtime)?;
    let fresh = super::Builder::new_multi_thread().thread_name("minato-default").build()?;
    let shared = fresh.shared.clone();
    // What a fork left is not shut down: that would wait for threads which are not there.
    std::mem::forget(default.replace(fresh));
    Ok(shared)
}
