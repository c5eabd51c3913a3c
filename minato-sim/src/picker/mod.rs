//! Pickers: which of the tasks that can run is polled next.
//!
//! A core that is stepped by hand asks a [`Picker`] before each poll. [`Fifo`] is what a runtime
//! does by default. The others look for bugs that depend on the order in which tasks run:
//!
//! | picker | is for |
//! |---|---|
//! | [`Random`] | many quick runs, each with another seed |
//! | [`Pct`] | bugs that need a few events in a rare order, with a known chance to find them |
//! | [`Exhaustive`] | small cases, all of whose orders can be run |
//! | [`Record`], [`Replay`] | keeping the order that found a bug, and running it again |
//!
//! Every picker is deterministic: with the same seed, and asked the same questions, it gives the
//! same answers.
//!
//! A picker that something else owns can still be looked at: `Arc<Mutex<P>>` is a picker, too, as
//! are `&mut P` and `Box<P>`.

mod by_name;
mod exhaustive;
mod pct;
mod random;
mod tape;

use std::sync::{Arc, Mutex, PoisonError};

pub use self::by_name::ByName;
pub use self::exhaustive::Exhaustive;
pub use self::pct::Pct;
pub use self::random::Random;
pub use self::tape::{Record, Replay};

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

#[cfg(test)]
mod tests {
    use super::*;

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
