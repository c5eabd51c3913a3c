//! Blocking jobs of the library's own, which may be needed anywhere: name look-ups.
//!
//! Within a runtime its blocking threads run them. Outside every runtime the process has a pool
//! of its own for them, which starts with the first job and knows no runtime.

use std::io;
use std::panic::Location;

use super::Runnable;
use super::blocking::{BlockingPool, Job, Limits};
use super::local_set::LocalTasks;
use super::spawn::spawn_blocking_at;
use super::threads::ThreadConfig;
use crate::reactor::process::PerProcess;
use crate::reactor::signals::SignalsBlocked;
use crate::runtime::context;
use crate::runtime::implicit::{HiddenThread, permit};

static POOL: PerProcess<Option<BlockingPool>> = PerProcess::new(None);

/// Runs `job`, which was asked for at `place`, on a blocking thread.
///
/// # Errors
///
/// When there is no thread for it, or it is outside every runtime and hidden threads are forbidden.
///
/// # Cancel safety
///
/// Dropping the future gives up waiting; the job runs to its end.
pub(crate) async fn run_blocking<T: Send + 'static>(
    place: &'static Location<'static>,
    job: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    if let Some(runtime) = context::runtime() {
        return Ok(spawn_blocking_at(&runtime, place, job, false).await?);
    }
    permit(HiddenThread::RESOLVER, place)?;
    let (runnable, task) = LocalTasks::unattended(place, async { job() });
    let queued = {
        // A thread inherits the mask of the one that starts it: signals are the program's.
        let _blocked = SignalsBlocked::new();
        let work = || context::between_polls(|| runnable.into_iter().for_each(Runnable::run));
        POOL.lock().get_or_insert_with(pool).spawn(Job::new(work, false))
    };
    queued.map_err(io::Error::other)?;
    task.await.map_err(io::Error::other)
}

fn pool() -> BlockingPool {
    BlockingPool::new(ThreadConfig::new("minato-resolver"), Limits { threads: 64, queue: 100_000 })
}
