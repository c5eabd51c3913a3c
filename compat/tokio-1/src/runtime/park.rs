//! Blocking a thread until a future is ready.

use std::convert::Infallible;
use std::future::Future;
use std::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

#[derive(Debug)]
pub(crate) struct CachedParkThread(());

impl CachedParkThread {
    pub(crate) fn new() -> Self {
        Self(())
    }

    pub(crate) fn waker(&self) -> Result<Waker, Infallible> {
        Ok(Arc::new(Unpark(thread::current())).into())
    }

    pub(crate) fn park(&mut self) {
        thread::park();
    }

    pub(crate) fn block_on<F: Future>(&mut self, future: F) -> Result<F::Output, Infallible> {
        let waker = self.waker()?;
        let mut future = pin::pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(output);
            }
            self.park();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
