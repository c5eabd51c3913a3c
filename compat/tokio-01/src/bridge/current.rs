//! The waker of the task of futures 0.1 that is being polled.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures::executor::{Notify, NotifyHandle};
use futures::task::{self, Task};

/// How many tasks wait in one place before the oldest is notified early.
const MOST: usize = 64;

/// Who is being polled.
pub(super) enum Current {
    /// A task that [`to_std`](super::to_std) polls, with the waker that it was given.
    Std(Waker),
    /// Any other task.
    Task(Task),
    /// No task at all.
    Nobody,
}

/// What a thread asks of the notify handle of its current task.
///
/// Futures 0.1 does not tell whose task is the current one, but makes its handle when asked for
/// the task. So a handle of ours that is made while the question stands answers it.
enum Question {
    No,
    Whose,
    Ours(Waker),
}

thread_local! {
    static QUESTION: RefCell<Question> = const { RefCell::new(Question::No) };
}

fn put(question: Question) -> Question {
    QUESTION.try_with(|cell| cell.replace(question)).unwrap_or(Question::No)
}

/// Who is being polled on this thread.
pub(super) fn current() -> Current {
    /// Ends the question, also when asking panics.
    struct Asking;

    impl Drop for Asking {
        fn drop(&mut self) {
            put(Question::No);
        }
    }

    if !task::is_in_task() {
        return Current::Nobody;
    }
    let asking = Asking;
    put(Question::Whose);
    let task = task::current();
    // False only for a task with unpark events, which our waker would not tell.
    let is_plain = task.will_notify_current();
    let answer = put(Question::No);
    drop(asking);
    match answer {
        Question::Ours(waker) if is_plain => Current::Std(waker),
        Question::Ours(_) => Current::Task(task::current()),
        _ => Current::Task(task),
    }
}

/// The handle of a task of ours that polls with `waker`: what `make` gives, or the answer to
/// a caller that asks whose task it is.
pub(super) fn handle(waker: &Waker, make: impl FnOnce() -> NotifyHandle) -> NotifyHandle {
    static ANSWER: Answer = Answer;
    let asked = QUESTION.try_with(|cell| {
        let mut question = cell.borrow_mut();
        if let Question::Whose = *question {
            *question = Question::Ours(waker.clone());
        }
        !matches!(*question, Question::No)
    });
    if asked.unwrap_or(false) { NotifyHandle::from(&ANSWER) } else { make() }
}

/// Stands in for a handle, within [`current`] only.
struct Answer;

impl Notify for Answer {
    fn notify(&self, _: usize) {}
}

/// The tasks of futures 0.1 that wait for one thing, beyond those that bring their own wakers.
///
/// All of them stand behind one waker, which a reactor recognizes at every poll. An event notifies
/// them all.
#[derive(Default)]
pub(crate) struct Waiters {
    tasks: OnceLock<(Arc<Tasks>, Waker)>,
}

impl Waiters {
    /// Calls `poll` with a context that wakes the current task.
    ///
    /// # Panics
    ///
    /// When `poll` has to wait and there is no current task.
    pub(crate) fn poll<T>(&self, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let task = match current() {
            Current::Std(waker) => return poll(&mut Context::from_waker(&waker)),
            Current::Nobody => return poll_outside(poll),
            Current::Task(task) => task,
        };
        let (tasks, waker) = self.tasks.get_or_init(|| {
            let tasks = Arc::new(Tasks::default());
            (tasks.clone(), Waker::from(tasks))
        });
        let is_new = tasks.add(task);
        let polled = poll(&mut Context::from_waker(waker));
        if polled.is_ready() && is_new {
            tasks.remove_current();
        }
        polled
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters").finish_non_exhaustive()
    }
}

/// Tasks that wait for one thing, in the order in which they came.
#[derive(Default)]
pub(crate) struct Tasks {
    list: Mutex<Vec<Task>>,
}

impl Tasks {
    fn list(&self) -> MutexGuard<'_, Vec<Task>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the current task, unless it is there.
    ///
    /// # Panics
    ///
    /// When there is no current task.
    #[allow(dead_code, reason = "only the feature mio-06 needs it")]
    pub(crate) fn add_current(&self) {
        self.add(task::current());
    }

    /// Adds the current task, which `task` names, unless it is there; says whether it is new.
    fn add(&self, task: Task) -> bool {
        let mut list = self.list();
        if list.iter().any(Task::will_notify_current) {
            return false;
        }
        let oldest = (list.len() >= MOST).then(|| list.remove(0));
        list.push(task);
        drop(list);
        if let Some(oldest) = oldest {
            oldest.notify();
        }
        true
    }

    fn remove_current(&self) {
        let mut list = self.list();
        if let Some(at) = list.iter().position(Task::will_notify_current) {
            let gone = list.remove(at);
            drop(list);
            drop(gone);
        }
    }

    /// Notifies all of them; none is left.
    pub(crate) fn notify(&self) {
        let tasks = mem::take(&mut *self.list());
        tasks.iter().for_each(Task::notify);
    }
}

impl Wake for Tasks {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}

/// Polls where there is no task to wake: an operation that has to wait fails there.
fn poll_outside<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    let polled = poll(&mut Context::from_waker(Waker::noop()));
    if polled.is_pending() {
        // It panics, with the text that futures 0.1 has for it.
        drop(task::current());
    }
    polled
}
