//! The queue that threads meet in, and a runtime that is nothing else.

#[path = "../../src/runtime/injector.rs"]
pub(crate) mod injector;

/// The threads of the models do not know which task they run.
pub(crate) mod context {
    pub(crate) fn task() -> Option<crate::task::Id> {
        None
    }
}

/// A runtime whose tasks anybody may run, and for whose tasks sockets have a place to park.
pub(crate) mod inner {
    use std::collections::VecDeque;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, RawWakerVTable};

    use crate::sync::{Arc, Mutex};
    use crate::task::cell::{Runnable, Schedule, TaskMeta, TaskRef};

    pub(crate) struct RuntimeInner {
        queue: Mutex<VecDeque<Runnable<Arc<RuntimeInner>>>>,
    }

    impl RuntimeInner {
        pub(crate) fn new() -> Arc<Self> {
            Arc::new(Self { queue: Mutex::new(VecDeque::new()) })
        }

        /// Runs what is woken.
        pub(crate) fn run(&self) {
            loop {
                let next = self.queue.lock().pop_front();
                let Some(runnable) = next else { return };
                runnable.run();
            }
        }
    }

    impl Schedule for Arc<RuntimeInner> {
        fn address(&self) -> usize {
            1
        }

        fn wakers() -> &'static RawWakerVTable {
            static WAKERS: RawWakerVTable = crate::task::waker_table::<Arc<RuntimeInner>>();
            &WAKERS
        }

        fn queue_here(
            _address: usize,
            runnable: Runnable<Self>,
            _yielded: bool,
        ) -> Result<(), Runnable<Self>> {
            Err(runnable)
        }

        fn inject(self, runnable: Runnable<Self>) {
            self.queue.lock().push_back(runnable);
        }

        fn poll<F: Future>(
            &self,
            _meta: &TaskMeta,
            future: Pin<&mut F>,
            cx: &mut Context<'_>,
        ) -> Poll<F::Output> {
            future.poll(cx)
        }

        fn ended(&self, _meta: &TaskMeta) -> Option<TaskRef<Self>> {
            None
        }
    }
}
