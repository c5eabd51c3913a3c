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

/// Makes `runtime` the default runtime of this process: the one that [`spawn`](crate::spawn) and
/// its like use on threads that are in no runtime. It is never shut down.
///
/// A current-thread runtime runs such tasks only while a thread is in a `block_on` of it.
///
/// # Errors
///
/// Gives the runtime back if there is a default runtime already: one that was set, or that was
/// started because it was needed.
///
/// ```
/// use minato::runtime::{Builder, set_default};
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::new_multi_thread().worker_threads(1).name("mine").build()?;
/// set_default(runtime).map_err(|_| std::io::Error::other("somebody was faster"))?;
/// let name = minato::spawn(async {
///     minato::runtime::Handle::current().name().map(str::to_owned)
/// });
/// assert_eq!(pollster::block_on(name)?.as_deref(), Some("mine"));
/// # Ok(())
/// # }
/// ```
pub fn set_default(runtime: Runtime) -> Result<(), Runtime> {
    let mut default = DEFAULT.lock();
    if default.is_some() {
        return Err(runtime);
    }
    *default = Some(runtime);
    Ok(())
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
