//! Tasks: spawned and joined, yielding, woken by threads.

use crate::peer::Workload;
use crate::suite::case::{Area, Case, Counts, DRIVEN_PEERS, Slices};

/// Those whose tasks may block their thread, and the one of them that the others are compared with.
const BLOCKING: [&str; 3] = ["minato-multi", "minato-multi-again", "tokio-multi"];
const BLOCKS: &str = BLOCKING[0];

pub(super) fn area() -> Area {
    let counts = Counts {
        instructions: Some((5_000, 25_000)),
        syscalls: None,
        allocations: Some((500, 2_500)),
    };
    let task = |name: &str, workload, count| {
        let slices = Slices { operations: count, warm_up: count / 4, ..Slices::default() };
        Case::drive(name, workload, count).peers(DRIVEN_PEERS).alternating(slices).quick()
    };
    let few = Some((500, 2_500));
    let woken = Counts { instructions: few, syscalls: few, allocations: few };
    let calls = Counts { syscalls: few, ..Counts::default() };
    Area {
        name: "tasks",
        title: "Tasks",
        about: "Spawn and join: a task spawns one that returns a number, and awaits it. Yield: a \
                task goes once through the runtime's yield. Wake across: a task is woken by a \
                plain thread, answers, and waits again. Many to one: four plain threads send to \
                the queue of one task. Block in place: a task says that its thread may block, and \
                yields. Nested: a task waits in `block_on` for one that it spawns. Beside a \
                blocked worker: wake across, while another task blocks one of two workers.",
        cases: vec![
            task("spawn and join", Workload::SpawnJoin, 4_000).counts(counts),
            task("yield", Workload::Yield, 10_000).counts(counts),
            task("wake across", Workload::WakeAcross, 50).counts(woken),
            task("many to one", Workload::WakeManyToOne, 2_000),
            task("block in place", Workload::BlockInPlace, 100).subject(BLOCKS).peers(&BLOCKING),
            task("nested block_on", Workload::NestedBlockOn, 100).subject(BLOCKS).peers(&BLOCKING),
            task("wake beside a blocked worker", Workload::WakeBesideBlocked, 50)
                .subject(BLOCKS)
                .peers(&BLOCKING)
                .counts(calls),
        ],
    }
}
