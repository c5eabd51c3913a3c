//! What a thread is doing for Minato: all thread-locals.
//!
//! A thread that runs a runtime, or has entered one, is in a [`Context`]. Contexts nest: `block_on`
//! within `block_on` puts a new one on top and takes it off again (see `nesting.rs`). Everything
//! that depends on "here" asks this module.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};

use minato_sim::World;

use super::core::Core;
use super::inner::RuntimeInner;
use crate::engine::SimHost;
use crate::panics::Finally;
use crate::reactor;
use crate::receive_buffers::SpareBuffers;
use crate::sync::Arc;
use crate::sync::plain::{AtomicBool, AtomicUsize, Ordering};
use crate::task::budget::Budget;
use crate::task::local_set::LocalTasks;
use crate::task::run::Run;
use crate::task::{Id, Runnable};
use crate::time::clock::Clock;

thread_local! {
    /// The context that this thread is in.
    static CURRENT: RefCell<Option<Rc<Context>>> = const { RefCell::new(None) };

    /// The set of local tasks that the thread polls, or has entered.
    static LOCAL_SET: RefCell<Option<Arc<LocalTasks>>> = const { RefCell::new(None) };

    /// What every poll asks, in plain words without a destructor, so that asking costs a load.
    static HERE: Here = const {
        Here {
            context: Cell::new(0),
            runtime: Cell::new(0),
            reactor: Cell::new(0),
            polling: Cell::new(ptr::null()),
            budget: Cell::new(Budget::unlimited()),
            yielded: Cell::new(ptr::null()),
            task: Cell::new(None),
            thread: Cell::new(0),
            in_no_world: Cell::new(false),
            run: Run::none(),
        }
    };

    /// The world that this thread is in while it is in no context.
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };

    /// Memory for receives that nobody uses at the moment. It goes with the thread.
    static SPARE_BUFFERS: SpareBuffers = const { SpareBuffers::new() };
}

/// Whether a thread of this process was ever in a world. Until then to ask costs a load.
static WORLDS: AtomicBool = AtomicBool::new(false);

struct Here {
    /// The address of the context, or 0.
    context: Cell<usize>,
    /// The address of the runtime of the context, or 0.
    runtime: Cell<usize>,
    /// The address of the reactor of the core that the context holds, or 0.
    reactor: Cell<usize>,
    /// The data of the waker that the innermost poll of ours was given.
    polling: Cell<*const ()>,
    budget: Cell<Budget>,
    /// What [`polling`](Self::polling) was when somebody yielded.
    yielded: Cell<*const ()>,
    /// The task that is being polled or dropped.
    task: Cell<Option<Id>>,
    /// Numbers the thread; 0 until somebody asks.
    thread: Cell<usize>,
    /// Whether it is in no world for a moment, whatever its context is.
    in_no_world: Cell<bool>,
    /// The run of a task that only the holder of its core runs.
    run: Run,
}

impl Here {
    /// What no waker has as its data.
    fn nobody(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// Follows a change of the context that this thread is in.
    fn follow(&self, context: Option<&Rc<Context>>) {
        self.context.set(context.map_or(0, |context| context.address()));
        self.runtime.set(context.map_or(0, |context| context.runtime.address()));
        self.reactor.set(context.map_or(0, |context| context.reactor.get()));
    }
}

/// A thread's place in a runtime.
pub(crate) struct Context {
    pub(crate) runtime: Arc<RuntimeInner>,
    /// The core that this thread holds, while foreign code runs. In between the thread's loop has
    /// it, and others may have taken it over.
    core: Cell<Option<Box<Core>>>,
    /// The address of the held core's reactor, or 0.
    reactor: Cell<usize>,
    /// Where a `block_on` within this context was called that keeps its tasks from running. Set
    /// while the future of that call is polled.
    pub(super) nested_at: Cell<Option<&'static Location<'static>>>,
    /// Whether the thread is here to run tasks or blocking jobs of the runtime, and nothing else.
    pub(super) at_work: Cell<bool>,
    /// Whether the thread runs nothing here, but holds an `EnterGuard`.
    by_guard: Cell<bool>,
    parent: RefCell<Option<Rc<Context>>>,
}

impl Context {
    /// Has this thread enter `runtime`, with a core to hold or without.
    pub(crate) fn enter_new(runtime: Arc<RuntimeInner>, core: Option<Box<Core>>) -> Entered {
        let context = Self::new(runtime);
        if let Some(core) = core {
            context.give_core(core);
        }
        context.enter()
    }

    /// A context that no thread is in yet.
    pub(crate) fn new(runtime: Arc<RuntimeInner>) -> Rc<Self> {
        WORLDS.fetch_or(runtime.engine.is_simulated(), Ordering::Relaxed);
        Rc::new(Context {
            runtime,
            core: Cell::new(None),
            reactor: Cell::new(0),
            nested_at: Cell::new(None),
            at_work: Cell::new(false),
            by_guard: Cell::new(false),
            parent: RefCell::new(None),
        })
    }

    /// Has this thread enter this context, on top of where it is.
    pub(crate) fn enter(self: Rc<Self>) -> Entered {
        self.put_on_top();
        Entered { context: self }
    }

    fn put_on_top(self: &Rc<Self>) {
        // A thread whose locals are gone already has no context; it can use sockets all the same.
        _ = CURRENT.try_with(|top| {
            *self.parent.borrow_mut() = top.replace(Some(self.clone()));
            HERE.with(|here| here.follow(Some(self)));
        });
    }

    /// Has this thread enter `runtime` until [`leave`] is called with the address of the context,
    /// which this returns.
    pub(super) fn enter_by_guard(runtime: Arc<RuntimeInner>) -> usize {
        let context = Self::new(runtime);
        context.by_guard.set(true);
        // From here on the thread keeps the context.
        context.put_on_top();
        context.address()
    }

    /// Enters a context for a `block_on` that turns the reactor of the core in `holder`, a context
    /// further down on this thread.
    pub(crate) fn enter_sharing(holder: &Self) -> Entered {
        let context = Self::new(holder.runtime.clone());
        context.reactor.set(holder.reactor.get());
        context.enter()
    }

    /// The thread that entered here runs tasks or blocking jobs, and nothing else.
    pub(crate) fn set_at_work(&self) {
        self.at_work.set(true);
    }

    /// The address that names this context.
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Gives this context a core to hold.
    pub(crate) fn give_core(&self, core: Box<Core>) {
        self.reactor.set(core.reactor.address());
        self.put(core);
        self.followed();
    }

    /// Takes the core away from this context, which holds none from then on.
    pub(crate) fn take_core(&self) -> Option<Box<Core>> {
        self.reactor.set(0);
        self.followed();
        self.take()
    }

    /// Takes the core that this context holds into the hands of the thread's loop, to be
    /// [`put`](Self::put) back.
    #[inline]
    pub(crate) fn take(&self) -> Option<Box<Core>> {
        self.core.take()
    }

    /// Puts the held core back to where foreign code finds it.
    #[inline]
    pub(crate) fn put(&self, core: Box<Core>) {
        self.core.set(Some(core));
    }

    /// Calls `foreign`, which may use the held core by way of this context. The core does not come
    /// back if it was passed on to another thread meanwhile.
    #[inline]
    pub(crate) fn lend<T>(
        &self,
        core: Box<Core>,
        foreign: impl FnOnce() -> T,
    ) -> (Option<Box<Core>>, T) {
        self.put(core);
        let output = foreign();
        (self.take(), output)
    }

    /// Calls `with`, which runs no foreign code, with the core that lies here.
    #[inline]
    pub(crate) fn with_core<T>(&self, with: impl FnOnce(&mut Core) -> T) -> Option<T> {
        let mut core = self.take()?;
        let output = with(&mut core);
        self.put(core);
        Some(output)
    }

    /// Whether a core lies here.
    pub(super) fn has_core(&self) -> bool {
        self.with_core(|_| ()).is_some()
    }

    /// Has what this thread knows of its context follow, if that is this one.
    fn followed(&self) {
        _ = CURRENT.try_with(|top| {
            if let Ok(top) = top.try_borrow()
                && top.as_ref().is_some_and(|top| ptr::eq(&**top, self))
            {
                HERE.with(|here| here.follow(top.as_ref()));
            }
        });
    }
}

/// Keeps a context taken; dropping it gives the thread back what it was before.
pub(crate) struct Entered {
    context: Rc<Context>,
}

impl std::ops::Deref for Entered {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // A guard that was taken above may still be there.
        _ = leave(self.context.address());
    }
}

/// Has this thread leave the context at `address`; says whether it was on top of all others.
pub(super) fn leave(address: usize) -> bool {
    let Some(left) = contexts().find(|context| context.address() == address) else {
        // The thread's locals are gone, and the context with them.
        return true;
    };
    let parent = left.parent.take();
    let above = contexts().find(|context| {
        context.parent.borrow().as_ref().is_some_and(|parent| Rc::ptr_eq(parent, &left))
    });
    match &above {
        Some(above) => *above.parent.borrow_mut() = parent,
        None => {
            _ = CURRENT.try_with(|top| {
                HERE.with(|here| here.follow(parent.as_ref()));
                top.replace(parent)
            });
        }
    }
    above.is_none()
}

/// Which of its runtime's cores this thread holds.
pub(super) fn core_index() -> Option<usize> {
    let context = contexts().find(|context| !context.by_guard.get())?;
    // A `block_on` within a task of the same runtime shares the core with the context below.
    let shared = (context.reactor.get() != 0).then_some(0);
    context.with_core(|core| core.index).or(shared)
}

/// Calls `with` with the context of this thread, if it has one.
fn with_current<T>(with: impl FnOnce(&Rc<Context>) -> T) -> Option<T> {
    CURRENT.try_with(|context| context.borrow().as_ref().map(with)).ok().flatten()
}

/// The context of this thread.
pub(crate) fn current() -> Option<Rc<Context>> {
    with_current(Rc::clone)
}

/// Whether this thread can be in a context: its locals are not gone yet.
pub(crate) fn is_there() -> bool {
    CURRENT.try_with(|_| ()).is_ok()
}

/// Whether `address` names the context that this thread is in.
pub(crate) fn is_in(address: usize) -> bool {
    HERE.with(|here| here.context.get() == address)
}

/// The contexts of this thread, from the one it is in downwards.
pub(super) fn contexts() -> impl Iterator<Item = Rc<Context>> {
    std::iter::successors(current(), |context| context.parent.borrow().clone())
}

/// The runtime that this thread is in.
pub(crate) fn runtime() -> Option<Arc<RuntimeInner>> {
    with_current(|context| context.runtime.clone())
}

/// Queues a task with the core of the runtime at `address`, if this thread holds one.
#[inline]
pub(super) fn queue_here(
    address: usize,
    runnable: Runnable,
    yielded: bool,
) -> Result<(), Runnable> {
    let holds_one = HERE.with(|here| here.runtime.get() == address && here.reactor.get() != 0);
    if !holds_one {
        return Err(runnable);
    }
    let mut left = Some(runnable);
    with_current(|context| {
        context.with_core(|core| {
            if let Some(runnable) = left.take() {
                context.runtime.queue_with(core, runnable, yielded);
            }
        })
    });
    left.map_or(Ok(()), Err)
}

/// The caller is about to poll `task` with `cx`, within [`between_polls`], as a poll of ours.
#[inline]
pub(super) fn begin_poll(task: Id, cx: &TaskContext<'_>, budget: Budget) {
    HERE.with(|here| {
        here.task.set(Some(task));
        here.polling.set(cx.waker().data());
        here.budget.set(budget);
    });
}

/// Calls `with` with what this thread runs.
#[inline]
pub(crate) fn run<T>(with: impl FnOnce(&Run) -> T) -> T {
    HERE.with(|here| with(&here.run))
}

/// Wakes the tasks of the runtime whose core this thread holds, all in one go, and leaves the other
/// wakers in `wakers`.
#[inline]
pub(crate) fn queue_woken_here(wakers: &mut Vec<Waker>) {
    if wakers.is_empty() || HERE.with(|here| here.reactor.get() == 0) {
        return;
    }
    with_current(|context| context.with_core(|core| core.queue_woken(&context.runtime, wakers)));
}

/// The set of local tasks that this thread polls, or has entered.
pub(crate) fn local_set() -> Option<Arc<LocalTasks>> {
    LOCAL_SET.try_with(|set| set.borrow().clone()).ok().flatten()
}

/// Puts another set in its place; gives back which it was.
pub(crate) fn exchange_local_set(set: Option<Arc<LocalTasks>>) -> Option<Arc<LocalTasks>> {
    LOCAL_SET.try_with(|place| place.replace(set)).ok().flatten()
}

/// The reactor that a wait on this thread binds to: that of the held core, or of a core of the
/// runtime that the thread is in.
pub(crate) fn reactor() -> Option<Arc<reactor::ReactorInner>> {
    with_current(|context| {
        let held = context.with_core(|core| core.reactor.clone());
        held.unwrap_or_else(|| context.runtime.shared_reactor().clone())
    })
}

/// Whether this thread holds the core whose reactor is at `address`.
pub(crate) fn holds(address: usize) -> bool {
    HERE.with(|here| here.reactor.get() == address)
}

/// Whether a wait that left `waker` with the reactor at `address` is sure to be looked after by
/// this thread: it holds the reactor's core, and the waker is that of the poll it is in, so that it
/// goes on to turn when that poll returns.
pub(crate) fn will_turn(address: usize, waker: &Waker) -> bool {
    HERE.with(|here| here.polling.get() == waker.data() && here.reactor.get() == address)
}

/// Whether this thread holds a core of the runtime at `owner` and polls one of its tasks, with that
/// task's own waker.
pub(crate) fn polls_for(owner: usize, waker: &Waker) -> bool {
    polls_with(waker) && HERE.with(|here| here.runtime.get() == owner && here.reactor.get() != 0)
}

/// Whether `waker` is that of the poll of ours which is under way.
pub(crate) fn polls_with(waker: &Waker) -> bool {
    HERE.with(|here| here.polling.get() == waker.data())
}

/// Calls `polls`, which polls one task after the other, and puts back what was there before.
#[inline]
pub(crate) fn between_polls<T>(polls: impl FnOnce() -> T) -> T {
    let (polling, budget, task) =
        HERE.with(|here| (here.polling.get(), here.budget.get(), here.task.get()));
    let _restore = Finally(|| {
        HERE.with(|here| {
            here.polling.set(polling);
            here.budget.set(budget);
            here.task.set(task);
        });
    });
    polls()
}

/// Calls `run` within [`between_polls`], after `change`.
#[inline]
fn changed<T>(change: impl FnOnce(&Here), run: impl FnOnce() -> T) -> T {
    between_polls(|| {
        HERE.with(change);
        run()
    })
}

/// The poll that is under way gives way to others. The task that it is of wakes itself, and runs
/// again after the others and after a look at the reactor.
pub(crate) fn give_way(cx: &TaskContext<'_>) {
    HERE.with(|here| here.yielded.set(here.polling.get()));
    cx.waker().wake_by_ref();
}

/// Whether the last poll of ours has [given way](give_way). Tells it once.
pub(crate) fn take_yield() -> bool {
    HERE.with(|here| {
        let yielded = here.yielded.replace(ptr::null());
        !yielded.is_null() && yielded == here.polling.get()
    })
}

/// Whether a poll of ours is under way on this thread.
pub(crate) fn is_polling() -> bool {
    HERE.with(|here| !here.polling.get().is_null())
}

/// Calls `job`, which may block, as code outside of every poll.
pub(crate) fn outside_polls<T>(job: impl FnOnce() -> T) -> T {
    let change = |here: &Here| {
        here.polling.set(ptr::null());
        here.budget.set(Budget::unlimited());
    };
    changed(change, job)
}

/// Polls `future` within [`between_polls`] as a poll of ours: with a fresh budget, and known by its
/// waker.
#[inline]
pub(crate) fn poll_next<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut TaskContext<'_>,
    budget: Budget,
) -> Poll<F::Output> {
    HERE.with(|here| {
        here.polling.set(cx.waker().data());
        here.budget.set(budget);
    });
    future.poll(cx)
}

/// The task that is being polled or dropped on this thread.
pub(crate) fn task() -> Option<Id> {
    HERE.with(|here| here.task.get())
}

/// Calls `poll`, a part of the poll that is under way, with a budget of its own.
#[inline]
pub(crate) fn with_budget_of<T>(budget: Budget, poll: impl FnOnce() -> T) -> T {
    changed(|here| here.budget.set(budget), poll)
}

/// Calls `polls`, which polls tasks of a set one after the other by [`poll_within`]. It is a part
/// of the poll of a future with `waker`.
pub(crate) fn polls_within<T>(waker: &Waker, polls: impl FnOnce() -> T) -> T {
    let change = |here: &Here| {
        let polling = here.polling.get();
        if !polling.is_null() && polling != waker.data() {
            // The poll of ours is further down the stack, and may be waiting for this one.
            here.polling.set(here.nobody());
        }
    };
    changed(change, polls)
}

/// Calls `run`, which drops something of a task.
pub(crate) fn within_task<T>(task: Id, run: impl FnOnce() -> T) -> T {
    changed(|here| here.task.set(Some(task)), run)
}

/// Polls a task of a set, with a fresh budget. It is known by its waker if the poll of its set was.
pub(crate) fn poll_within<F: Future>(
    task: Id,
    future: Pin<&mut F>,
    cx: &mut TaskContext<'_>,
) -> Poll<F::Output> {
    HERE.with(|here| {
        if !here.polling.get().is_null() && here.polling.get() != here.nobody() {
            here.polling.set(cx.waker().data());
        }
        here.budget.set(Budget::limited(Budget::OF_A_POLL));
        here.task.set(Some(task));
    });
    future.poll(cx)
}

/// Calls `change` with the budget of the poll that is under way.
pub(crate) fn with_budget<T>(change: impl FnOnce(&Cell<Budget>) -> T) -> T {
    HERE.with(|here| change(&here.budget))
}

/// Numbers this thread; no other of the process has or had the same number.
#[inline]
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    HERE.with(|here| {
        if here.thread.get() == 0 {
            here.thread.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        here.thread.get()
    })
}

/// Whether the runtime that this thread is in has several cores, which look after each other.
pub(crate) fn has_siblings() -> bool {
    with_current(|context| context.runtime.reactors.len() > 1).unwrap_or(false)
}

/// The reactor that timers made on this thread stay with: that of the runtime that the thread is
/// in, if the runtime has a clock of its own.
pub(crate) fn timekeeper() -> Option<Arc<reactor::ReactorInner>> {
    with_current(|context| match context.runtime.clock {
        Clock::System => None,
        // Only a runtime with one core has such a clock.
        Clock::Pausable(_) | Clock::Simulated(_) => Some(context.runtime.reactors[0].clone()),
    })
    .flatten()
}

/// The clock of the runtime that this thread is in, or the system's.
pub(crate) fn clock() -> Clock {
    with_current(|context| context.runtime.clock.clone()).unwrap_or(Clock::System)
}

/// The simulated host that sockets made here belong to.
pub(crate) fn host() -> Option<Arc<SimHost>> {
    with_current(|context| context.runtime.engine.host().cloned()).flatten()
}

/// The simulated world that this thread is in.
#[inline]
pub(crate) fn world() -> Option<World> {
    let of_thread = || WORLD.try_with(|world| world.borrow().clone()).ok().flatten();
    if !WORLDS.load(Ordering::Relaxed) || HERE.with(|here| here.in_no_world.get()) {
        return None;
    }
    let world = |host: &Arc<SimHost>| host.host().world().clone();
    with_current(|context| context.runtime.engine.host().map(world)).unwrap_or_else(of_thread)
}

/// Calls `call` on a thread that is in `world` while it is in no context.
pub(crate) fn in_world<T>(world: &World, call: impl FnOnce() -> T) -> T {
    WORLDS.store(true, Ordering::Relaxed);
    let mut before = WORLD.replace(Some(world.clone()));
    let _restore = Finally(|| drop(WORLD.replace(before.take())));
    call()
}

/// Calls `call` on a thread that is in no world, so that std's clock is the system's.
pub(crate) fn in_no_world<T>(call: impl FnOnce() -> T) -> T {
    let before = HERE.with(|here| here.in_no_world.replace(true));
    let _restore = Finally(|| HERE.with(|here| here.in_no_world.set(before)));
    call()
}

/// Calls `with` with the spare receive buffers of this thread, unless its locals are gone.
#[inline]
pub(crate) fn with_spare_buffers<T>(with: impl FnOnce(&SpareBuffers) -> T) -> Option<T> {
    SPARE_BUFFERS.try_with(with).ok()
}
