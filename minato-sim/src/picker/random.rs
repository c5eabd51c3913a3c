//! The picker that draws, and the generator that it and others draw from.

use std::collections::BTreeMap;

use super::{Picker, host_of, seed_of};
use crate::choice;

/// Every ready task with the same chance, from a seed. Each simulated host has draws of its own.
///
/// ```
/// use minato_sim::picker::{Picker, Random};
///
/// let mut one = Random::new(42);
/// let mut other = Random::new(42);
/// for _ in 0..100 {
///     assert_eq!(one.pick(&[1, 2, 3]), other.pick(&[1, 2, 3]));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    hosts: BTreeMap<Option<u64>, Draws>,
}

impl Random {
    /// Makes a picker whose choices follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Random { seed, hosts: BTreeMap::new() }
    }
}

impl Picker for Random {
    fn pick(&mut self, ready: &[u64]) -> usize {
        let host = host_of(ready);
        let draws = self.hosts.entry(host).or_insert_with(|| Draws::new(seed_of(self.seed, host)));
        draws.below(ready.len() as u64) as usize
    }
}

/// Numbers drawn one after the other, by a counter with a large odd step, well mixed.
#[derive(Clone, Debug)]
pub(super) struct Draws {
    state: u64,
}

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Draws { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        let drawn = choice::mix(self.state);
        self.state = self.state.wrapping_add(choice::STEP);
        drawn
    }

    /// A number below `limit` (0 for 0). The bias is below `limit / 2^64`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        choice::below(self.next(), limit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    use std::collections::HashSet;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut draws = Draws::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| draws.next()).collect();
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_task_gets_about_its_share() {
        let mut picker = Random::new(1);
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            counts[picker.pick(&[0; 5])] += 1;
        }
        assert!(counts.iter().all(|count| (1800..2200).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_seed_fixes_the_order_and_seeds_differ() {
        let orders: HashSet<_> = (0..50).map(|seed| run(Random::new(seed), &[3, 3, 3])).collect();
        assert!(orders.len() > 40);
        assert_eq!(run(Random::new(9), &[3, 3, 3]), run(Random::new(9), &[3, 3, 3]));
    }
}
