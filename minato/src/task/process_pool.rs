//! Blocking jobs of the library's own, which may be needed anywhere: name look-ups.
//!
//! Within a runtime its blocking threads run them. Outside every runtime the process has a pool
//! of its own for them, which starts with the first job and knows no runtime.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::panic::Location;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::blocking::{BlockingConfig, BlockingPool};
use super::spawn::{FROM_BEFORE_FORK, spawn_blocking_at};
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
        return Ok(spawn_blocking_at(&runtime, place, job).await?);
    }
    permit(HiddenThread::Resolver, place)?;
    let answer = Arc::new(Answer(Mutex::new(State::Waiting(None))));
    let sender = Sender(answer.clone());
    let queued = {
        // A thread inherits the mask of the one that starts it: signals are the program's.
        let _blocked = SignalsBlocked::new();
        let job = Box::new(move || sender.0.give(State::Given(job())));
        POOL.lock().get_or_insert_with(pool).spawn(job)
    };
    queued.map_err(|rejected| io::Error::other(rejected.to_string()))?;
    let forks_before = forks();
    poll_fn(|cx| match has_forked_since(forks_before) {
        false => answer.poll(cx),
        true => Poll::Ready(Err(io::Error::other(FROM_BEFORE_FORK))),
    })
    .await
}

fn pool() -> BlockingPool {
    BlockingPool::new(BlockingConfig {
        thread_limit: 64,
        queue_limit: 100_000,
        keep_alive: Duration::from_secs(10),
        thread_name: Arc::new(|| "minato-resolver".to_owned()),
        stack_size: None,
        on_start: Vec::new(),
        on_stop: Vec::new(),
        on_idle: Vec::new(),
    })
}

/// Where a job of the process's pool leaves its output.
struct Answer<T>(Mutex<State<T>>);

enum State<T> {
    Waiting(Option<Waker>),
    Given(T),
    /// The job ended without an output, or the output was taken.
    Lost,
}

impl<T> Answer<T> {
    /// Leaves the output, unless there is one, and wakes the one who waits.
    fn give(&self, output: State<T>) {
        let mut state = self.0.lock();
        if !matches!(*state, State::Waiting(_)) {
            return;
        }
        let before = mem::replace(&mut *state, output);
        drop(state);
        if let State::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let waker = cx.waker().clone();
        let mut state = self.0.lock();
        let next = match *state {
            State::Waiting(_) => State::Waiting(Some(waker)),
            State::Given(_) | State::Lost => State::Lost,
        };
        let before = mem::replace(&mut *state, next);
        drop(state);
        match before {
            State::Waiting(_) => Poll::Pending,
            State::Given(output) => Poll::Ready(Ok(output)),
            State::Lost => Poll::Ready(Err(io::Error::other("the job gave no answer"))),
        }
    }
}

/// A job's right to leave its output. Dropped without it, the answer is lost.
struct Sender<T>(Arc<Answer<T>>);

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.give(State::Lost);
    }
}
