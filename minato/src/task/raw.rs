//! The memory of a task: one cell on the heap, which all handles and wakers of the task share.
//!
//! A cell has a *front*, with the same layout for all tasks. Behind it are the task's scheduler and
//! the *stage*, which holds the future and later its output. Handles know only the front. What
//! depends on the type of the future or of the scheduler goes through the table of functions in the
//! front.
//!
//! # Who may touch what
//!
//! * **The state** ([`State`]): every thread.
//! * **The stage**: the runner, which set `RUNNING`, until it sets `COMPLETE`. From then on the
//!   join handle if `JOINER` was set at that moment, else still the runner.
//! * **The awaiter**: whoever has its lock. The join handle leaves it there, and then looks whether
//!   the task is complete. The completer sets `COMPLETE`, then takes it out. One sees the other.
//! * **The cell**: the thread that takes the last hold away frees it. If the future is still there,
//!   that thread hands the task to the scheduler instead, which drops the future where tasks run.
//! * **A task that runs alone** ([`Front::runs_alone`]) does without `RUNNING`: only the holder of
//!   its runtime's one core runs it, cancels it or completes it, and the registry keeps its cell
//!   until then. So whoever holds the core has the right to the stage.
//! * **The rest** is written before the cell is shared, and from then on only read.
//!
//! Code that may be foreign (the future, its output, destructors, wakers) runs contained: a panic
//! there leaves no cell between two states. After a step that may have handed the cell on, the
//! thread that took the step touches nothing of it.

use std::any::type_name;
use std::future::Future;
use std::mem::{self, ManuallyDrop};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use super::Id;
use super::cell::{Runnable, Schedule, TaskMeta, TaskRef};
use super::finished::Finished;
use super::state::{Action, Start, State, WakeOutcome};
use crate::panics::{Payload, contain};
use crate::runtime::context;
use crate::sync::{Arc, Mutex, UnsafeCell};

/// What all tasks have in common.
#[repr(C)]
pub(super) struct Front {
    pub(super) state: State,
    pub(super) vtable: &'static Vtable,
    /// The address of the scheduler.
    pub(super) owner: usize,
    /// Whether only the holder of one core runs it.
    pub(super) runs_alone: bool,
    awaiter: Mutex<Awaiter>,
    pub(super) meta: TaskMeta,
}

/// What handles do with a cell although they do not know the types in it.
pub(super) struct Vtable {
    /// Gives the runnable, which the caller owns, to the scheduler; says whether the task has woken
    /// while it was polled.
    submit: unsafe fn(RawTask, bool),
    /// Polls the future once, in a run that has started.
    poll: unsafe fn(RawTask),
    /// Drops the future, in a run that has started.
    cancel: unsafe fn(RawTask),
    /// Moves the output to where the pointer points, an `Option<Caught<T>>`: `None` if there is
    /// none. The caller has the right to the stage.
    take: unsafe fn(&RawTask, *mut ()),
    /// Drops the output. The caller has the right to the stage.
    pub(super) abandon: unsafe fn(&RawTask),
    /// Frees the cell, which only the caller holds.
    free: unsafe fn(RawTask),
    /// The name of the future's type.
    name: fn() -> &'static str,
}

/// A whole cell.
#[repr(C)]
struct Cell<F: Future, S: Schedule> {
    front: Front,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

/// What the cell holds of the task's work.
enum Stage<F: Future> {
    Future(F),
    /// The output, until the join handle takes it out; `None` if the task was cancelled.
    Ended(Option<Caught<F::Output>>),
}

/// Who is told that the task is complete.
pub(super) enum Awaiter {
    Waker(Waker),
    /// A set that the task is in. Without one it is nobody: so an awaiter is as small as a waker.
    Set(Option<Arc<Finished>>),
}

impl Awaiter {
    pub(super) const NOBODY: Self = Self::Set(None);

    fn tell(self, task: Id) {
        match self {
            Self::Waker(waker) => waker.wake(),
            Self::Set(Some(set)) => set.add(task),
            Self::Set(None) => {}
        }
    }
}

const _: () = assert!(size_of::<Awaiter>() == size_of::<Waker>());

/// How a task's future ended: with an output, or by a panic.
pub(super) type Caught<T> = Result<T, Payload>;

/// The address of a cell, and one of the holds in its state.
///
/// It has no destructor: its owner says what happens to the hold.
pub(super) struct RawTask(NonNull<Front>);

// SAFETY: a `RawTask` gives several threads the state, which is atomic; the metadata and the
// scheduler, which are `Sync` (the latter by the bounds of `Schedule`); and the places of the
// awaiter and the stage. Only the thread that has the right by the state touches one of these two.
// In them a waker passes between threads, which is `Send`, and the future and the output, for which
// the caller of `RawTask::new` answers.
unsafe impl Send for RawTask {}
// SAFETY: as above; a shared `RawTask` gives access to nothing more than an owned one.
unsafe impl Sync for RawTask {}

impl std::ops::Deref for RawTask {
    type Target = Front;

    #[inline(always)]
    fn deref(&self) -> &Front {
        // SAFETY: our hold keeps the cell from being freed, and nothing borrows the front mutably
        // once it is shared.
        unsafe { self.0.as_ref() }
    }
}

impl RawTask {
    /// Makes the cell of a task with three holds: a runnable and a join handle, which the caller
    /// owns, and a reference, which the scheduler gets. Also says whether that has taken the task.
    ///
    /// # Safety
    ///
    /// `F` and its output are `Send`. Or else the future itself ensures that only this thread polls
    /// and drops it, and the join handle stays on this thread.
    pub(super) unsafe fn new<F, S>(
        scheduler: S,
        meta: TaskMeta,
        future: F,
    ) -> (Self, Result<(), &'static str>)
    where
        F: Future + 'static,
        S: Schedule,
    {
        let front = Front {
            state: State::new(),
            vtable: const {
                &Vtable {
                    submit: submit::<F, S>,
                    poll: poll::<F, S>,
                    cancel: cancel::<F, S>,
                    take: take::<F, S>,
                    abandon: abandon::<F, S>,
                    free: free::<F, S>,
                    name: type_name::<F>,
                }
            },
            owner: scheduler.address(),
            runs_alone: scheduler.run_alone(&meta),
            awaiter: Mutex::new(Awaiter::NOBODY),
            meta,
        };
        let cell =
            Box::new(Cell { front, scheduler, stage: UnsafeCell::new(Stage::Future(future)) });
        let raw = Self(NonNull::from(Box::leak(cell)).cast());
        let task = TaskRef { raw: raw.again() };
        // SAFETY: the cell was made of these types, and the runnable holds it.
        let admitted = unsafe { raw.cell::<F, S>() }.scheduler.admit(task);
        (raw, admitted)
    }

    /// A copy of the address, for an owner of another hold.
    pub(super) fn again(&self) -> Self {
        Self(self.0)
    }

    /// The name of the future's type.
    pub(super) fn name(&self) -> &'static str {
        (self.vtable.name)()
    }

    /// What the data of each of the task's wakers is.
    #[inline]
    pub(super) fn address(&self) -> usize {
        self.0.addr().get()
    }

    /// Gives the runnable, which the caller owns, to the scheduler.
    #[inline]
    pub(super) fn submit(self, yielded: bool) {
        // SAFETY: the caller owns the runnable, and the table belongs to the cell.
        unsafe { (self.vtable.submit)(self, yielded) }
    }

    /// Does what a change of the state asks for.
    #[inline]
    pub(super) fn follow(self, after: Action) {
        match after {
            Action::Nothing => {}
            Action::Submit => self.submit(false),
            Action::Last => self.end(),
        }
    }

    /// Ends a cell without holds: frees it, or has its future dropped first.
    #[cold]
    fn end(self) {
        if self.state.is_complete() {
            // SAFETY: no hold is left, so no thread can get one again.
            return unsafe { (self.vtable.free)(self) };
        }
        self.state.revive();
        self.submit(false);
    }

    /// Polls the future once. The caller owns the runnable, which this takes.
    #[inline]
    pub(super) fn run(self) {
        if self.runs_alone {
            return match self.state.start_alone() {
                Start::Poll => self.poll_alone(false),
                // SAFETY: the holder of the core has the right to the stage.
                Start::Cancel => unsafe { (self.vtable.cancel)(self) },
                Start::Complete(after) => self.follow(after),
            };
        }
        let aborted = self.state.start();
        let go_on = if aborted { self.vtable.cancel } else { self.vtable.poll };
        // SAFETY: the owner of the runnable has just started the run, and the table belongs to the
        // cell.
        unsafe { go_on(self) }
    }

    /// Polls the future of a task that runs alone, on the thread that holds the core. If the run
    /// `has_reference`, this takes it from the caller.
    #[inline]
    fn poll_alone(self, has_reference: bool) {
        let before = context::run(|run| run.begin(self.address(), has_reference));
        // SAFETY: the holder of the core has the right to the stage, and the task is not complete.
        unsafe { (self.vtable.poll)(self) }
        context::run(|run| run.go_on(before));
    }

    /// The poll has ended and the future waits.
    #[inline]
    fn pend(self) {
        if !self.runs_alone {
            return match self.state.pend() {
                Action::Nothing => {}
                Action::Submit => self.submit(true),
                Action::Last => self.end(),
            };
        }
        let (has_reference, has_runnable) = context::run(|run| run.end(self.address()));
        if has_reference {
            // Not the last hold, since the registry has one.
            _ = self.state.drop_reference();
        }
        if has_runnable {
            self.submit(true);
        }
    }

    /// Polls the future once if the task is idle. The caller owns a reference, which this takes.
    /// Gives it back if the task is complete, or runs alone and is queued already.
    #[inline]
    pub(super) fn wake_and_run(self) -> Option<Self> {
        if self.runs_alone {
            if !self.state.is_idle() {
                return Some(self);
            }
            self.poll_alone(true);
            return None;
        }
        match self.state.wake_and_start() {
            // SAFETY: the run has just started, in the place of the reference.
            WakeOutcome::Run => unsafe { (self.vtable.poll)(self) },
            WakeOutcome::Nothing => {}
            WakeOutcome::Complete => return Some(self),
        }
        None
    }

    /// Drops the future. The caller owns the runnable, which this takes.
    pub(super) fn cancel(self) {
        if self.runs_alone {
            if let Start::Complete(after) = self.state.start_alone() {
                return self.follow(after);
            }
        } else {
            self.state.start();
        }
        // SAFETY: as for `run`.
        unsafe { (self.vtable.cancel)(self) }
    }

    /// Takes the output of a complete task out. `None` if the task was cancelled, or the output was
    /// taken before.
    ///
    /// # Safety
    ///
    /// The caller is the join handle of a task with an output of type `T`, and has seen it
    /// complete.
    pub(super) unsafe fn take<T>(&self) -> Option<Caught<T>> {
        let mut output = None::<Caught<T>>;
        // SAFETY: the join handle existed when the task completed, so it owns the stage. The caller
        // answers for the type of the output, and the pointer is to a place for that.
        unsafe { (self.vtable.take)(self, (&raw mut output).cast()) };
        output
    }

    /// Changes who is told when the task is complete; returns who it was, to be dropped or told
    /// with the lock free again.
    pub(super) fn replace_awaiter(&self, awaiter: Awaiter) -> Awaiter {
        mem::replace(&mut *self.awaiter.lock(), awaiter)
    }

    /// Calls `visit`, which runs no foreign code, with who is told when the task is complete.
    pub(super) fn with_awaiter<T>(&self, visit: impl FnOnce(&Awaiter) -> T) -> T {
        visit(&self.awaiter.lock())
    }

    /// The waker that has this hold.
    #[inline]
    fn raw_waker(&self) -> RawWaker {
        RawWaker::new(self.0.as_ptr().cast_const().cast(), &WAKERS)
    }

    /// The hold of a waker.
    ///
    /// # Safety
    ///
    /// The data is that of a waker of a cell. That waker lives as long as the result is used, or
    /// leaves its hold to it.
    #[inline]
    pub(super) unsafe fn of_waker(data: *const ()) -> Self {
        // SAFETY: the data is the address of a front, which `raw_waker` put there.
        Self(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) })
    }

    /// The whole cell of a task whose future is an `F` and whose scheduler is an `S`.
    ///
    /// # Safety
    ///
    /// They are, and the caller does not use the cell after giving up its hold.
    #[inline]
    unsafe fn cell<'a, F: Future, S: Schedule>(&self) -> &'a Cell<F, S> {
        // SAFETY: the address is that of a whole cell, whose first field is the front.
        unsafe { self.0.cast().as_ref() }
    }
}

impl<F: Future, S: Schedule> Cell<F, S> {
    /// Drops what is on the stage and puts an output there; a panic of a destructor is returned.
    ///
    /// # Safety
    ///
    /// The caller has the right to the stage.
    unsafe fn put(&self, output: Option<Caught<F::Output>>) -> Result<(), Payload> {
        // SAFETY: the caller has the right, so no other thread touches the stage meanwhile. A
        // future is dropped in place, as its pin demands.
        self.stage.with_mut(|stage| contain(|| unsafe { *stage = Stage::Ended(output) }))
    }
}

/// Calls `with` with the task that `waker` is of, if it is one of ours.
#[inline]
pub(super) fn with_task<T>(waker: &Waker, with: impl FnOnce(&RawTask) -> T) -> Option<T> {
    if !ptr::eq(waker.vtable(), &WAKERS) {
        return None;
    }
    // SAFETY: a waker with this table belongs to a cell, and it outlives the call.
    Some(with(&unsafe { RawTask::of_waker(waker.data()) }))
}

impl Runnable {
    /// Wakes the task of `waker` and polls it at once, if it is idle. The task must belong to the
    /// runtime whose core this thread holds; [`is_of`](Self::is_of) tells.
    #[inline]
    pub(crate) fn wake_and_run(waker: Waker) {
        let waker = ManuallyDrop::new(waker);
        match with_task(&waker, |raw| raw.again().wake_and_run()) {
            // The run, or the owner of the runnable, took its hold.
            Some(None) => {}
            Some(Some(_left_alone)) => drop(ManuallyDrop::into_inner(waker)),
            None => ManuallyDrop::into_inner(waker).wake(),
        }
    }
}

/// The functions of the wakers of all tasks. By the address of this table a waker is known as ours.
pub(super) static WAKERS: RawWakerVTable =
    RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

/// Gives the runnable to the scheduler.
///
/// # Safety
///
/// The caller owns the runnable of a task whose future is an `F` and whose scheduler is an `S`.
unsafe fn submit<F: Future, S: Schedule>(raw: RawTask, yielded: bool) {
    if raw.runs_alone && context::run(|run| run.give_runnable(raw.address())) {
        // It goes behind all others, which this poll may wake.
        return;
    }
    let address = raw.owner;
    // As soon as the runnable is queued, another thread may free the cell.
    if let Err(runnable) = S::queue_here(address, Runnable { raw }, yielded) {
        // SAFETY: the runnable, which is still here, holds the cell.
        let scheduler = unsafe { runnable.raw.cell::<F, S>() }.scheduler.clone();
        scheduler.inject(runnable);
    }
}

/// Polls the future once.
///
/// # Safety
///
/// The caller has the right to the stage of the task, whose future is an `F`: it has started a run,
/// or holds the core of a task that runs alone. The task was not aborted before.
unsafe fn poll<F: Future, S: Schedule>(raw: RawTask) {
    // SAFETY: `RUNNING` holds the cell until the last use, or the registry does.
    let cell = unsafe { raw.cell::<F, S>() };
    // SAFETY: the functions of the table fit the data. This waker is not counted and never dropped:
    // the poll gets it by reference, and the same holds the cell meanwhile.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw.raw_waker()) });
    let polled = contain(|| {
        let guard = DropInUnwind(cell);
        let polled = cell.stage.with_mut(|stage| {
            // SAFETY: the runner owns the stage.
            let Stage::Future(future) = (unsafe { &mut *stage }) else {
                unreachable!("a task is not polled after its end")
            };
            // SAFETY: the cell never moves, and the future stays in it until it is dropped there.
            let future = unsafe { Pin::new_unchecked(future) };
            let mut cx = Context::from_waker(&waker);
            let Cell { front: Front { meta, .. }, scheduler, .. } = cell;
            meta.span.within(|| scheduler.poll(meta, future, &mut cx))
        });
        mem::forget(guard);
        polled
    });
    let output = match polled {
        Ok(Poll::Pending) => return raw.pend(),
        Ok(Poll::Ready(output)) => Ok(output),
        Err(panic) => Err(panic),
    };
    // SAFETY: the run goes on.
    unsafe { finish::<F, S>(raw, Some(output)) }
}

/// Drops a future whose poll panics, while that unwinds: `std::thread::panicking` tells it why.
/// The runner of the task makes it.
struct DropInUnwind<'a, F: Future, S: Schedule>(&'a Cell<F, S>);

impl<F: Future, S: Schedule> Drop for DropInUnwind<'_, F, S> {
    fn drop(&mut self) {
        // SAFETY: the runner owns the stage.
        _ = unsafe { self.0.put(None) };
    }
}

/// Drops the future.
///
/// # Safety
///
/// As for [`poll`], but it may have been aborted.
#[cold]
unsafe fn cancel<F: Future, S: Schedule>(raw: RawTask) {
    let id = raw.meta.id;
    // SAFETY: the caller has started the run.
    S::within(id, || unsafe { finish::<F, S>(raw, None) });
}

/// Ends the task: drops the future, leaves the output to its owner, gives up the hold of the run,
/// and tells the awaiter. Without an output the task counts as cancelled, unless a destructor of
/// the future panics: then the task has panicked.
///
/// # Safety
///
/// The caller is in a run of the task, whose future is an `F`.
unsafe fn finish<F: Future, S: Schedule>(raw: RawTask, output: Option<Caught<F::Output>>) {
    // SAFETY: `RUNNING`, or the registry until that is set, holds the cell until it retires; and
    // this does not use it afterwards.
    let cell = unsafe { raw.cell::<F, S>() };
    // SAFETY: the runner owns the stage until the task is complete, and then if nobody joins it.
    let put = |output| unsafe { cell.put(output) };
    let dropped = if mem::needs_drop::<F>() { put(None) } else { Ok(()) };
    let output = match (output, dropped) {
        (Some(Ok(output)), Err(panic)) => {
            _ = contain(|| drop(output));
            Some(Err(panic))
        }
        (None, Err(panic)) => Some(Err(panic)),
        (output, _) => output,
    };
    if let Some(Err(panic)) = &output {
        cell.scheduler.panicked(&cell.front.meta, panic);
    }
    _ = put(output);

    let id = cell.front.meta.id;
    let mut references = 0;
    let completed = if cell.front.runs_alone {
        let (has_reference, has_runnable) = context::run(|run| run.end(raw.address()));
        references += usize::from(has_reference);
        cell.front.state.complete_alone(has_runnable)
    } else {
        cell.front.state.complete()
    };
    if !completed.has_joiner() {
        _ = put(None);
    }
    // After `complete`: once the runtime is idle, every handle says that its task has ended.
    let counted = cell.scheduler.ended(&cell.front.meta);
    let awaiter = completed.has_joiner().then(|| raw.replace_awaiter(Awaiter::NOBODY));
    references += counted.map_or(0, TaskRef::into_count);
    let after = cell.front.state.retire(completed, references);
    raw.follow(after);
    if let Some(awaiter) = awaiter {
        _ = contain(|| awaiter.tell(id));
    }
}

/// Moves the output of a task to `place`.
///
/// # Safety
///
/// The caller has the right to the stage of the task, whose future is an `F`; `place` points to an
/// `Option<Caught<F::Output>>`.
unsafe fn take<F: Future, S: Schedule>(raw: &RawTask, place: *mut ()) {
    // SAFETY: the caller has a hold during this call.
    let cell = unsafe { raw.cell::<F, S>() };
    // SAFETY: the caller has the right to the stage.
    let output = cell.stage.with_mut(|stage| match unsafe { &mut *stage } {
        Stage::Ended(output) => output.take(),
        Stage::Future(_) => None,
    });
    if let Some(Err(_)) = &output {
        cell.scheduler.panic_was_taken(&cell.front.meta);
    }
    // SAFETY: the caller answers for the place and its type.
    unsafe { *place.cast::<Option<Caught<F::Output>>>() = output };
}

/// Drops the output of a task.
///
/// # Safety
///
/// The caller has the right to the stage of the task, whose future is an `F` and whose scheduler is
/// an `S`.
unsafe fn abandon<F: Future, S: Schedule>(raw: &RawTask) {
    // SAFETY: the caller has a hold during this call, and the right to the stage.
    S::within(raw.meta.id, || _ = unsafe { raw.cell::<F, S>().put(None) });
}

/// Frees a cell.
///
/// # Safety
///
/// No other hold of the cell is left, and the future of its task is an `F`.
unsafe fn free<F: Future, S: Schedule>(raw: RawTask) {
    // SAFETY: the cell was made as a box of this type, and no other thread can use it any more.
    drop(unsafe { Box::from_raw(raw.0.cast::<Cell<F, S>>().as_ptr()) });
}

/// # Safety
///
/// The data is that of a waker whose scheduler is an `S`. The other three need the same.
unsafe fn clone_waker(data: *const ()) -> RawWaker {
    // SAFETY: the waker outlives the call, and then the new one has a hold of its own.
    let raw = unsafe { RawTask::of_waker(data) };
    raw.state.add_reference();
    raw.raw_waker()
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the consumed waker leaves its hold to us, and the wake gives it up.
    let raw = unsafe { RawTask::of_waker(data) };
    let after = raw.state.wake();
    raw.follow(after);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker outlives the call.
    let raw = unsafe { RawTask::of_waker(data) };
    let after = raw.state.wake_by_ref();
    raw.follow(after);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker leaves its hold to us, and this gives it up.
    let raw = unsafe { RawTask::of_waker(data) };
    let after = raw.state.drop_reference();
    raw.follow(after);
}
