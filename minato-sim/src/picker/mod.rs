//! Pickers: which of the tasks that can run is polled next.
//!
//! A core that is stepped by hand asks a [`Picker`] before each poll. [`Fifo`] is what a runtime
//! does by default. The others look for bugs that depend on the order in which tasks run:
//!
//! | picker | is for |
//! |---|---|
//! | [`ByName`] | simulations: what they do by default |
//! | [`Random`] | many quick runs, each with another seed |
//! | [`Pct`] | bugs that need a few events in a rare order, with a known chance to find them |
//! | [`Exhaustive`] | small cases, all of whose orders can be run |
//! | [`Record`], [`Replay`] | keeping the order that found a bug, and running it again |
//!
//! Every picker is deterministic: with the same seed, and asked the same questions, it gives the
//! same answers.
//!
//! A simulation has several hosts and asks one picker about the tasks of each. [`ByName`],
//! [`Random`], [`Pct`] and tapes keep the hosts apart: what is picked on one host does not depend
//! on what the others do. A tape therefore still fits when an unrelated host changes. Only
//! [`Exhaustive`] takes the picks of all hosts as one sequence, because it runs through all of
//! them. Which host is next is never a question to a picker.
//!
//! A picker that something else owns can still be looked at: `Arc<Mutex<P>>` is a picker, too, as
//! are `&mut P` and `Box<P>`.

mod by_name;
mod exhaustive;
mod pct;
mod random;
mod tape;

use crate::TaskName;
use crate::choice::mix;

use std::sync::{Arc, Mutex, PoisonError};

pub use self::by_name::ByName;
pub use self::exhaustive::Exhaustive;
pub use self::pct::Pct;
pub use self::random::Random;
pub use self::tape::{Choice, Record, Replay};

/// Chooses the task that runs next.
///
/// # Examples
///
/// A picker that lets the youngest task run first:
///
/// ```
/// use minato_sim::picker::Picker;
///
/// struct Lifo;
///
/// impl Picker for Lifo {
///     fn pick(&mut self, ready: &[u64]) -> usize {
///         ready.len() - 1
///     }
/// }
///
/// assert_eq!(Lifo.pick(&[7, 3, 5]), 2);
/// ```
pub trait Picker: Send {
    /// Returns the index in `ready` of the task to poll next.
    ///
    /// `ready` holds the ids of the tasks that can run, in the order in which they became ready.
    /// It is never empty, and the index must lie within it.
    fn pick(&mut self, ready: &[u64]) -> usize;
}

impl<P: Picker + ?Sized> Picker for &mut P {
    fn pick(&mut self, ready: &[u64]) -> usize {
        (**self).pick(ready)
    }
}

impl<P: Picker + ?Sized> Picker for Box<P> {
    fn pick(&mut self, ready: &[u64]) -> usize {
        (**self).pick(ready)
    }
}

/// Shares a picker with the runtime that owns it, for example to read a tape while it runs.
impl<P: Picker + ?Sized> Picker for Arc<Mutex<P>> {
    fn pick(&mut self, ready: &[u64]) -> usize {
        self.lock().unwrap_or_else(PoisonError::into_inner).pick(ready)
    }
}

/// First in, first out: the task that has been ready for the longest time. The default.
///
/// ```
/// use minato_sim::picker::{Fifo, Picker};
///
/// assert_eq!(Fifo.pick(&[7, 3, 5]), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fifo;

impl Picker for Fifo {
    fn pick(&mut self, _ready: &[u64]) -> usize {
        0
    }
}

/// The number of the simulated host whose tasks these are; `None` of a runtime in no world.
fn host_of(ready: &[u64]) -> Option<u64> {
    let first = ready.first()?;
    TaskName::of_number(*first).map(|name| name.host)
}

/// A seed for what is drawn for one host.
fn seed_of(seed: u64, host: Option<u64>) -> u64 {
    host.map_or(seed, |host| mix(seed ^ mix(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The orders in which two hosts run tasks of so many polls each, while a picker is asked
    /// about the one and the other in turn.
    pub(super) fn run_two_hosts(mut picker: impl Picker, polls: [&[usize]; 2]) -> [Vec<u64>; 2] {
        let number = |host, nth: usize| TaskName { host, nth: nth as u64 }.number();
        let mut left = polls.map(<[usize]>::to_vec);
        let mut ready = [0, 1].map(|host| {
            (0..polls[host].len()).map(|nth| number(host as u64, nth)).collect::<Vec<_>>()
        });
        let mut orders = [Vec::new(), Vec::new()];
        while ready.iter().any(|ready| !ready.is_empty()) {
            for host in 0..2 {
                if ready[host].is_empty() {
                    continue;
                }
                let index = if ready[host].len() == 1 { 0 } else { picker.pick(&ready[host]) };
                let task = ready[host].remove(index);
                let nth = TaskName::of_number(task).unwrap().nth;
                orders[host].push(nth);
                left[host][nth as usize] -= 1;
                if left[host][nth as usize] > 0 {
                    ready[host].push(task);
                }
            }
        }
        orders
    }

    #[test]
    fn what_is_picked_on_one_host_does_not_depend_on_another() {
        let (tasks, others): (&[usize], [&[usize]; 3]) = (&[3, 2, 4], [&[], &[1, 5], &[2; 9]]);
        for seed in 0..50 {
            let runs = others.map(|other| {
                let world = crate::World::new(seed);
                (0..2).for_each(|host| drop(world.host(&format!("host {host}"))));
                [
                    run_two_hosts(Random::new(seed), [tasks, other]),
                    run_two_hosts(Pct::new(seed, 3, 8), [tasks, other]),
                    run_two_hosts(ByName::in_world(&world), [tasks, other]),
                ]
            });
            for (one, other) in runs[0].iter().zip(&runs[1]).chain(runs[1].iter().zip(&runs[2])) {
                assert_eq!(one[0], other[0]);
            }
        }
    }

    /// Runs tasks that are done after so many polls each, and returns the order of the polls. A
    /// task that is not done goes to the back, as one does that woke itself.
    pub(super) fn run(mut picker: impl Picker, polls: &[usize]) -> Vec<u64> {
        let mut left: Vec<usize> = polls.to_vec();
        let mut ready: Vec<u64> = (0..polls.len() as u64).collect();
        let mut order = Vec::new();
        while !ready.is_empty() {
            let task = ready.remove(picker.pick(&ready));
            order.push(task);
            left[task as usize] -= 1;
            if left[task as usize] > 0 {
                ready.push(task);
            }
        }
        order
    }

    #[test]
    fn fifo_is_round_robin() {
        assert_eq!(run(Fifo, &[2, 1, 3]), [0, 1, 2, 0, 2, 2]);
    }

    #[test]
    fn borrowed_boxed_and_shared_pickers_are_the_picker() {
        let plain = run(Random::new(3), &[4, 4, 4]);
        let shared = Arc::new(Mutex::new(Record::new(Random::new(3))));
        assert_eq!(run(&mut Random::new(3), &[4, 4, 4]), plain);
        assert_eq!(run(Box::new(Random::new(3)) as Box<dyn Picker>, &[4, 4, 4]), plain);
        assert_eq!(run(Arc::clone(&shared), &[4, 4, 4]), plain);
        let tape = shared.lock().unwrap().choices().to_vec();
        assert_eq!(run(Replay::new(tape), &[4, 4, 4]), plain);
    }
}
