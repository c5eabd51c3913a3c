//! `block_on`: running a future on the calling thread, with a core or without.
//!
//! * On a **current-thread** runtime the caller takes the core and runs its tasks along with the
//!   future. Only one can; others wait for it, and the one that leaves hands the core over.
//! * On a **multi-thread** runtime the workers run the tasks, and the caller just waits.
//! * **Within a task of the same current-thread runtime** the core is in use further up this very
//!   stack: the call turns the reactor and the timers, and runs no other task.
//! * **On a worker** the core first moves to another thread.

use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::context::{self, Context};
use super::handover::{CoreSlot, Passed};
use super::inner::{Flavor, RuntimeInner};
use super::nesting::{self, Blocked};
use crate::panics::Finally;
use crate::reactor;
use crate::reactor::watch::TurnedBy;
use crate::sync::Arc;
use crate::sync::plain::{AtomicBool, Ordering};

/// Wakes the future of a `block_on`.
pub(super) struct RootWaker {
    woken: AtomicBool,
    thread: Thread,
    /// The reactor that the thread may be parked in.
    reactor: Option<Arc<reactor::ReactorInner>>,
    /// Names the context of the `block_on`.
    context: usize,
}

impl RootWaker {
    fn new(context: &Context, reactor: Option<Arc<reactor::ReactorInner>>) -> Arc<Self> {
        let (thread, context) = (thread::current(), context.address());
        Arc::new(Self { woken: AtomicBool::new(true), thread, reactor, context })
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
        if context::is_in(self.context) {
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
pub(crate) fn block_on<F: Future>(shared: &Arc<RuntimeInner>, future: F) -> F::Output {
    let place = Location::caller();
    let future = pin!(future);
    if shared.is_from_before_fork() {
        panic!("block_on at {place}: {}", crate::task::FROM_BEFORE_FORK);
    }
    let _passed = Passed::here();
    let root = Root { future, place, blocked: Blocked::here(), yielded: false };
    shared.entries.within(|| match (nesting::holding(shared), &shared.flavor) {
        (Some(holder), _) => nested(&holder, root),
        (None, Flavor::CurrentThread(slot)) if !shared.is_local_elsewhere() => {
            beside_tasks(shared, slot, root)
        }
        _ => without_core(shared, root),
    })
}

/// What a `block_on` runs to its end.
struct Root<'a, F> {
    future: Pin<&'a mut F>,
    place: &'static Location<'static>,
    blocked: Blocked,
    /// Whether the last poll has given way to others.
    yielded: bool,
}

impl<F: Future> Root<'_, F> {
    /// Calls `polls` with the future, to poll it once or several times.
    fn around<T>(&mut self, polls: impl FnOnce(Pin<&mut F>) -> T) -> T {
        let Self { future, place, blocked, .. } = self;
        blocked.while_polling(place, || context::between_polls(|| polls(future.as_mut())))
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>, shared: &RuntimeInner) -> Poll<F::Output> {
        let (polled, yielded) = self.around(|future| {
            (context::poll_next(future, cx, shared.config.budget), context::take_yield())
        });
        self.yielded = yielded;
        polled
    }
}

/// Gives the core back, also when the future panics.
struct Leave<'a>(&'a CoreSlot, &'a Context);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        match self.1.take_core() {
            Some(mut core) => {
                core.end_work();
                self.0.give(core);
            }
            None => self.0.leave(&thread::current()),
        }
        // The runtime may have been shut down, which found no core to drop the tasks from.
        if self.1.runtime.tasks.is_closed() {
            self.1.runtime.drop_tasks();
        }
    }
}

/// Runs the future on a thread that runs no tasks: polls it whenever it is woken.
fn without_core<F: Future>(shared: &Arc<RuntimeInner>, mut root: Root<'_, F>) -> F::Output {
    let context = Context::enter_new(shared.clone(), None);
    let wake = RootWaker::new(&context, None);
    let waker = Waker::from(wake.clone());
    let mut cx = TaskContext::from_waker(&waker);
    root.around(|mut future| {
        loop {
            if !wake.take_woken() {
                shared.check_fork();
                thread::park();
            } else if let Poll::Ready(output) =
                context::poll_next(future.as_mut(), &mut cx, shared.config.budget)
            {
                return output;
            }
        }
    })
}

/// Runs the future beside the tasks of the runtime. This thread runs them too while it holds the
/// core in `slot`; else others do.
fn beside_tasks<F: Future>(
    shared: &Arc<RuntimeInner>,
    slot: &CoreSlot,
    mut root: Root<'_, F>,
) -> F::Output {
    let _noted = shared.engine.is_simulated().then(|| {
        shared.reactors[0].driver.note_thread();
        *shared.root.lock() = Some(root.place);
        Finally(|| *shared.root.lock() = None)
    });
    let context = Context::enter_new(shared.clone(), None);
    let _leave = Leave(slot, &context);
    let wake = RootWaker::new(&context, Some(shared.reactors[0].clone()));
    let waker = Waker::from(wake.clone());
    let mut cx = TaskContext::from_waker(&waker);
    let thread = thread::current();
    let (mut holds_core, mut rounds) = (false, 0);
    loop {
        // 1. Take the core, if no other thread holds it.
        if !holds_core && let Some(mut core) = slot.take_or_wait(&thread) {
            core.reactor.set_turned_by(TurnedBy::CoreHolder);
            core.begin_work(shared);
            context.give_core(core);
            holds_core = true;
        }
        // 2. Poll the future, while the core lies in the context.
        if wake.take_woken() {
            if holds_core {
                shared.reactors[0].set_polled(0);
            }
            if let Poll::Ready(output) = root.poll(&mut cx, shared) {
                return output;
            }
        }
        let Some(core) = context.take() else {
            // The thread that holds the core runs the tasks.
            if !wake.is_woken() {
                shared.check_fork();
                thread::park();
            }
            continue;
        };
        // 3. Poll tasks.
        let batch = context::between_polls(|| core.run_batch(&context));
        let Some((core, more)) = batch else { continue };
        rounds += 1;
        // 4. Turn the reactor, and wait there if there is nothing to do. A future that wakes itself
        //    all the time must not keep the reactor from its turn, and one that yields asks for it.
        if more || root.yielded || !wake.is_woken() || rounds >= shared.config.turn_interval {
            rounds = 0;
            let turned = core.wait(&context, |core| wake.is_woken() || core.has_task(shared));
            turned.into_iter().for_each(|core| context.put(core));
        } else {
            context.put(core);
        }
    }
}

/// Runs the future in a task of a current-thread runtime, while that task keeps all others from
/// running.
fn nested<F: Future>(holder: &Context, mut root: Root<'_, F>) -> F::Output {
    let context = Context::enter_sharing(holder);
    let runtime = &context.runtime;
    let reactor = holder.with_core(|core| core.reactor.clone());
    let wake = RootWaker::new(&context, reactor);
    let waker = Waker::from(wake.clone());
    let mut cx = TaskContext::from_waker(&waker);
    loop {
        if wake.take_woken()
            && let Poll::Ready(output) = root.poll(&mut cx, runtime)
        {
            return output;
        }
        // The core lies in the holder's context, since its task is being polled.
        match holder.take() {
            Some(core) => {
                let turned = core.wait(holder, |_| wake.is_woken());
                turned.into_iter().for_each(|core| holder.put(core));
            }
            None if !wake.is_woken() => thread::park(),
            None => {}
        }
    }
}
