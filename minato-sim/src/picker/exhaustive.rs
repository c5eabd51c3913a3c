//! All orders, one run after the other.

use super::Picker;

/// Every possible sequence of choices, one a run.
///
/// The choices of a run form a path in a tree. The first run takes the first branch everywhere;
/// each further run takes the path of the one before up to the last choice that has an untried
/// branch, takes that one, and again the first branch everywhere after it. So every path is taken
/// exactly once, if the program under test does the same whenever it is run with the same choices.
///
/// The number of runs grows with the factorial of what happens at the same time: this is for cases
/// with a handful of tasks and steps. A run that never ends has no last choice.
///
/// # Examples
///
/// The orders of three tasks that are polled once each:
///
/// ```
/// use minato_sim::picker::{Exhaustive, Picker};
///
/// let mut picker = Exhaustive::new();
/// let mut orders = Vec::new();
/// while picker.next_run() {
///     let mut ready = vec![1, 2, 3];
///     let mut order = Vec::new();
///     while !ready.is_empty() {
///         order.push(ready.remove(picker.pick(&ready)));
///     }
///     orders.push(order);
/// }
/// assert_eq!(orders.len(), 6);
/// assert_eq!(orders[0], [1, 2, 3]);
/// assert_eq!(orders[5], [3, 2, 1]);
/// assert!(!picker.diverged());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exhaustive {
    /// The choices of this run so far, and of the run before from there on.
    path: Vec<Choice>,
    /// How many choices this run has made.
    depth: usize,
    /// How many runs were begun.
    runs: u64,
    finished: bool,
    diverged: bool,
}

#[derive(Clone, Copy, Debug)]
struct Choice {
    picked: usize,
    of: usize,
}

impl Exhaustive {
    /// Makes a picker that has tried nothing yet.
    pub fn new() -> Self {
        Exhaustive::default()
    }

    /// Begins the next run. Returns `false` if everything has been tried; picks are first in,
    /// first out then.
    ///
    /// Call it also before the first run.
    pub fn next_run(&mut self) -> bool {
        if self.runs > 0 && !self.take_next_branch() {
            self.finished = true;
            return false;
        }
        self.depth = 0;
        self.runs += 1;
        true
    }

    /// Turns the path into the beginning of the next one, if there is any.
    fn take_next_branch(&mut self) -> bool {
        if self.depth < self.path.len() {
            // The run ended before it was back where the one before had branched off.
            self.diverged = true;
            self.path.truncate(self.depth);
        }
        while let Some(choice) = self.path.last_mut() {
            if choice.picked + 1 < choice.of {
                choice.picked += 1;
                return true;
            }
            self.path.pop();
        }
        false
    }

    /// How many runs have been begun.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Whether a run had more or fewer tasks to choose from than the run before, after the same
    /// choices, or ended sooner. The program then depends on something else (time, addresses, a
    /// global), and what was tried is not everything.
    pub fn diverged(&self) -> bool {
        self.diverged
    }
}

impl Picker for Exhaustive {
    fn pick(&mut self, ready: &[u64]) -> usize {
        let of = ready.len();
        // A single task is no choice: leaving it out keeps the paths short.
        if of < 2 || self.finished {
            return 0;
        }
        let depth = self.depth;
        self.depth += 1;
        match self.path.get_mut(depth) {
            None => {
                self.path.push(Choice { picked: 0, of });
                0
            }
            Some(choice) if choice.of == of => choice.picked,
            Some(choice) => {
                self.diverged = true;
                *choice = Choice { picked: choice.picked.min(of - 1), of };
                choice.picked
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    use std::collections::HashSet;

    /// The orders of all runs, and how many runs there were.
    fn orders(polls: &[usize]) -> (HashSet<Vec<u64>>, u64) {
        let mut picker = Exhaustive::new();
        let mut orders = HashSet::new();
        while picker.next_run() {
            orders.insert(run(&mut picker, polls));
        }
        assert!(!picker.diverged());
        (orders, picker.runs())
    }

    #[test]
    fn one_step_tasks_run_in_every_order_exactly_once() {
        let mut factorial = 1;
        for tasks in 1..=7 {
            factorial *= tasks;
            let (orders, runs) = orders(&vec![1; tasks]);
            assert_eq!((orders.len(), runs), (factorial, factorial as u64));
        }
    }

    #[test]
    fn tasks_of_several_steps_interleave_in_every_way_exactly_once() {
        // The multinomial coefficients of the polls.
        for (polls, ways) in
            [(&[2, 2][..], 6), (&[3, 3], 20), (&[1, 2, 3], 60), (&[2, 2, 2], 90), (&[5], 1)]
        {
            let (orders, runs) = orders(polls);
            assert_eq!((orders.len(), runs), (ways, ways as u64), "{polls:?}");
        }
    }

    #[test]
    fn no_choice_is_one_run_and_the_end_stays_the_end() {
        let mut picker = Exhaustive::new();
        assert!(picker.next_run());
        assert!(!picker.next_run());
        assert_eq!(picker.pick(&[1, 2]), 0);
        assert!(!picker.next_run());
        assert_eq!(picker.runs(), 1);
    }

    #[test]
    fn a_program_that_changes_between_runs_is_told() {
        let mut fewer = Exhaustive::new();
        fewer.next_run();
        run(&mut fewer, &[1, 1, 1]);
        fewer.next_run();
        assert!(!fewer.diverged());
        run(&mut fewer, &[1, 1]);
        assert!(fewer.diverged());

        let mut shorter = Exhaustive::new();
        shorter.next_run();
        run(&mut shorter, &[1, 1, 1]);
        shorter.next_run();
        shorter.pick(&[1, 2, 3]);
        assert!(!shorter.diverged());
        while shorter.next_run() {}
        assert!(shorter.diverged());
    }
}
