//! A ball between a plain thread and a task, for the workload `wake-across`. Made of an atomic and
//! the waker that everybody has, so that what is measured is the peer's own wake.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread::{self, JoinHandle, Thread};

use futures_util::task::AtomicWaker;

/// The task's side.
#[derive(Debug)]
pub struct Rally {
    court: Arc<Court>,
    thread: Thread,
}

/// The thread's side, once it runs.
#[derive(Debug)]
pub struct Rallying {
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Court {
    served: AtomicU64,
    returned: AtomicU64,
    task: AtomicWaker,
}

impl Rally {
    /// Starts a thread that wakes the task `count` times, each time after the task's answer.
    ///
    /// # Errors
    ///
    /// That of starting the thread.
    pub fn start(count: u64) -> io::Result<(Rally, Rallying)> {
        let court = Arc::new(Court {
            served: AtomicU64::new(0),
            returned: AtomicU64::new(0),
            task: AtomicWaker::new(),
        });
        let served = court.clone();
        let thread = thread::Builder::new().spawn(move || served.serve(count))?;
        let rally = Rally { court, thread: thread.thread().clone() };
        Ok((rally, Rallying { thread }))
    }

    /// Answers `count` times.
    pub async fn play(self, count: u64) {
        for ball in 1..=count {
            self.court.receive(ball).await;
            self.court.returned.store(ball, Ordering::Release);
            self.thread.unpark();
        }
    }
}

impl Rallying {
    /// Waits for the end of the thread.
    ///
    /// # Errors
    ///
    /// If it panicked.
    pub fn join(self) -> io::Result<()> {
        self.thread.join().map_err(|_| io::Error::other("the thread that wakes panicked"))
    }
}

impl Court {
    fn serve(&self, count: u64) {
        for ball in 1..=count {
            self.served.store(ball, Ordering::Release);
            self.task.wake();
            while self.returned.load(Ordering::Acquire) < ball {
                thread::park();
            }
        }
    }

    async fn receive(&self, ball: u64) {
        poll_fn(|cx| {
            if self.served.load(Ordering::Acquire) >= ball {
                return Poll::Ready(());
            }
            self.task.register(cx.waker());
            // It may have come before the waker stood there.
            if self.served.load(Ordering::Acquire) >= ball {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ball_comes_back() {
        let (rally, rallying) = Rally::start(1000).unwrap();
        smol::block_on(rally.play(1000));
        rallying.join().unwrap();
    }
}
