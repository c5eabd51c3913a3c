//! Every step of the state, and every order of all steps.

use std::collections::HashSet;
use std::sync::atomic::AtomicUsize;

use super::super::state::{
    ABORTED, Action, COMPLETE, Completed, JOINER, REFERENCE, RUNNING, SCHEDULED, Start, State,
    WakeOutcome,
};

const ONE: usize = REFERENCE;

/// Makes a step from `before`; what is left, and what the step returned.
fn step<T>(before: usize, step: impl FnOnce(&State) -> T) -> (usize, T) {
    let state = State(AtomicUsize::new(before));
    let returned = step(&state);
    (state.0.into_inner(), returned)
}

#[test]
fn a_fresh_task_is_held_by_runnable_handle_and_one_reference() {
    assert_eq!(State::new().0.into_inner(), SCHEDULED | JOINER | ONE);
}

#[test]
fn a_wake_by_reference() {
    for (before, after, then) in [
        (ONE, SCHEDULED | ONE, Action::Submit),
        (SCHEDULED | ONE, SCHEDULED | ONE, Action::Nothing),
        (RUNNING | ONE, RUNNING | SCHEDULED | ONE, Action::Nothing),
        (RUNNING | SCHEDULED | ONE, RUNNING | SCHEDULED | ONE, Action::Nothing),
        (COMPLETE | ONE, COMPLETE | ONE, Action::Nothing),
        (COMPLETE | RUNNING | ONE, COMPLETE | RUNNING | ONE, Action::Nothing),
    ] {
        assert_eq!(step(before, State::wake_by_ref), (after, then), "{before:#b}");
    }
}

#[test]
fn a_wake_that_gives_its_reference_up() {
    for (before, after, then) in [
        (ONE, SCHEDULED, Action::Submit),
        (2 * ONE, SCHEDULED | ONE, Action::Submit),
        (SCHEDULED | ONE, SCHEDULED, Action::Nothing),
        (RUNNING | ONE, RUNNING | SCHEDULED, Action::Nothing),
        (COMPLETE | ONE, COMPLETE, Action::Last),
        (COMPLETE | JOINER | ONE, COMPLETE | JOINER, Action::Nothing),
        (COMPLETE | RUNNING | ONE, COMPLETE | RUNNING, Action::Nothing),
        (COMPLETE | ABORTED | ONE, COMPLETE | ABORTED, Action::Last),
    ] {
        assert_eq!(step(before, State::wake), (after, then), "{before:#b}");
    }
}

#[test]
fn an_abort_is_a_wake_that_leaves_a_mark() {
    for (before, after, then) in [
        (ONE, ABORTED | SCHEDULED | ONE, Action::Submit),
        (SCHEDULED | ONE, ABORTED | SCHEDULED | ONE, Action::Nothing),
        (RUNNING | ONE, ABORTED | RUNNING | SCHEDULED | ONE, Action::Nothing),
        (ABORTED | SCHEDULED | ONE, ABORTED | SCHEDULED | ONE, Action::Nothing),
        (COMPLETE | ONE, COMPLETE | ONE, Action::Nothing),
    ] {
        assert_eq!(step(before, State::abort), (after, then), "{before:#b}");
    }
}

#[test]
fn a_wake_that_leaves_a_complete_task_alone() {
    for (before, after, then) in [
        (ONE, SCHEDULED, Some(Action::Submit)),
        (SCHEDULED | ONE, SCHEDULED, Some(Action::Nothing)),
        (RUNNING | (2 * ONE), RUNNING | SCHEDULED | ONE, Some(Action::Nothing)),
        (COMPLETE | ONE, COMPLETE | ONE, None),
    ] {
        assert_eq!(step(before, State::wake_unless_complete), (after, then), "{before:#b}");
    }
}

#[test]
fn a_wake_that_starts_a_run_itself() {
    for (before, after, then) in [
        (ONE, RUNNING, WakeOutcome::Run),
        (JOINER | (2 * ONE), JOINER | RUNNING | ONE, WakeOutcome::Run),
        (SCHEDULED | ONE, SCHEDULED, WakeOutcome::Nothing),
        (SCHEDULED | ABORTED | ONE, SCHEDULED | ABORTED, WakeOutcome::Nothing),
        (RUNNING | ONE, RUNNING | SCHEDULED, WakeOutcome::Nothing),
        (COMPLETE | ONE, COMPLETE | ONE, WakeOutcome::Complete),
    ] {
        assert_eq!(step(before, State::wake_and_start), (after, then), "{before:#b}");
    }
}

#[test]
fn a_run_starts_and_pends() {
    assert_eq!(step(SCHEDULED | ONE, State::start), (RUNNING | ONE, false));
    let aborted = SCHEDULED | ABORTED | JOINER;
    assert_eq!(step(aborted, State::start), (RUNNING | ABORTED | JOINER, true));
    assert_eq!(step(RUNNING | ONE, State::pend), (ONE, Action::Nothing));
    assert_eq!(step(RUNNING | JOINER, State::pend), (JOINER, Action::Nothing));
    assert_eq!(step(RUNNING | SCHEDULED, State::pend), (SCHEDULED, Action::Submit));
    assert_eq!(step(RUNNING, State::pend), (0, Action::Last));
}

#[test]
fn a_run_completes_and_retires() {
    for (before, has_joiner, left, then) in [
        (RUNNING | ONE, false, COMPLETE, Action::Last),
        (RUNNING | (2 * ONE), false, COMPLETE | ONE, Action::Nothing),
        (RUNNING | SCHEDULED | ONE, false, COMPLETE, Action::Last),
        (RUNNING | JOINER | ONE, true, COMPLETE | JOINER, Action::Nothing),
        (RUNNING | JOINER | ABORTED | ONE, true, COMPLETE | JOINER | ABORTED, Action::Nothing),
    ] {
        let (complete, completed) = step(before, State::complete);
        assert_eq!(complete, before | COMPLETE);
        assert_eq!(completed.has_joiner(), has_joiner);
        assert_eq!(step(complete, |state| state.retire(completed, 1)), (left, then));
    }
    // A task that no registry knew.
    let (complete, completed) = step(RUNNING | JOINER | ONE, State::complete);
    let left = (COMPLETE | JOINER | ONE, Action::Nothing);
    assert_eq!(step(complete, |state| state.retire(completed, 0)), left);
}

#[test]
fn a_task_that_runs_alone_is_not_marked_while_it_runs() {
    for (before, after, then) in [
        (SCHEDULED | ONE, ONE, Start::Poll),
        (SCHEDULED | ABORTED | ONE, ABORTED | ONE, Start::Cancel),
        (SCHEDULED | COMPLETE, COMPLETE, Start::Complete(Action::Last)),
        (
            SCHEDULED | COMPLETE | ABORTED | ONE,
            COMPLETE | ABORTED | ONE,
            Start::Complete(Action::Nothing),
        ),
    ] {
        assert_eq!(step(before, State::start_alone), (after, then), "{before:#b}");
    }
    for (state, is_idle) in [
        (ONE, true),
        (JOINER | ONE, true),
        (SCHEDULED | ONE, false),
        (SCHEDULED | ABORTED | ONE, false),
        (COMPLETE | ONE, false),
    ] {
        assert_eq!(step(state, State::is_idle), (state, is_idle));
    }
    // Its runnable is in a queue, or in the hands of the run.
    for (has_runnable, left, then) in
        [(false, COMPLETE | SCHEDULED, Action::Nothing), (true, COMPLETE, Action::Last)]
    {
        let complete = |state: &State| state.complete_alone(has_runnable);
        let (complete, completed) = step(SCHEDULED | ONE, complete);
        assert_eq!(step(complete, |state| state.retire(completed, 1)), (left, then));
    }
}

#[test]
fn references_are_counted() {
    assert_eq!(step(JOINER, |state| state.add_reference()).0, JOINER | ONE);
    assert_eq!(step(JOINER | ONE, State::drop_reference), (JOINER, Action::Nothing));
    assert_eq!(step(SCHEDULED | ONE, State::drop_reference), (SCHEDULED, Action::Nothing));
    assert_eq!(step(2 * ONE, State::drop_reference), (ONE, Action::Nothing));
    assert_eq!(step(ONE, State::drop_reference), (0, Action::Last));
    assert_eq!(step(COMPLETE | ONE, State::drop_reference), (COMPLETE, Action::Last));
    assert_eq!(step(0, State::revive).0, SCHEDULED | ABORTED);
}

#[test]
fn the_join_handle_leaves() {
    assert_eq!(step(JOINER | ONE, State::leave), (ONE, Some(Action::Nothing)));
    assert_eq!(step(JOINER | RUNNING, State::leave), (RUNNING, Some(Action::Nothing)));
    assert_eq!(step(JOINER, State::leave), (0, Some(Action::Last)));
    assert_eq!(step(JOINER | COMPLETE, State::leave), (JOINER | COMPLETE, None));
    assert_eq!(step(JOINER | COMPLETE, State::leave_completed), (COMPLETE, Action::Last));
    let referred = JOINER | COMPLETE | ONE;
    assert_eq!(step(referred, State::leave_completed), (COMPLETE | ONE, Action::Nothing));
}

/// Notes the world that a change of a copy of this one leads to.
type Step<'a> = dyn FnMut(&dyn Fn(&mut World)) + 'a;

/// A task and everybody who has to do with it, each after any number of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct World {
    state: usize,
    /// How many runnables there are.
    runnables: u8,
    /// 0: not running, 1: in a poll, 2: complete but not retired.
    run: u8,
    completed: usize,
    wakers: u8,
    has_handle: bool,
    /// Of the output: 0 not there, 1 in the cell, 2 gone.
    output: u8,
    future: bool,
    freed: bool,
}

impl World {
    fn follow(&mut self, after: Action) {
        match after {
            Action::Nothing => {}
            Action::Submit => self.runnables += 1,
            Action::Last if self.state & COMPLETE != 0 => {
                assert!(!self.freed && !self.future && self.output != 1, "{self:?}");
                self.freed = true;
            }
            Action::Last => {
                assert!(self.future, "{self:?}");
                self.state = step(self.state, State::revive).0;
                self.runnables += 1;
            }
        }
    }

    fn make<T>(&mut self, make: impl FnOnce(&State) -> T) -> T {
        assert!(!self.freed, "used after it was freed: {self:?}");
        let (state, returned) = step(self.state, make);
        self.state = state;
        returned
    }

    fn complete(&mut self, has_output: bool) {
        self.future = false;
        let completed = self.make(State::complete);
        self.output = if has_output { 1 } else { 2 };
        if !completed.has_joiner() {
            self.output = 2;
        }
        (self.run, self.completed) = (2, completed.before);
    }

    /// Every world that one step of anybody leads to.
    fn next(self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut with = |change: &dyn Fn(&mut Self)| {
            let mut world = self;
            change(&mut world);
            all.push(world);
        };
        self.steps_of_runs(&mut with);
        self.steps_of_others(&mut with);
        all
    }

    /// What the owner of the runnable may do next.
    fn steps_of_runs(self, with: &mut Step<'_>) {
        if self.runnables > 0 {
            for cancels in [false, true] {
                with(&|world| {
                    world.runnables -= 1;
                    world.run = 1;
                    if world.make(State::start) || cancels {
                        world.complete(false);
                    }
                });
            }
        }
        if self.run == 1 {
            with(&|world| {
                world.run = 0;
                let after = world.make(State::pend);
                world.follow(after);
            });
            with(&|world| world.complete(true));
            if self.wakers < 2 {
                with(&|world| {
                    world.make(State::add_reference);
                    world.wakers += 1;
                });
            }
        }
        if self.run == 2 {
            with(&|world| {
                world.run = 0;
                let completed = Completed { before: world.completed };
                let after = world.make(|state| state.retire(completed, 0));
                world.follow(after);
            });
        }
    }

    /// What those who wake and the join handle may do next.
    fn steps_of_others(self, with: &mut Step<'_>) {
        if self.wakers > 0 {
            with(&|world| {
                let after = world.make(State::wake_by_ref);
                world.follow(after);
            });
            with(&|world| {
                let after = world.make(State::abort);
                world.follow(after);
            });
            with(&|world| {
                world.wakers -= 1;
                let after = world.make(State::wake);
                world.follow(after);
            });
            with(&|world| {
                world.wakers -= 1;
                let after = world.make(State::drop_reference);
                world.follow(after);
            });
            with(&|world| {
                if let Some(after) = world.make(State::wake_unless_complete) {
                    world.wakers -= 1;
                    assert_ne!(after, Action::Last, "{world:?}");
                    world.follow(after);
                }
            });
            with(&|world| match world.make(State::wake_and_start) {
                WakeOutcome::Run => {
                    assert!(world.state & ABORTED == 0, "an aborted task was idle: {world:?}");
                    world.wakers -= 1;
                    world.run = 1;
                }
                WakeOutcome::Nothing => world.wakers -= 1,
                WakeOutcome::Complete => {}
            });
        }
        if self.has_handle {
            with(&|world| {
                world.has_handle = false;
                let after = world.make(State::leave).unwrap_or_else(|| {
                    world.output = 2;
                    world.make(State::leave_completed)
                });
                world.follow(after);
            });
        }
    }

    fn check(&self) {
        assert!(self.runnables <= 1, "two runnables: {self:?}");
        assert!(self.runnables == 0 || self.run == 0, "run and runnable: {self:?}");
        if self.freed {
            let holders = self.runnables + self.run + self.wakers + u8::from(self.has_handle);
            assert_eq!(holders, 0, "freed under somebody: {self:?}");
            return;
        }
        assert_eq!(self.state & RUNNING != 0, self.run > 0, "{self:?}");
        assert_eq!(self.state & JOINER != 0, self.has_handle, "{self:?}");
        assert_eq!(self.state / REFERENCE, usize::from(self.wakers), "{self:?}");
        if self.run == 0 {
            assert_eq!(self.state & SCHEDULED != 0, self.runnables == 1, "{self:?}");
        }
    }
}

/// Every order of every step, one at a time, with two wakers.
#[test]
fn no_order_of_steps_breaks_a_rule() {
    let start = World {
        state: State::new().0.into_inner(),
        runnables: 1,
        run: 0,
        completed: 0,
        wakers: 1,
        has_handle: true,
        output: 0,
        future: true,
        freed: false,
    };
    let mut seen = HashSet::from([start]);
    let mut left = vec![start];
    let mut ends = 0;
    while let Some(world) = left.pop() {
        world.check();
        let next = world.next();
        if next.is_empty() {
            assert!(world.freed && !world.future && world.output == 2, "stuck: {world:?}");
            ends += 1;
        }
        left.extend(next.into_iter().filter(|world| seen.insert(*world)));
    }
    assert!(ends > 0 && seen.len() > 100, "{ends} ends, {} worlds", seen.len());
}
