//! Timers: dropped before they are due, awaited, moved.

use crate::peer::Workload;
use crate::suite::case::{Area, Case, Counts, DRIVEN_PEERS, SEVERAL, Slices};

pub(super) fn area() -> Area {
    let timers = |name: &str, workload, slices: Slices| {
        let counts = Counts {
            instructions: Some((5_000, 25_000)),
            syscalls: None,
            allocations: Some((500, 2_500)),
        };
        let case = Case::drive(name, workload, slices.operations).peers(DRIVEN_PEERS);
        case.alternating(slices).counts(counts).quick()
    };
    let short = Slices { operations: 4_000, warm_up: 1_000, ..Slices::default() };
    // Each slice lasts as long as the longest timer, which is 6 ms for so many.
    let whole = Slices { operations: 10_000, warm_up: 0, blocks: 20, milliseconds: 15.0, ..short };
    let peers: Vec<&str> = SEVERAL.iter().copied().filter(|name| *name != "raw-epoll").collect();
    let two = |name: &str, workload, count| {
        Case::drive(format!("{name}, two workers"), workload, count).several(2).peers(&peers)
    };
    Area {
        name: "timers",
        title: "Timers",
        about: "Insert and cancel: a timer of ten seconds or more is polled once and dropped, as \
                the timeout of a read that succeeds. Expire: timers are awaited, of which 2,000 \
                end in a millisecond. Reset: one of 1,000 that wait is set to a later time.",
        cases: vec![
            timers("insert and cancel", Workload::TimerInsertCancel, short),
            two("insert and cancel", Workload::TimerInsertCancel, 400_000).quick(),
            timers("expire", Workload::TimerExpire, whole),
            two("expire", Workload::TimerExpire, 100_000).quick(),
            timers("reset", Workload::TimerReset, short),
        ],
    }
}
