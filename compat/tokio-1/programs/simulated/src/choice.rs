//! What tokio chooses at random, and what std does.

use std::collections::HashMap;

use minato::sim::Simulation;

use crate::{Result, play};

/// The branches of `select!`, and the order of a hash map.
pub(crate) fn of_select(simulation: &mut Simulation) -> Result<String> {
    play(simulation, async {
        let mut branches = String::new();
        for _ in 0..40 {
            tokio::select! {
                () = async {} => branches.push('a'),
                () = async {} => branches.push('b'),
                () = async {} => branches.push('c'),
            }
        }
        let map: HashMap<u32, ()> = (0..20).map(|number| (number, ())).collect();
        let order: Vec<u32> = map.into_keys().collect();
        // So that the order is in the hash of the run.
        minato::sim::world().ok_or("no world")?.note(format!("{branches} {order:?}"));
        Ok(format!("{branches} {order:?}"))
    })
}
