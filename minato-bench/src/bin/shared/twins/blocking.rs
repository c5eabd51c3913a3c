//! The workloads in which a task blocks its worker with the runtime's knowledge.

use std::io;

use minato_bench::peer::{Spent, Stopwatch, Workload, lacks};

use crate::rt::runtime::{Handle, RuntimeFlavor};
use crate::rt::task::{block_in_place, yield_now};

/// Does one of these workloads `count` times. After each, the task yields, so that the next begins
/// on a worker again.
pub(crate) async fn operate(workload: Workload, count: u64) -> io::Result<Spent> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        lacks("another worker that goes on");
    }
    let watch = Stopwatch::start();
    for turn in 0..count {
        match workload {
            Workload::BlockInPlace => block_in_place(|| ()),
            Workload::NestedBlockOn => block_in_place(|| Handle::current().block_on(ask(turn))),
            Workload::NestedBlockOnDirect => crate::block_on_worker(ask(turn)),
            _ => lacks("this workload"),
        }
        yield_now().await;
    }
    Ok(watch.stop())
}

/// What only another thread can answer while this one waits.
async fn ask(turn: u64) {
    let answer = crate::rt::spawn(async move { turn }).await;
    assert_eq!(answer.ok(), Some(turn));
}
