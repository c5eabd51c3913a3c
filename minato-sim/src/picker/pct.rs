//! Probabilistic concurrency testing.

use std::collections::BTreeMap;

use super::random::Draws;
use super::{Picker, host_of, seed_of};

/// Probabilistic concurrency testing: strict priorities, drawn at random and changed a few times.
///
/// Most ordering bugs need only a few events in a certain order. The number of those that matter
/// is a bug's *depth*: one task must overtake another (depth 1); a task must be interrupted at one
/// place while another runs (depth 2); and so on. A uniformly random order interrupts everywhere,
/// and hardly ever lets one task wait while another does a hundred steps. This picker does:
///
/// - each task gets a random priority when it is first seen, and of the ready tasks the one with
///   the highest priority runs, poll after poll;
/// - at `depth - 1` steps, drawn from the first `steps`, the task that would run drops below all
///   priorities drawn so far.
///
/// # What it guarantees
///
/// With at most `n` tasks and at most `steps` picks in a run, one run finds a given bug of depth
/// `d = depth` with a probability of at least `1 / (n * steps^(d - 1))`, whatever the program
/// does otherwise, if the bug depends on the order of polls alone. (Burckhardt, Kothari,
/// Musuvathi, Nagarakatte: *A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*,
/// ASPLOS 2010.) In practice it is often far more. So run it with many seeds, a depth of 2 or 3,
/// and `steps` close to what a run really takes, but not below.
///
/// In a simulation `n` and `steps` count the tasks and picks of one host: each host has priorities
/// and changes of its own, since a picker is never asked which host is next.
///
/// After `steps` picks it goes on first in, first out. So a task that waits for another by waking
/// itself over and over cannot starve it for ever, but that part of a run is not covered.
///
/// ```
/// use minato_sim::picker::{Pct, Picker};
///
/// // Depth 1: the order of priorities never changes.
/// let mut picker = Pct::new(42, 1, 100);
/// let first = picker.pick(&[1, 2, 3]);
/// assert!((0..99).all(|_| picker.pick(&[1, 2, 3]) == first));
/// ```
#[derive(Clone, Debug)]
pub struct Pct {
    seed: u64,
    depth: u8,
    steps: u64,
    hosts: BTreeMap<Option<u64>, Priorities>,
}

/// The priorities of the tasks of one host.
#[derive(Clone, Debug)]
struct Priorities {
    draws: Draws,
    /// The changes: the nth is at step `changes[n]` and gives priority `n`. The steps are in no
    /// order, so that a later change may also give the higher of the low priorities.
    changes: Vec<u64>,
    priorities: BTreeMap<u64, u64>,
    step: u64,
    steps: u64,
}

impl Pct {
    /// Makes a picker from a seed, for bugs of this depth (0 counts as 1) in runs of up to so
    /// many picks.
    pub fn new(seed: u64, depth: u8, steps: u64) -> Self {
        Pct { seed, depth, steps, hosts: BTreeMap::new() }
    }
}

impl Priorities {
    fn new(seed: u64, depth: u8, steps: u64) -> Self {
        let mut draws = Draws::new(seed);
        let changes = (1..depth).map(|_| draws.below(steps)).collect();
        Priorities { draws, changes, priorities: BTreeMap::new(), step: 0, steps }
    }

    /// The index of the ready task with the highest priority.
    fn highest(&mut self, ready: &[u64]) -> usize {
        for &task in ready {
            // The drawn ones have the top bit set, so that the changed ones are below all.
            self.priorities.entry(task).or_insert_with(|| self.draws.next() | 1 << 63);
        }
        let priority = |index: &usize| self.priorities[&ready[*index]];
        (0..ready.len()).max_by_key(priority).unwrap_or(0)
    }

    fn pick(&mut self, ready: &[u64]) -> usize {
        if self.step == self.steps {
            self.priorities = BTreeMap::new();
            return 0;
        }
        let mut picked = self.highest(ready);
        for change in 0..self.changes.len() {
            if self.changes[change] == self.step {
                self.priorities.insert(ready[picked], change as u64);
                picked = self.highest(ready);
            }
        }
        self.step += 1;
        picked
    }
}

impl Picker for Pct {
    fn pick(&mut self, ready: &[u64]) -> usize {
        let host = host_of(ready);
        let priorities = self
            .hosts
            .entry(host)
            .or_insert_with(|| Priorities::new(seed_of(self.seed, host), self.depth, self.steps));
        priorities.pick(ready)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    /// How many of many seeds give an order of polls in which a bug shows.
    fn found(depth: u8, polls: &[usize], bug: impl Fn(&[u64]) -> bool) -> usize {
        let steps = polls.iter().sum::<usize>() as u64;
        (0..10_000).filter(|&seed| bug(&run(Pct::new(seed, depth, steps), polls))).count()
    }

    #[test]
    fn depth_one_runs_tasks_to_their_end_in_every_order() {
        let mut orders = BTreeMap::new();
        for seed in 0..6000 {
            *orders.entry(run(Pct::new(seed, 1, 6), &[2, 2, 2])).or_insert(0) += 1;
        }
        assert_eq!(orders.len(), 6);
        assert!(orders.keys().all(|order| order.chunks(2).all(|pair| pair[0] == pair[1])));
        assert!(orders.values().all(|count| (800..1200).contains(count)), "{orders:?}");
    }

    #[test]
    fn a_deep_bug_is_found_as_often_as_promised() {
        // Task 0 runs first, and stops after its third poll until all others are done: of depth 2,
        // and as hard to find as any, with a chance of just 1 in n * steps = 5 * 20.
        let bug = |order: &[u64]| order[..3] == [0; 3] && order[3..19].iter().all(|&id| id != 0);
        let polls = [4, 4, 4, 4, 4];
        let count = found(2, &polls, bug);
        assert!((70..130).contains(&count), "{count} of 100 expected");
        assert_eq!(found(1, &polls, bug), 0, "not possible without a change");
    }

    #[test]
    fn each_change_interrupts_at_most_once() {
        let interruptions = |order: &[u64]| {
            let ends = |at: &usize| !order[at + 1..].contains(&order[*at]);
            (0..order.len() - 1).filter(|at| order[*at] != order[*at + 1] && !ends(at)).count()
        };
        assert_eq!(found(3, &[8, 8, 8], |order| interruptions(order) > 2), 0);
        assert!(found(3, &[8, 8, 8], |order| interruptions(order) == 2) > 0);
    }

    #[test]
    fn a_task_that_wakes_itself_for_ever_does_not_starve_the_others() {
        for seed in 0..20 {
            let mut picker = Pct::new(seed, 2, 30);
            let mut ready = vec![1, 2];
            let mut seen = [0_u32; 2];
            for _ in 0..60 {
                let task = ready.remove(picker.pick(&ready));
                seen[task as usize - 1] += 1;
                ready.push(task);
            }
            assert!(seen.iter().all(|&polls| polls >= 15), "{seen:?}");
        }
    }

    #[test]
    fn no_steps_and_no_depth_are_first_in_first_out() {
        assert_eq!(run(Pct::new(1, 0, 0), &[2, 2]), [0, 1, 0, 1]);
        assert_eq!(run(Pct::new(1, 5, 0), &[2, 2]), [0, 1, 0, 1]);
    }
}
