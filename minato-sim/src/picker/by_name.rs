//! The picker of a simulated world, which draws for each task by its name.

use std::collections::BTreeMap;

use super::Picker;
use crate::World;
use crate::agenda::ROUND;
use crate::choice::mix;

const SITE: &str = "which task runs";

/// Of the ready tasks the one with the smallest hash: what a simulation does if it is not given
/// another picker.
///
/// The hash is of the world's seed, the task's [name](crate::TaskName), the time, and how often
/// the task was picked at that instant. So the order of two tasks does not depend on a third one,
/// and no draw of one task moves that of another.
///
/// # What it guarantees
///
/// Of two ready tasks neither is picked more than 16 times more often in one instant than the
/// other. So a task that yields over and over does not starve the others: a ready task waits for at
/// most 16 polls of each other task that is ready and was picked as often. All orders of tasks that
/// become ready at the same time are possible, and equally likely.
///
/// ```
/// use minato_sim::picker::{ByName, Picker};
/// use minato_sim::{TaskName, World};
///
/// let world = World::new(7);
/// let host = world.host("host").number();
/// let task = |nth| TaskName { host, nth }.number();
/// let two = [task(0), task(1)];
/// let three = [task(0), task(2), task(1)];
/// let (mut one, mut other) = (ByName::in_world(&world), ByName::in_world(&world));
/// let among_two = two[one.pick(&two)];
/// let among_three = three[other.pick(&three)];
/// assert!(among_three == task(2) || among_three == among_two);
/// ```
#[derive(Clone, Debug)]
pub struct ByName {
    world: World,
    /// The time of the last pick, and how often each task was picked at it.
    now: u64,
    picks: BTreeMap<u64, u32>,
}

impl ByName {
    /// The picker of this world.
    pub fn in_world(world: &World) -> Self {
        ByName { world: world.clone(), now: 0, picks: BTreeMap::new() }
    }
}

impl Picker for ByName {
    fn pick(&mut self, ready: &[u64]) -> usize {
        let mut state = self.world.lock();
        let now = state.now;
        if self.now != now {
            self.now = now;
            self.picks.clear();
        }
        let instant = state.choices.key(SITE, now);
        let rank = |(index, task): (usize, &u64)| {
            let picks = if self.picks.is_empty() { None } else { self.picks.get(task) };
            let picks = picks.copied().unwrap_or(0);
            let hash = mix(mix(instant ^ state.key_of_task(*task)) ^ u64::from(picks));
            (picks / ROUND, hash, index)
        };
        let Some((.., picked)) = ready.iter().enumerate().map(rank).min() else { return 0 };
        *self.picks.entry(ready[picked]).or_default() += 1;
        state.note_poll(ready[picked]);
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use crate::TaskName;

    fn tasks(world: &World, count: u64) -> Vec<u64> {
        let host = world.host("host").number();
        (0..count).map(|nth| TaskName { host, nth }.number()).collect()
    }

    /// The order in which tasks of two polls each run, as their places in the list.
    fn order(world: &World, tasks: &[u64]) -> Vec<u64> {
        let mut picker = ByName::in_world(world);
        let mut ready: Vec<u64> = tasks.iter().flat_map(|task| [*task]).collect();
        let mut again = ready.clone();
        let mut order = Vec::new();
        while !ready.is_empty() {
            let task = ready.remove(picker.pick(&ready));
            order.push(task);
            if let Some(index) = again.iter().position(|other| *other == task) {
                again.remove(index);
                ready.push(task);
            }
        }
        order
    }

    #[test]
    fn a_further_task_changes_nothing_for_the_others() {
        for seed in 0..200 {
            let world = World::new(seed);
            let tasks = tasks(&world, 5);
            let all = order(&world, &tasks);
            for without in &tasks {
                let rest: Vec<_> = tasks.iter().copied().filter(|task| task != without).collect();
                let expected: Vec<_> = all.iter().copied().filter(|task| task != without).collect();
                assert_eq!(order(&world, &rest), expected);
            }
        }
    }

    #[test]
    fn every_order_comes_about_as_often() {
        let mut orders = BTreeMap::new();
        for seed in 0..6000 {
            *orders.entry(run(ByName::in_world(&World::new(seed)), &[1, 1, 1])).or_insert(0) += 1;
        }
        assert_eq!(orders.len(), 6);
        assert!(orders.values().all(|count| (850..1150).contains(count)), "{orders:?}");
    }

    #[test]
    fn tasks_that_always_yield_get_equal_shares_but_for_a_round() {
        for seed in 0..100 {
            let world = World::new(seed);
            let mut picker = ByName::in_world(&world);
            let mut ready = tasks(&world, 6);
            let mut picks: BTreeMap<u64, u32> = ready.iter().map(|task| (*task, 0)).collect();
            for _ in 0..2000 {
                let task = ready.remove(picker.pick(&ready));
                *picks.get_mut(&task).unwrap() += 1;
                ready.push(task);
                let (most, least) = (picks.values().max(), picks.values().min());
                assert!(most.unwrap() - least.unwrap() <= ROUND, "{picks:?}");
            }
            // They do take turns in an order that changes.
            assert!(picks.values().any(|count| *count != 2000 / 6));
        }
    }
}
