//! What a thread is doing for Minato: the one thread-local.
//!
//! A thread that runs a runtime, or has entered one, sits in a [`Seat`]. Seats nest: `block_on`
//! within `block_on` puts a new one on top and takes it off again. Everything that depends on
//! "here" asks this module.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};

use super::core::Core;
use super::handover::Passed;
use super::shared::Shared;
use crate::engine::SimHost;
use crate::reactor;
use crate::task::Runnable;
use crate::task::budget::Budget;
use crate::time::clock::Clock;

thread_local! {
    /// The seat that this thread is in.
    static SEAT: RefCell<Option<Rc<Seat>>> = const { RefCell::new(None) };

    /// What every poll asks, in plain words without a destructor, so that asking costs a load.
    static HERE: Here = const {
        Here {
            seat: Cell::new(0),
            runtime: Cell::new(0),
            reactor: Cell::new(0),
            polling: Cell::new(ptr::null()),
            budget: Cell::new(Budget::unlimited()),
            thread: Cell::new(0),
        }
    };
}

struct Here {
    /// The address of the seat, or 0.
    seat: Cell<usize>,
    /// The address of the runtime of the seat, or 0.
    runtime: Cell<usize>,
    /// The address of the reactor of the core that the seat holds, or 0.
    reactor: Cell<usize>,
    /// The data of the waker that the innermost poll of ours was given.
    polling: Cell<*const ()>,
    budget: Cell<Budget>,
    /// Numbers the thread; 0 until somebody asks.
    thread: Cell<usize>,
}

impl Here {
    /// Follows a change of the seat that this thread is in.
    fn follow(&self, seat: Option<&Rc<Seat>>) {
        self.seat.set(seat.map_or(0, |seat| seat.address()));
        self.runtime.set(seat.map_or(0, |seat| seat.runtime.address()));
        self.reactor.set(seat.map_or(0, |seat| seat.reactor.get()));
    }
}

/// A thread's place in a runtime.
pub(crate) struct Seat {
    pub(crate) runtime: Arc<Shared>,
    /// The core that this thread holds; others may have taken it over.
    pub(crate) core: RefCell<Option<Box<Core>>>,
    /// The address of the held core's reactor, or 0.
    reactor: Cell<usize>,
    /// Where a `block_on` within this seat was called that keeps its tasks from running, while the
    /// future of that call is polled.
    nested_at: Cell<Option<&'static Location<'static>>>,
    /// Whether the thread is here to run tasks or blocking jobs of the runtime, and nothing else.
    at_work: Cell<bool>,
    below: RefCell<Option<Rc<Seat>>>,
}

impl Seat {
    /// Seats this thread in `runtime`, with a core to hold or without.
    pub(crate) fn take(runtime: Arc<Shared>, core: Option<Box<Core>>) -> Seated {
        let seat = Self::new(runtime);
        if let Some(core) = core {
            seat.give_core(core);
        }
        seat.sit_down()
    }

    /// A seat that nobody sits in yet.
    pub(crate) fn new(runtime: Arc<Shared>) -> Rc<Self> {
        Rc::new(Seat {
            runtime,
            core: RefCell::new(None),
            reactor: Cell::new(0),
            nested_at: Cell::new(None),
            at_work: Cell::new(false),
            below: RefCell::new(None),
        })
    }

    /// Seats this thread here, on top of where it is.
    pub(crate) fn sit_down(self: Rc<Self>) -> Seated {
        let seat = self;
        // A thread whose locals are gone already has no seat; it can use sockets all the same.
        _ = SEAT.try_with(|top| {
            *seat.below.borrow_mut() = top.replace(Some(seat.clone()));
            HERE.with(|here| here.follow(Some(&seat)));
        });
        Seated { seat }
    }

    /// A seat for a `block_on` that shares the core of the seat `holder`, further down on the same
    /// thread: it turns that core's reactor.
    pub(crate) fn share(holder: &Self) -> Seated {
        let seat = Self::new(holder.runtime.clone());
        seat.reactor.set(holder.reactor.get());
        seat.sit_down()
    }

    /// Whoever sits here runs tasks or blocking jobs, and nothing else.
    pub(crate) fn set_at_work(&self) {
        self.at_work.set(true);
    }

    /// The address that names this seat.
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Gives this seat a core.
    pub(crate) fn give_core(&self, core: Box<Core>) {
        self.reactor.set(core.reactor.address());
        *self.core.borrow_mut() = Some(core);
        self.followed();
    }

    /// Takes the core away from this seat.
    pub(crate) fn take_core(&self) -> Option<Box<Core>> {
        self.reactor.set(0);
        self.followed();
        self.core.borrow_mut().take()
    }

    /// Has what this thread knows of its seat follow, if that is this one.
    fn followed(&self) {
        _ = SEAT.try_with(|top| {
            if let Ok(top) = top.try_borrow()
                && top.as_ref().is_some_and(|top| ptr::eq(&**top, self))
            {
                HERE.with(|here| here.follow(top.as_ref()));
            }
        });
    }
}

/// The seats of a thread that keep their cores while a `block_on` on top of them runs: their tasks
/// cannot run until that returns.
pub(crate) struct Kept(Vec<(Rc<Seat>, Option<&'static Location<'static>>)>);

impl Kept {
    /// Those of this thread, which is going to block.
    pub(crate) fn here() -> Self {
        let kept = seats().filter(|seat| seat.core.borrow().is_some());
        Self(kept.map(|seat| (seat.clone(), seat.nested_at.get())).collect())
    }

    /// Calls `poll`, which polls the future of the `block_on` at `place`.
    pub(crate) fn while_polling<T>(
        &self,
        place: &'static Location<'static>,
        poll: impl FnOnce() -> T,
    ) -> T {
        /// Puts things back, also when the future panics.
        struct Restore<'a>(&'a Kept);

        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.0.iter().for_each(|(seat, before)| seat.nested_at.set(*before));
            }
        }

        self.0.iter().for_each(|(seat, _)| seat.nested_at.set(Some(place)));
        let _restore = Restore(self);
        poll()
    }
}

/// Keeps a seat taken; dropping it gives the thread back what it was before.
pub(crate) struct Seated {
    seat: Rc<Seat>,
}

impl std::ops::Deref for Seated {
    type Target = Seat;

    fn deref(&self) -> &Seat {
        &self.seat
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        _ = SEAT.try_with(|top| {
            let below = self.seat.below.take();
            let mut top = top.borrow_mut();
            if top.as_ref().is_some_and(|top| Rc::ptr_eq(top, &self.seat)) {
                HERE.with(|here| here.follow(below.as_ref()));
                let own = std::mem::replace(&mut *top, below);
                drop(top);
                drop(own);
            } else {
                // Guards dropped out of order: take this seat out of the middle.
                let mut above = top.clone();
                while let Some(seat) = above {
                    let next = seat.below.borrow().clone();
                    if next.as_ref().is_some_and(|next| Rc::ptr_eq(next, &self.seat)) {
                        *seat.below.borrow_mut() = below;
                        break;
                    }
                    above = next;
                }
            }
        });
    }
}

/// Calls `with` with the seat of this thread, if it has one.
fn with_seat<T>(with: impl FnOnce(&Rc<Seat>) -> T) -> Option<T> {
    SEAT.try_with(|seat| seat.borrow().as_ref().map(with)).ok().flatten()
}

/// The seat of this thread.
pub(crate) fn seat() -> Option<Rc<Seat>> {
    with_seat(Rc::clone)
}

/// Whether `address` names the seat that this thread is in.
pub(crate) fn is_seated_at(address: usize) -> bool {
    HERE.with(|here| here.seat.get() == address)
}

/// The seats of this thread, from the one it is in downwards.
fn seats() -> impl Iterator<Item = Rc<Seat>> {
    std::iter::successors(seat(), |seat| seat.below.borrow().clone())
}

/// The seat in which this thread holds a core of `runtime`, however many lie on top of it.
pub(crate) fn seat_holding(runtime: &Shared) -> Option<Rc<Seat>> {
    seats().find(|seat| ptr::eq(&*seat.runtime, runtime) && seat.core.borrow().is_some())
}

/// Where a `block_on` was called whose future is being polled, and which keeps the tasks of
/// `runtime` from running on this thread.
pub(crate) fn nested_at(runtime: &Shared) -> Option<&'static Location<'static>> {
    if HERE.with(|here| here.seat.get() == 0) {
        return None;
    }
    seats().filter(|seat| ptr::eq(&*seat.runtime, runtime)).find_map(|seat| seat.nested_at.get())
}

/// Whether this thread runs a task or blocking job of `runtime` at this moment, as a worker or a
/// thread of its blocking pool.
pub(crate) fn is_at_work_for(runtime: &Shared) -> bool {
    seats().any(|seat| ptr::eq(&*seat.runtime, runtime) && seat.at_work.get())
}

/// Passes on every core of a multi-thread runtime that this thread holds, since it is going to
/// block. Dropping the result takes back those that no thread has taken yet.
pub(crate) fn hand_cores_over() -> Passed {
    Passed::from_seats(seats())
}

/// The runtime that this thread is in.
pub(crate) fn runtime() -> Option<Arc<Shared>> {
    with_seat(|seat| seat.runtime.clone())
}

/// Queues a woken task with the core that this thread holds of the runtime at `address`; gives it
/// back if it holds none.
#[inline]
pub(crate) fn queue_here(
    address: usize,
    runnable: Runnable,
    yielded: bool,
) -> Result<(), Runnable> {
    let holds_one = HERE.with(|here| here.runtime.get() == address && here.reactor.get() != 0);
    if !holds_one {
        return Err(runnable);
    }
    let mut left = Some(runnable);
    with_seat(|seat| {
        if let Some(core) = seat.core.borrow_mut().as_deref_mut()
            && let Some(runnable) = left.take()
        {
            seat.runtime.queue_with(core, runnable, yielded);
        }
    });
    left.map_or(Ok(()), Err)
}

/// Wakes the tasks of the runtime whose core this thread holds, all in one go, and leaves the other
/// wakers in `wakers`.
#[inline]
pub(crate) fn queue_woken_here(wakers: &mut Vec<Waker>) {
    if wakers.is_empty() || HERE.with(|here| here.reactor.get() == 0) {
        return;
    }
    with_seat(|seat| {
        if let Some(core) = seat.core.borrow_mut().as_deref_mut() {
            seat.runtime.queue_woken(core, wakers);
        }
    });
}

/// The reactor that a wait on this thread binds to: that of the held core, or of a core of the
/// runtime that the thread is in.
pub(crate) fn reactor() -> Option<Arc<reactor::Shared>> {
    with_seat(|seat| match &*seat.core.borrow() {
        Some(core) => core.reactor.clone(),
        None => seat.runtime.shared_reactor().clone(),
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

/// Polls `future` as a poll of ours: with a fresh budget, and known by its waker.
pub(crate) fn poll<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut TaskContext<'_>,
    budget: Budget,
) -> Poll<F::Output> {
    between_polls(|| poll_next(future, cx, budget))
}

/// Calls `polls`, which polls one task after the other, and puts back what was there before.
#[inline]
pub(crate) fn between_polls<T>(polls: impl FnOnce() -> T) -> T {
    /// Puts things back in the end, also by a panic.
    struct Restore(*const (), Budget);

    impl Drop for Restore {
        fn drop(&mut self) {
            HERE.with(|here| {
                here.polling.set(self.0);
                here.budget.set(self.1);
            });
        }
    }

    let _restore = HERE.with(|here| Restore(here.polling.get(), here.budget.get()));
    polls()
}

/// Like [`poll`], for the next one of [`between_polls`].
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
    with_seat(|seat| seat.runtime.reactors().len() > 1).unwrap_or(false)
}

/// The reactor that timers made on this thread stay with: that of the runtime that the thread is
/// in, if the runtime has a clock of its own.
pub(crate) fn timekeeper() -> Option<Arc<reactor::Shared>> {
    with_seat(|seat| match seat.runtime.clock() {
        Clock::System => None,
        // Only a runtime with one core has such a clock.
        Clock::Pausable(_) | Clock::Simulated(_) => Some(seat.runtime.reactors()[0].clone()),
    })
    .flatten()
}

/// The clock of the runtime that this thread is in, or the system's.
pub(crate) fn clock() -> Clock {
    with_seat(|seat| seat.runtime.clock().clone()).unwrap_or(Clock::System)
}

/// The simulated host that sockets made here belong to.
pub(crate) fn host() -> Option<Arc<SimHost>> {
    with_seat(|seat| seat.runtime.engine().host().cloned()).flatten()
}
