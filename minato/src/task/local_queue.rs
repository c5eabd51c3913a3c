//! The local tasks that are to be polled, and the futures that poll them.

use std::collections::VecDeque;
use std::task::Waker;

use slab::Slab;

use crate::panics::{Finally, contain};
use crate::sync::{Mutex, MutexGuard};

/// A queue of tasks, polled within the polls of *drivers*: futures which wait until there are some.
///
/// A task that comes wakes the drivers that are not being polled at that moment. When a poll ends
/// its driver looks at the queue once more.
pub(crate) struct LocalQueue<R>(Mutex<State<R>>);

struct State<R> {
    tasks: VecDeque<R>,
    /// Those that have yielded since the last [`end_yields`](LocalQueue::end_yields).
    yielded: Vec<R>,
    drivers: Slab<Driver>,
}

#[derive(Default)]
struct Driver {
    /// From its poll until it is woken.
    waker: Option<Waker>,
    is_polled: bool,
}

impl<R> LocalQueue<R> {
    pub(crate) fn new() -> Self {
        let (tasks, yielded, drivers) = (VecDeque::new(), Vec::new(), Slab::new());
        Self(Mutex::new(State { tasks, yielded, drivers }))
    }

    /// Adds a task.
    pub(crate) fn push(&self, task: R) {
        let mut state = self.0.lock();
        state.tasks.push_back(task);
        Self::wake(state);
    }

    /// Adds a task that has yielded, which is not taken out before
    /// [`end_yields`](Self::end_yields).
    pub(crate) fn push_yielded(&self, task: R) {
        self.0.lock().yielded.push(task);
    }

    /// Puts those that have yielded behind the others; says whether there were any.
    pub(crate) fn end_yields(&self) -> bool {
        let State { tasks, yielded, .. } = &mut *self.0.lock();
        let any = !yielded.is_empty();
        tasks.extend(yielded.drain(..));
        any
    }

    /// Takes out the task that was added first.
    pub(crate) fn pop(&self) -> Option<R> {
        self.0.lock().tasks.pop_front()
    }

    /// Takes out all tasks.
    pub(crate) fn take(&self) -> VecDeque<R> {
        std::mem::take(&mut self.0.lock().tasks)
    }

    /// Adds a driver, and gives its key.
    pub(crate) fn add_driver(&self) -> usize {
        self.0.lock().drivers.insert(Driver::default())
    }

    pub(crate) fn remove_driver(&self, key: usize) {
        // Foreign code, here the destructor of a waker, runs without the lock.
        let driver = self.0.lock().drivers.remove(key);
        drop(driver);
    }

    /// Calls `poll`, in which the driver with this key polls tasks, and leaves `waker` for those
    /// that come later.
    pub(crate) fn poll<T>(&self, key: usize, waker: &Waker, poll: impl FnOnce() -> T) -> T {
        let known = {
            let driver = &mut self.0.lock().drivers[key];
            driver.is_polled = true;
            driver.waker.as_ref().is_some_and(|known| known.will_wake(waker))
        };
        let _end = Finally(|| {
            let mut state = self.0.lock();
            state.drivers[key].is_polled = false;
            Self::wake(state);
        });
        if !known {
            let waker = Some(waker.clone());
            let before = std::mem::replace(&mut self.0.lock().drivers[key].waker, waker);
            drop(before);
        }
        poll()
    }

    /// Wakes the drivers that are not being polled, if there are tasks.
    fn wake(mut state: MutexGuard<'_, State<R>>) {
        if state.tasks.is_empty() {
            return;
        }
        let waiting = state.drivers.iter_mut().filter(|(_, driver)| !driver.is_polled);
        let mut wakers = waiting.filter_map(|(_, driver)| driver.waker.take());
        // Nearly always there is one.
        let (first, others) = (wakers.next(), wakers.collect::<Vec<_>>());
        drop(state);
        for waker in first.into_iter().chain(others) {
            _ = contain(|| waker.wake());
        }
    }
}
