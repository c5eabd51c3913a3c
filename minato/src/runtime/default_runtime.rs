//! The runtime for tasks that are spawned outside every runtime.

use std::io;
use std::panic::Location;

use super::Runtime;
use super::context;
use super::implicit::{HiddenThread, permit};
use super::inner::RuntimeInner;
use crate::reactor::process::PerProcess;
use crate::sync::Arc;

static DEFAULT: PerProcess<Option<Runtime>> = PerProcess::new(None);

/// The runtime that this thread is in, or the default runtime, which is started now if there is
/// none: multi-thread, with a worker per processor.
///
/// # Errors
///
/// When the default runtime is needed and cannot be started, or hidden threads are forbidden.
#[track_caller]
pub(crate) fn try_current() -> io::Result<Arc<RuntimeInner>> {
    if let Some(runtime) = context::runtime() {
        return Ok(runtime);
    }
    let mut default = DEFAULT.lock();
    if let Some(runtime) = &*default {
        return Ok(runtime.handle.shared.clone());
    }
    permit(HiddenThread::RUNTIME, Location::caller())?;
    let fresh = super::Builder::new_multi_thread().thread_name("minato-default").build()?;
    Ok(default.insert(fresh).handle.shared.clone())
}

/// The same for the public function `what`, which has no errors.
///
/// # Panics
///
/// Where [`try_current`] gives an error.
#[track_caller]
pub(crate) fn current(what: &str) -> Arc<RuntimeInner> {
    match try_current() {
        Ok(runtime) => runtime,
        Err(error) => panic!("minato::{what}: {error}"),
    }
}
