//! The panics of a simulation's tasks, until somebody has taken them.

use std::fmt::Write;

use crate::panics::Payload;
use crate::sync::Mutex;
use crate::sync::plain::{AtomicUsize, Ordering};
use crate::task::{Id, TaskRef};

/// The panics that no join handle has given to anybody yet.
#[derive(Default)]
pub(crate) struct PanicLog {
    panics: Mutex<Vec<Panic>>,
    /// How many there are: a step without a panic takes no lock.
    count: AtomicUsize,
}

struct Panic {
    host: String,
    task: TaskRef,
    message: String,
}

impl PanicLog {
    /// Changes the list; what `change` takes out is dropped after the lock is free.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Panic>) -> T) -> T {
        let mut panics = self.panics.lock();
        let taken = change(&mut panics);
        self.count.store(panics.len(), Ordering::Relaxed);
        taken
    }

    pub(crate) fn add(&self, host: String, task: TaskRef, panic: &Payload) {
        let message = panic.message().unwrap_or("(a value that is no text)").to_owned();
        self.change(|panics| panics.push(Panic { host, task, message }));
    }

    /// A join handle has given the panic of this task to its owner.
    pub(crate) fn was_taken(&self, task: Id) {
        drop(self.change(|panics| {
            let index = panics.iter().position(|panic| panic.task.meta().id == task);
            index.map(|index| panics.remove(index))
        }));
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        drop(self.change(std::mem::take));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Whether there is a panic that nobody can take any more: its join handle is gone.
    pub(super) fn has_lost(&self) -> bool {
        !self.is_empty() && self.panics.lock().iter().any(|panic| !panic.task.has_joiner())
    }

    /// All panics, one a line.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for Panic { host, task, message } in &*self.panics.lock() {
            let meta = task.meta();
            let (id, place) = (meta.id, meta.spawned_at);
            _ = write!(text, "\nhost {host}: task {id}, spawned at {place}, panicked: {message}");
        }
        text
    }
}
