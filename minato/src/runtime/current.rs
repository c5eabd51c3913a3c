//! `block_on`: running a future on the calling thread, with a core or without.
//!
//! * On a **current-thread** runtime the caller takes the core and runs its tasks along with the
//!   future. Only one can; others wait for it, and the one that leaves hands the core over.
//! * On a **multi-thread** runtime the workers run the tasks, and the caller just waits.
//! * **Within a task of the same current-thread runtime** the core is in use further up this very
//!   stack: the call turns the reactor and the timers, and runs no other task.
//! * **On a worker** the core first moves to another thread.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::context::{self, Kept, Seat};
use super::handover::CoreSlot;
use super::picker::Picker;
use super::shared::{Flavor, Shared};
use super::spin::Spin;
use super::worker::POLLS_PER_LOOK;
use crate::reactor;
use crate::reactor::shared::Keeper;
use crate::task::Runnable;
use crate::time::clock::real_now;

/// Wakes the future of a `block_on`.
pub(super) struct RootWaker {
    woken: AtomicBool,
    thread: Thread,
    /// The reactor that the thread may be parked in.
    reactor: Option<Arc<reactor::Shared>>,
    /// Names the seat of the `block_on`.
    seat: usize,
}

impl RootWaker {
    fn new(seat: &Seat, reactor: Option<Arc<reactor::Shared>>) -> Arc<Self> {
        let (thread, seat) = (thread::current(), seat.address());
        Arc::new(Self { woken: AtomicBool::new(true), thread, reactor, seat })
    }

    /// Whether the future was woken since the last call.
    fn take_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed) && self.woken.swap(false, Ordering::AcqRel)
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.woken.swap(true, Ordering::AcqRel) {
            return;
        }
        // The thread itself will look at the flag before it parks.
        if context::is_seated_at(self.seat) {
            return;
        }
        if let Some(reactor) = &self.reactor {
            reactor.unpark();
        }
        self.thread.unpark();
    }
}

/// Runs `future` to its end on this thread.
#[track_caller]
pub(crate) fn block_on<F: Future>(shared: &Arc<Shared>, future: F) -> F::Output {
    let place = Location::caller();
    let future = pin!(future);
    if shared.is_from_before_fork() {
        panic!("block_on at {place}: {}", crate::task::FROM_BEFORE_FORK);
    }
    let _passed = context::hand_cores_over();
    let root = Root { future, place, kept: Kept::here() };
    if let Some(holder) = context::seat_holding(shared) {
        return nested(&holder, root);
    }
    match &shared.flavor {
        Flavor::CurrentThread(slot) if !shared.is_local_elsewhere() => on_core(shared, slot, root),
        _ => beside(shared, root),
    }
}

/// What a `block_on` runs to its end.
struct Root<'a, F> {
    future: Pin<&'a mut F>,
    place: &'static Location<'static>,
    kept: Kept,
}

impl<F: Future> Root<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>, shared: &Shared) -> Poll<F::Output> {
        let Self { future, place, kept } = self;
        kept.while_polling(place, || context::poll(future.as_mut(), cx, shared.budget()))
    }
}

/// Runs the future while others run the tasks.
fn beside<F: Future>(shared: &Arc<Shared>, mut root: Root<'_, F>) -> F::Output {
    let seat = Seat::take(shared.clone(), None);
    let wake = RootWaker::new(&seat, None);
    let waker = Waker::from(wake.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if wake.take_woken() {
            if let Poll::Ready(output) = root.poll(&mut cx, shared) {
                return output;
            }
        } else {
            shared.check_fork();
            thread::park();
        }
    }
}

/// Runs the future along with the tasks of a current-thread runtime.
fn on_core<F: Future>(shared: &Arc<Shared>, slot: &CoreSlot, mut root: Root<'_, F>) -> F::Output {
    /// Gives the core back, also when the future panics.
    struct Leave<'a>(&'a CoreSlot, &'a Seat);

    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            match self.1.take_core() {
                Some(core) => self.0.give(core),
                None => self.0.leave(&thread::current()),
            }
            // The runtime may have been shut down, which found no core to drop the tasks from.
            if self.1.runtime.tasks().is_closed() {
                self.1.runtime.drop_tasks();
            }
        }
    }

    let seat = Seat::take(shared.clone(), None);
    let _leave = Leave(slot, &seat);
    let reactor = shared.reactors()[0].clone();
    let wake = RootWaker::new(&seat, Some(reactor.clone()));
    let waker = Waker::from(wake.clone());
    let mut cx = Context::from_waker(&waker);
    let thread = thread::current();
    let mut rounds = 0;
    loop {
        if seat.core.borrow().is_none()
            && let Some(core) = slot.take_or_wait(&thread)
        {
            reactor.set_keeper(Keeper::Core);
            reactor.rouse_monitor();
            seat.give_core(core);
        }
        if wake.take_woken()
            && let Poll::Ready(output) = root.poll(&mut cx, shared)
        {
            return output;
        }
        if seat.core.borrow().is_some() {
            let mut stepper = Stepper { shared, seat: &seat, reactor: &reactor };
            let more = context::between_polls(|| stepper.run_batch());
            rounds += 1;
            // A future that wakes itself all the time must not keep the reactor from its turn.
            if more || !wake.is_woken() || rounds >= POLLS_PER_LOOK {
                rounds = 0;
                stepper.wait(|| wake.is_woken() || stepper.has_task());
            }
        } else if !wake.is_woken() {
            shared.check_fork();
            thread::park();
        }
    }
}

/// Runs the future in a task of a current-thread runtime, while that task keeps all others from
/// running.
fn nested<F: Future>(holder: &Seat, mut root: Root<'_, F>) -> F::Output {
    let seat = Seat::share(holder);
    let reactor = &seat.runtime.reactors()[0];
    let wake = RootWaker::new(&seat, Some(reactor.clone()));
    let waker = Waker::from(wake.clone());
    let mut cx = Context::from_waker(&waker);
    let stepper = Stepper { shared: &seat.runtime, seat: holder, reactor };
    loop {
        if wake.take_woken()
            && let Poll::Ready(output) = root.poll(&mut cx, &seat.runtime)
        {
            return output;
        }
        stepper.wait(|| wake.is_woken());
    }
}

/// How far a step came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// A task was polled.
    Ran,
    /// No task is ready.
    Idle,
}

/// Runs a core step by step, on a thread that is seated with it.
pub(crate) struct Stepper<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) seat: &'a Seat,
    pub(crate) reactor: &'a Arc<reactor::Shared>,
}

impl Stepper<'_> {
    /// Polls the task that `picker` chooses.
    pub(crate) fn step(&mut self, picker: &mut dyn Picker) -> Progress {
        match self.pick(picker) {
            Some(runnable) => {
                context::between_polls(|| run_measured(self.shared, self.seat, runnable));
                Progress::Ran
            }
            None => Progress::Idle,
        }
    }

    /// Takes out the task that `picker` chooses. The picker is the user's code: it runs while the
    /// core is borrowed by nobody, so that it may spawn and wake tasks.
    fn pick(&mut self, picker: &mut dyn Picker) -> Option<Runnable> {
        let numbers = {
            let mut core = self.seat.core.borrow_mut();
            let core = core.as_deref_mut()?;
            while let Some(injected) = self.shared.injector.pop() {
                core.queue.push(injected);
            }
            core.queue.numbers()
        };
        let index = match numbers.len() {
            0 | 1 => 0,
            len => picker.pick(&numbers).min(len - 1),
        };
        self.seat.core.borrow_mut().as_deref_mut()?.queue.remove(index)
    }

    /// Polls the tasks that the core's picker chooses; says whether there may be more.
    fn run_picked(&mut self, picker: Box<dyn Picker>) -> bool {
        /// Gives the picker back to the core, also when it panics.
        struct GiveBack<'a>(Option<Box<dyn Picker>>, &'a Seat);

        impl Drop for GiveBack<'_> {
            fn drop(&mut self) {
                if let Some(core) = self.1.core.borrow_mut().as_deref_mut() {
                    core.picker = self.0.take();
                }
            }
        }

        let mut lent = GiveBack(Some(picker), self.seat);
        let Some(picker) = lent.0.as_deref_mut() else { return false };
        (0..POLLS_PER_LOOK).all(|_| self.step(picker) == Progress::Ran)
    }

    /// Polls tasks in order, until there are none or the reactor must be looked at; says whether
    /// there may be more.
    fn run_batch(&mut self) -> bool {
        let picker = self.seat.core.borrow_mut().as_deref_mut().and_then(|c| c.picker.take());
        if let Some(picker) = picker {
            return self.run_picked(picker);
        }
        if let Some(runnable) = self.shared.injector.pop() {
            run_measured(self.shared, self.seat, runnable);
        }
        let polled = self.run_unwoken();
        for _ in polled..POLLS_PER_LOOK {
            match self.next() {
                Some(runnable) => run_measured(self.shared, self.seat, runnable),
                None => return false,
            }
        }
        true
    }

    /// Wakes and polls the tasks that the last turn found, which come before all others; returns
    /// how many that were.
    fn run_unwoken(&mut self) -> u32 {
        let mut unwoken = match self.seat.core.borrow_mut().as_deref_mut() {
            Some(core) => core.queue.take_unwoken(),
            None => return 0,
        };
        let measured = self.shared.config.measure_polls;
        let mut polls = 0;
        while polls < POLLS_PER_LOOK
            && let Some(waker) = unwoken.pop()
        {
            polls += 1;
            if measured {
                measure(self.seat, || Runnable::wake_and_run(waker));
            } else {
                Runnable::wake_and_run(waker);
            }
        }
        if let Some(core) = self.seat.core.borrow_mut().as_deref_mut() {
            core.counters.polls.add(u64::from(polls));
            core.queue.put_back(unwoken);
        }
        polls
    }

    #[inline]
    fn next(&mut self) -> Option<Runnable> {
        let own = match self.seat.core.borrow_mut().as_deref_mut() {
            Some(core) => core.next_own(),
            None => None,
        };
        own.or_else(|| self.shared.injector.pop())
    }

    /// Whether a task is ready.
    pub(crate) fn has_task(&self) -> bool {
        !self.shared.injector.is_empty()
            || self.seat.core.borrow().as_deref().is_some_and(|core| !core.queue.is_empty())
    }

    /// Turns the reactor: without waiting if there is something to do.
    fn wait(&self, is_ready: impl Fn() -> bool) {
        if is_ready() {
            return self.turn(Some(Duration::ZERO));
        }
        if let Some(core) = self.seat.core.borrow().as_deref() {
            core.counters.parks.add(1);
        }
        let Some(clock) = self.shared.clock().paused() else { return self.sleep(is_ready) };
        // A stopped clock: whatever can happen without the passing of time happens first.
        self.turn(Some(Duration::ZERO));
        if is_ready() {
            return;
        }
        match self.reactor.timers().until_next() {
            Some(until) if clock.may_jump() => {
                clock.advance(until);
                self.turn(Some(Duration::ZERO));
            }
            // A blocking job holds the clock, or only an event can go on.
            _ => self.turn(None),
        }
    }

    /// Turns the reactor until something happens; looks for a while first if that pays.
    fn sleep(&self, is_ready: impl Fn() -> bool) {
        let mut spin = self.seat.core.borrow().as_deref().map_or_else(Spin::default, |c| c.spin);
        spin.before(
            self.shared.config.spin,
            || {
                self.turn(Some(Duration::ZERO));
                is_ready()
            },
            || self.turn(None),
        );
        if let Some(core) = self.seat.core.borrow_mut().as_deref_mut() {
            core.spin = spin;
        }
    }

    pub(crate) fn turn(&self, timeout: Option<Duration>) {
        let mut wakers = match self.seat.core.borrow_mut().as_deref_mut() {
            Some(core) => std::mem::take(&mut core.wakers),
            None => Vec::new(),
        };
        if let Err(error) = self.reactor.turn(&mut wakers, timeout) {
            stop(self.shared, &error);
        }
        if let Some(core) = self.seat.core.borrow_mut().as_deref_mut() {
            core.wakers = wakers;
        }
    }
}

/// Nothing can go on: says why, and who waits.
fn stop(shared: &Shared, error: &io::Error) -> ! {
    shared.check_fork();
    panic!("the runtime cannot go on: {error}; {}", shared.describe_tasks())
}

/// Polls a task, and measures it if the runtime was built to.
#[inline]
pub(super) fn run_measured(shared: &Shared, seat: &Seat, runnable: Runnable) {
    if !shared.config.measure_polls {
        return runnable.run();
    }
    measure(seat, || runnable.run());
}

#[cold]
fn measure(seat: &Seat, poll: impl FnOnce()) {
    let start = real_now();
    poll();
    if let Some(core) = seat.core.borrow().as_deref() {
        let took = real_now().saturating_duration_since(start);
        core.counters.longest_poll.raise_to(took.as_nanos().min(u128::from(u64::MAX)) as u64);
    }
}
