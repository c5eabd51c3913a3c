//! Timers: dropped before they are due, awaited, moved.

use crate::peer::Workload;
use crate::suite::case::{Area, Case, Counts, DRIVEN_PEERS, SEVERAL};

pub(super) fn area() -> Area {
    let timers = |name: &str, workload, count| {
        let counts = Counts {
            instructions: Some((5_000, 25_000)),
            syscalls: None,
            allocations: Some((500, 2_500)),
        };
        Case::drive(name, workload, count).peers(DRIVEN_PEERS).counts(counts).quick()
    };
    let peers: Vec<&str> = SEVERAL.iter().copied().filter(|name| *name != "raw-epoll").collect();
    let two = |name: &str, workload, count| {
        Case::drive(format!("{name}, two workers"), workload, count).several(2).peers(&peers)
    };
    Area {
        name: "timers",
        title: "Timers",
        about: "Insert and cancel: a timer of ten seconds or more is polled once and dropped, as \
                the timeout of a read that succeeds. Expire: many timers of 1 to 50 ms are \
                awaited. Reset: one of 1,000 that wait is set to a later time.",
        cases: vec![
            timers("insert and cancel", Workload::TimerInsertCancel, 400_000),
            two("insert and cancel", Workload::TimerInsertCancel, 400_000).quick(),
            timers("expire", Workload::TimerExpire, 100_000),
            two("expire", Workload::TimerExpire, 100_000).quick(),
            timers("reset", Workload::TimerReset, 400_000),
        ],
    }
}
