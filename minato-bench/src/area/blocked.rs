//! A task that blocks its worker, and what the others see of it.

use crate::peer::Workload;
use crate::suite::case::{Area, Case};
use crate::suite::metric::Metric;

const METRICS: &[Metric] = &[Metric::P99, Metric::P50, Metric::P999, Metric::Max, Metric::Cpu];

pub(super) fn area() -> Area {
    let blocked = |connections: u32, rate: u32| {
        let load = format!("--connections {connections} --size 64 --rate {rate} --block-every 0.5");
        let name = format!("{connections} connections, {rate} requests a second, two workers");
        Case::serve(name, Workload::Blocked, load)
            .arguments(&["--block-ms", "300"])
            .with(|serve| serve.at_least = 1.0)
            .several(2)
            .metrics(METRICS)
    };
    Area {
        name: "blocked",
        title: "A blocked worker",
        about: "An open loop; on a connection that is not measured, requests come that block \
                their worker for 0.3 s each. A request is timed from when it should have \
                been sent.",
        cases: vec![blocked(50, 2000).quick(), blocked(50, 500), blocked(8, 2000)],
    }
}
