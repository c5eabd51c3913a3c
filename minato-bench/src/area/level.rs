//! Latency and CPU time at a given load.

use crate::peer::Workload;
use crate::suite::case::{Area, Case};
use crate::suite::metric::Metric;

const METRICS: &[Metric] =
    &[Metric::Cpu, Metric::P50, Metric::P99, Metric::P999, Metric::Max, Metric::Switches];

pub(super) fn area() -> Area {
    let level = |percent: u32| {
        let load = "--connections 50 --size 64".to_string();
        Case::serve(format!("{percent}% load"), Workload::Echo, load)
            .with(|serve| {
                serve.level = Some(f64::from(percent) / 100.0);
                serve.at_least = 0.4;
            })
            .metrics(METRICS)
            .and("minato-spin")
    };
    Area {
        name: "level",
        title: "Latency and CPU time at a given load",
        about: "An open loop of 64 B requests over 50 connections. The load is a share of what \
                the slowest peer answers in a closed loop, and the same for all. A request is \
                timed from when it should have been sent.",
        cases: vec![level(50).quick(), level(5).quick(), level(25), level(75)],
    }
}
