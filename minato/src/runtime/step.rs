//! The steps of a core: polling its tasks, turning its reactor, sleeping. A worker's loop,
//! `block_on` and a simulation are made of these.
//!
//! Each step takes the core by value and gives it back. While foreign code runs (polls, wakers,
//! pickers) the core lies in the thread's context, where that code finds it; see
//! [`Context::lend`]. Such code may pass the core on to another thread, because it blocks: then
//! the step returns `None`, and the loop has no core any more.

use std::io;
use std::mem;
use std::task::Waker;
use std::time::Duration;

use minato_sim::picker::Picker;

use super::context::{self, Context};
use super::core::Core;
use super::inner::{Flavor, RuntimeInner};
use super::report;
use crate::reactor::inner::wake_all;
use crate::task::Runnable;
use crate::task::threads::{Hook, call_hooks};
use crate::time::clock::{PausableClock, real_now};

/// How many tasks from other threads a core takes at a time.
const INJECTOR_BATCH: usize = 32;

impl Core {
    /// The next task of this core's own.
    #[inline]
    pub(super) fn next(&mut self, runtime: &RuntimeInner) -> Option<Runnable> {
        match &runtime.flavor {
            Flavor::CurrentThread(_) => self.queue.pop(),
            Flavor::MultiThread(pool) => pool.next_of(self),
        }
    }

    /// The same, or if there is none a task from other threads.
    #[inline]
    pub(super) fn next_or_injected(&mut self, runtime: &RuntimeInner) -> Option<Runnable> {
        self.next(runtime)
            .or_else(|| runtime.injector.pop_batch(INJECTOR_BATCH, |rest| self.queue.push(rest)))
    }

    /// Polls a task, and measures the poll if the runtime was built to.
    #[inline]
    pub(super) fn run(self: Box<Self>, context: &Context, runnable: Runnable) -> Option<Box<Self>> {
        self.reactor.counters.polls.add(1);
        self.reactor.set_polled(runnable.address());
        if context.runtime.config.measure_polls {
            return self.measure(context, || runnable.run());
        }
        context.lend(self, || runnable.run()).0
    }

    #[cold]
    fn measure(self: Box<Self>, context: &Context, poll: impl FnOnce()) -> Option<Box<Self>> {
        let start = real_now();
        let core = context.lend(self, poll).0?;
        let took = real_now().saturating_duration_since(start);
        core.reactor.counters.longest_poll.raise_to(nanos(took));
        Some(core)
    }

    /// Turns the reactor once, until `timeout` at most, and wakes those who waited for what
    /// happened.
    pub(crate) fn turn(
        mut self: Box<Self>,
        context: &Context,
        timeout: Option<Duration>,
    ) -> Option<Box<Self>> {
        let runtime = &*context.runtime;
        // 1. Wait for events, and collect the wakers of those who wait for them.
        let mut wakers = mem::take(&mut self.wakers);
        let turned = self.reactor.collect(&mut wakers, timeout);
        if let Flavor::MultiThread(pool) = &runtime.flavor {
            pool.has_turned(self.index);
        }
        // 2. Queue the runtime's own tasks, which runs no foreign code.
        if !wakers.is_empty() {
            self.queue_woken(runtime, &mut wakers);
        }
        // 3. Those that have yielded come after them.
        if self.queue.has_yielded() {
            self.queue.end_yields();
        }
        self.reactor.counters.queue_depth.set(self.queue.len() as u64);
        // 4. Call the other wakers.
        if !wakers.is_empty() || turned.is_err() {
            return self.finish_turn(context, wakers, turned);
        }
        self.wakers = wakers;
        self.call_for_help(runtime);
        Some(self)
    }

    #[cold]
    fn finish_turn(
        self: Box<Self>,
        context: &Context,
        mut wakers: Vec<Waker>,
        turned: io::Result<()>,
    ) -> Option<Box<Self>> {
        let reactor = self.reactor.clone();
        let (core, ()) = context.lend(self, || {
            wake_all(&mut wakers);
            let Err(error) = turned else { return };
            if let Flavor::CurrentThread(_) = &context.runtime.flavor {
                cannot_go_on(&context.runtime, &error);
            }
            // Sockets and timers move to other reactors; from now on the turns only park.
            report(&format!("a reactor of the runtime cannot wait, and ends: {error}"));
            reactor.end();
        });
        let mut core = core?;
        core.wakers = wakers;
        core.call_for_help(&context.runtime);
        Some(core)
    }

    /// Wakes those of `wakers` that are of this runtime's tasks, into the core; leaves the others.
    pub(super) fn queue_woken(&mut self, runtime: &RuntimeInner, wakers: &mut Vec<Waker>) {
        // On a worker the last one takes the LIFO slot, as if each had been woken by itself.
        let last = match &runtime.flavor {
            Flavor::CurrentThread(_) => None,
            Flavor::MultiThread(pool) => {
                pool.wake_last(runtime.address(), wakers).map(|last| (pool, last))
            }
        };
        let woken = self.queue.push_woken(runtime.address(), wakers);
        self.reactor.counters.wakes.add(woken + u64::from(last.is_some()));
        if let Some((pool, runnable)) = last {
            pool.queue_with(self, runnable, false);
        }
    }

    fn call_for_help(&self, runtime: &RuntimeInner) {
        if let Flavor::MultiThread(pool) = &runtime.flavor {
            pool.call_for_help(self);
        }
    }

    /// The thread that holds the core is about to park: counts that, and calls what the user wants
    /// to be called.
    #[inline]
    pub(super) fn begin_park(mut self: Box<Self>, context: &Context) -> Option<Box<Self>> {
        self.reactor.counters.parks.add(1);
        self.reactor.counters.queue_depth.set(0);
        if !mem::replace(&mut self.parked, true) {
            self.reactor.counters.parks_and_unparks.add(1);
        }
        self.intervals.rest();
        if !context.runtime.observes_parks() {
            return Some(self);
        }
        self.end_work();
        self.call_hooks(context, &context.runtime.config.on_park)
    }

    /// The thread has been parked.
    #[inline]
    pub(super) fn end_park(mut self: Box<Self>, context: &Context) -> Option<Box<Self>> {
        if !context.runtime.observes_parks() {
            return Some(self);
        }
        self.begin_work(&context.runtime);
        self.call_hooks(context, &context.runtime.config.on_unpark)
    }

    #[cold]
    fn call_hooks(self: Box<Self>, context: &Context, hooks: &[Hook]) -> Option<Box<Self>> {
        context.lend(self, || call_hooks(hooks)).0
    }

    /// The thread that has been parked has something to do.
    #[inline]
    pub(super) fn is_unparked(&mut self) {
        if mem::take(&mut self.parked) {
            self.reactor.counters.parks_and_unparks.add(1);
        }
    }

    /// The holder begins to work: from now on it is busy. In a simulation no time passes meanwhile.
    pub(super) fn begin_work(&mut self, runtime: &RuntimeInner) {
        if runtime.observes_parks() && !runtime.engine.is_simulated() {
            self.busy_since.get_or_insert_with(real_now);
        }
    }

    /// The holder stops working: the time since it began counts.
    pub(super) fn end_work(&mut self) {
        if let Some(since) = self.busy_since.take() {
            let busy = real_now().saturating_duration_since(since);
            self.reactor.counters.busy.add(nanos(busy));
        }
    }

    /// Counts the time so far, of a holder that does not park.
    #[inline]
    pub(super) fn go_on_working(&mut self, runtime: &RuntimeInner) {
        if runtime.observes_parks() {
            self.end_work();
            self.begin_work(runtime);
        }
    }

    /// Turns the reactor until something happens or `timeout` has passed.
    ///
    /// If the runtime was built to spin, it first turns without waiting for a while, until
    /// `is_ready`: to sleep and be woken costs more than a whole request when little is going on.
    /// But to spin in vain burns a processor. So it spins only while that pays, which each sleep
    /// shows: one shorter than the window turns spinning on, a longer one turns it off.
    pub(super) fn sleep(
        self: Box<Self>,
        context: &Context,
        timeout: Option<Duration>,
        is_ready: impl Fn(&mut Self) -> bool,
    ) -> Option<Box<Self>> {
        let window = context.runtime.config.spin;
        if window.is_zero() {
            return self.turn(context, timeout);
        }
        let mut core = self;
        if core.spin_pays {
            let start = real_now();
            while real_now().saturating_duration_since(start) < window {
                core = core.turn(context, Some(Duration::ZERO))?;
                if is_ready(&mut core) {
                    return Some(core);
                }
                std::hint::spin_loop();
            }
        }
        let start = real_now();
        core = core.turn(context, timeout)?;
        core.spin_pays = real_now().saturating_duration_since(start) < window;
        Some(core)
    }
}

/// The steps of a core that shares its tasks with no other.
impl Core {
    /// Whether a task is ready.
    pub(crate) fn has_task(&self, runtime: &RuntimeInner) -> bool {
        !self.queue.is_empty() || !runtime.injector.is_empty()
    }

    /// Turns the reactor: without waiting if something `is_ready`, else until something happens.
    pub(super) fn wait(
        self: Box<Self>,
        context: &Context,
        is_ready: impl Fn(&mut Self) -> bool,
    ) -> Option<Box<Self>> {
        let mut core = self;
        if is_ready(&mut core) {
            core.go_on_working(&context.runtime);
            return core.turn(context, Some(Duration::ZERO));
        }
        core = core.begin_park(context)?;
        core = match context.runtime.clock.paused() {
            // What is called at a park may have given it something to do.
            _ if context.runtime.observes_parks() && is_ready(&mut core) => {
                core.turn(context, Some(Duration::ZERO))
            }
            None => core.sleep(context, None, is_ready),
            Some(clock) => core.wait_with_stopped_clock(context, clock, is_ready),
        }?;
        core.is_unparked();
        core.end_park(context)
    }

    #[cold]
    fn wait_with_stopped_clock(
        self: Box<Self>,
        context: &Context,
        clock: &PausableClock,
        is_ready: impl Fn(&mut Self) -> bool,
    ) -> Option<Box<Self>> {
        // What can happen without the passing of time happens first.
        let mut core = self.turn(context, Some(Duration::ZERO))?;
        if is_ready(&mut core) {
            return Some(core);
        }
        match core.reactor.timers.until_next() {
            Some(until) if clock.may_jump() => {
                clock.advance(until);
                core.turn(context, Some(Duration::ZERO))
            }
            // A blocking job holds the clock, or nothing but an event can go on.
            _ => core.turn(context, None),
        }
    }

    /// Polls tasks in order, until there are none or the reactor must be turned; says whether there
    /// may be more.
    pub(super) fn run_batch(self: Box<Self>, context: &Context) -> Option<(Box<Self>, bool)> {
        let runtime = &context.runtime;
        if let Some(picker) = self.picker.clone() {
            return self.run_picked(context, &mut **picker.lock());
        }
        let mut left = self.intervals.turn_interval;
        let mut core = self;
        while left > 0 {
            // 1. One task that came from another thread, so that a busy core gets to those, too.
            let (polls, is_injector_due) = core.intervals.next_polls(left);
            left -= polls;
            if is_injector_due && let Some(runnable) = runtime.injector.pop() {
                core = core.run(context, runnable)?;
            }
            // 2. The tasks that the last turn found, which come before all others.
            let polled;
            (core, polled) = core.run_woken(context, polls)?;
            // 3. Those in the queue, and when it is empty those from other threads.
            for _ in polled..polls {
                match core.next_or_injected(runtime) {
                    Some(runnable) => core = core.run(context, runnable)?,
                    None => return Some((core, false)),
                }
            }
        }
        Some((core, true))
    }

    /// Wakes and polls up to `limit` of the tasks whose wakers the last turn left; returns how many
    /// that were.
    fn run_woken(mut self: Box<Self>, context: &Context, limit: u32) -> Option<(Box<Self>, u32)> {
        let mut wakers = self.queue.take_woken_wakers();
        let polls = wakers.len().min(limit as usize);
        if polls == 0 {
            return Some((self, 0));
        }
        let mut core = self;
        if context.runtime.config.measure_polls {
            for waker in wakers.drain(..polls) {
                core.reactor.set_polled(waker.data().addr());
                core = core.measure(context, || Runnable::wake_and_run(waker))?;
            }
        } else {
            let reactor = &*context.runtime.reactors[core.index];
            let (lent, ()) = context.lend(core, || {
                for waker in wakers.drain(..polls) {
                    reactor.set_polled(waker.data().addr());
                    Runnable::wake_and_run(waker);
                }
            });
            core = lent?;
        }
        core.reactor.counters.polls.add(polls as u64);
        core.queue.put_back(wakers);
        Some((core, polls as u32))
    }

    /// Polls the tasks that the core's picker chooses; says whether there may be more.
    fn run_picked(
        self: Box<Self>,
        context: &Context,
        picker: &mut dyn Picker,
    ) -> Option<(Box<Self>, bool)> {
        let mut core = self;
        for _ in 0..core.intervals.turn_interval {
            let polled;
            (core, polled) = core.step(context, picker)?;
            if !polled {
                return Some((core, false));
            }
        }
        Some((core, true))
    }

    /// Polls the task that `picker` chooses; says whether there was one.
    pub(crate) fn step(
        self: Box<Self>,
        context: &Context,
        picker: &mut dyn Picker,
    ) -> Option<(Box<Self>, bool)> {
        let (core, runnable) = self.pick(context, picker)?;
        let Some(runnable) = runnable else { return Some((core, false)) };
        let reactor = &*context.runtime.reactors[core.index];
        let before = reactor.polled();
        let core = context::between_polls(|| core.run(context, runnable));
        reactor.set_polled(before);
        Some((core?, true))
    }

    /// Takes out the task that `picker` chooses, which may spawn and wake tasks meanwhile.
    fn pick(
        mut self: Box<Self>,
        context: &Context,
        picker: &mut dyn Picker,
    ) -> Option<(Box<Self>, Option<Runnable>)> {
        while let Some(injected) = context.runtime.injector.pop() {
            self.queue.push(injected);
        }
        if self.queue.len() < 2 {
            let runnable = self.queue.pop();
            return Some((self, runnable));
        }
        let numbers = self.queue.numbers();
        let (mut core, index) = match numbers.len() {
            0 | 1 => (self, 0),
            len => {
                let (core, index) = context.lend(self, || picker.pick(&numbers));
                (core?, index.min(len - 1))
            }
        };
        let runnable = core.queue.remove(index);
        Some((core, runnable))
    }
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().min(u128::from(u64::MAX)) as u64
}

/// Ends a `block_on` whose reactor fails: says why, and which tasks wait.
fn cannot_go_on(runtime: &RuntimeInner, error: &io::Error) -> ! {
    runtime.check_fork();
    panic!("the runtime cannot go on: {error}; {}", runtime.describe_tasks())
}

#[cfg(test)]
mod tests {
    use super::super::context::Entered;
    use super::super::{Builder, Runtime};
    use super::*;

    use std::cell::Cell;

    /// A core in the hands of this thread, whose runtime spins for `window`.
    fn core_that_spins(window: Duration) -> (Runtime, Entered, Box<Core>) {
        let runtime = Builder::new_current_thread().spin(window).build().unwrap();
        let Flavor::CurrentThread(slot) = &runtime.handle.shared.flavor else { unreachable!() };
        let core = slot.take().unwrap();
        let context = Context::enter_new(runtime.handle.shared.clone(), None);
        (runtime, context, core)
    }

    #[test]
    fn a_short_sleep_turns_spinning_on_and_a_long_one_off() {
        let (_runtime, context, core) = core_that_spins(Duration::from_secs(60));
        let core = core.sleep(&context, Some(Duration::ZERO), |_| panic!("off at first")).unwrap();
        assert!(core.spin_pays);
        let looks = Cell::new(0);
        let third = |_: &mut Core| {
            looks.set(looks.get() + 1);
            looks.get() == 3
        };
        // Without a timeout: a sleep would not end.
        core.sleep(&context, None, third).unwrap();
        assert_eq!(looks.get(), 3);

        let window = Duration::from_micros(50);
        let (_runtime, context, mut core) = core_that_spins(window);
        core.spin_pays = true;
        let core = core.sleep(&context, Some(window * 100), |_| false).unwrap();
        core.sleep(&context, Some(Duration::ZERO), |_| panic!("off after a long sleep")).unwrap();
    }

    #[test]
    fn without_a_window_to_spin_it_only_sleeps() {
        let (_runtime, context, mut core) = core_that_spins(Duration::ZERO);
        core.spin_pays = true;
        core.sleep(&context, Some(Duration::ZERO), |_| panic!("there is no window")).unwrap();
    }
}
