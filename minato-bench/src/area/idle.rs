//! Many connections that are quiet.

use crate::peer::Workload;
use crate::suite::case::{Area, Case};
use crate::suite::metric::Metric;

const METRICS: &[Metric] = &[
    Metric::Memory,
    Metric::Rest,
    Metric::Cpu,
    Metric::Rate,
    Metric::P50,
    Metric::P99,
    Metric::P999,
    Metric::Max,
    Metric::Switches,
];

/// Memory alone: nothing else is asked of these.
const KEPT: &[Metric] = &[Metric::Memory, Metric::Rest];

pub(super) fn area() -> Area {
    let idle = |connections: u32| {
        let load = format!("--connections 10 --idle {connections} --rest 0.2 --size 64");
        let name = format!("10 active among {connections}");
        Case::serve(name, Workload::Idle, load).metrics(METRICS)
    };
    let load = "--connections 10 --idle 9000 --rest 0.2 --size 64";
    let echo = Case::serve("9000 of the echo server", Workload::Echo, load)
        .metrics(KEPT)
        .and("raw-epoll-lent")
        .and("minato-lent")
        .and("tokio-lent")
        .and("compio-lent");
    Area {
        name: "idle",
        title: "Idle connections",
        about: "Each connection has sent one request, and then is quiet; its task holds a buffer \
                of 64 bytes, so that the memory is the runtime's own (the kernel's is not \
                counted). The echo server holds 16 KiB a connection, unless its buffers are lent. \
                Then CPU time is read for a while in which nothing is sent, and then \
                ten connections are active among the others.",
        cases: vec![idle(9000).quick(), echo, idle(1000)],
    }
}
