//! Blocking jobs of the library's own, which may be needed anywhere: name look-ups.
//!
//! Within a runtime its blocking threads run them. Outside every runtime the process has a pool
//! of its own for them, which starts with the first job and knows no runtime.

use std::future::poll_fn;
use std::io;
use std::panic::Location;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::blocking::{BlockingPool, Job, Limits};
use super::spawn::{FROM_BEFORE_FORK, spawn_blocking_at};
use super::threads::ThreadConfig;
use crate::reactor::process::PerProcess;
use crate::reactor::process::{forks, has_forked_since};
use crate::reactor::signals::SignalsBlocked;
use crate::runtime::context;
use crate::runtime::implicit::{HiddenThread, permit};
use crate::sync::{Arc, Mutex};

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
    permit(HiddenThread::Resolver, place)?;
    let answer = Arc::new(Mutex::new(Answer::default()));
    let sender = Sender(answer.clone());
    let queued = {
        // A thread inherits the mask of the one that starts it: signals are the program's.
        let _blocked = SignalsBlocked::new();
        let work = move || {
            let output = job();
            sender.0.lock().output = Some(output);
        };
        POOL.lock().get_or_insert_with(pool).spawn(Job::new(work, false))
    };
    queued.map_err(|rejected| io::Error::other(rejected.to_string()))?;
    let forks_before = forks();
    poll_fn(|cx| match has_forked_since(forks_before) {
        false => poll_answer(&answer, cx),
        true => Poll::Ready(Err(io::Error::other(FROM_BEFORE_FORK))),
    })
    .await
}

fn pool() -> BlockingPool {
    let config = ThreadConfig {
        name: Arc::new(|| "minato-resolver".to_owned()),
        stack_size: None,
        keep_alive: Duration::from_secs(10),
        on_start: Vec::new(),
        on_stop: Vec::new(),
    };
    BlockingPool::new(config, Limits { threads: 64, queue: 100_000 })
}

/// Where a job of the process's pool leaves its output.
struct Answer<T> {
    output: Option<T>,
    /// Whether the job is gone, with or without an output.
    is_over: bool,
    waker: Option<Waker>,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self { output: None, is_over: false, waker: None }
    }
}

fn poll_answer<T>(answer: &Mutex<Answer<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
    let waker = cx.waker().clone();
    let mut answer = answer.lock();
    if answer.is_over {
        let lost = || io::Error::other("the job gave no answer");
        return Poll::Ready(answer.output.take().ok_or_else(lost));
    }
    let before = answer.waker.replace(waker);
    drop(answer);
    drop(before);
    Poll::Pending
}

/// A job's right to leave its output. Its drop wakes the one who waits.
struct Sender<T>(Arc<Mutex<Answer<T>>>);

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut answer = self.0.lock();
            answer.is_over = true;
            answer.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
