//! What a client does all day.

use std::time::Duration;

use minato::sim;
use minato::time::sleep;

use crate::Client;
use crate::history::{Action, History};

/// Reads and writes now and then, and notes each operation in `history`.
pub async fn workload(client: Client, id: u64, operations: u64, history: History) {
    // In a simulated world the seed decides; elsewhere two clients shall merely differ.
    let mut dice = Dice(sim::draw(1 << 30).map_or(id, |drawn| drawn as u64));
    for nth in 0..operations {
        sleep(Duration::from_millis(5 + dice.throw(20))).await;
        if dice.throw(2) == 0 {
            let operation = history.begin(id, Action::Read);
            let value = client.read().await;
            history.end(operation, value);
        } else {
            // No two writes write the same, so that a read tells which one it has seen.
            let value = (id + 1) * 1000 + nth;
            let operation = history.begin(id, Action::Write(value));
            client.write(value).await;
            history.end(operation, value);
        }
    }
}

/// Numbers that look drawn (the generator is SplitMix64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % sides
    }
}
