//! TCP echo: connections, sizes, pipelines, workers.

use super::ECHO_COUNTS;
use crate::peer::Workload;
use crate::suite::case::{Area, Case};

pub(super) fn area() -> Area {
    let mut cases = Vec::new();
    for connections in [50, 1, 8, 250, 1000] {
        for size in [64, 1000, 4000, 16000] {
            let mut case = echo(connections, size, 1);
            if size == 64 {
                case = case.on_curve("connections", f64::from(connections));
            }
            if connections == 50 {
                case = case.on_curve("bytes of a request", f64::from(size));
            }
            case = match (connections, size) {
                (50, 64) => case.counts(ECHO_COUNTS).and("smol-multi").quick(),
                (1 | 8, 64) => case.and("minato-spin").quick(),
                (50, 4000) | (1000, 64) => case.quick(),
                _ => case,
            };
            cases.push(case);
        }
    }
    cases.push(echo(50, 64, 16).quick());
    cases.push(echo(8, 1000, 16));
    cases.push(echo(8, 16000, 16));
    for connections in [50, 250] {
        let name = format!("{connections} connections of 64 B, two workers");
        let load = format!("--connections {connections} --size 64");
        let case = Case::serve(name, Workload::Echo, load).several(2);
        cases.push(if connections == 50 { case.quick() } else { case });
    }
    Area {
        name: "echo",
        title: "TCP echo",
        about: "Each connection sends a request, waits for its echo, and sends the next. The \
                server has one worker on one processor and the load generator the other, except \
                where two workers share both with it.",
        cases,
    }
}

fn echo(connections: u32, size: u32, pipeline: u32) -> Case {
    let name = match (connections, pipeline) {
        (1, 1) => format!("1 connection of {size} B"),
        (_, 1) => format!("{connections} connections of {size} B"),
        _ => format!("{connections} connections of {size} B, {pipeline} at once"),
    };
    let load = format!("--connections {connections} --size {size} --pipeline {pipeline}");
    Case::serve(name, Workload::Echo, load)
}
