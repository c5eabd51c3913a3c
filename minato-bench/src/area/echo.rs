//! TCP echo: connections, sizes, pipelines.

use super::ECHO_COUNTS;
use crate::peer::Workload;
use crate::suite::case::{Area, Case, Slices};

/// Peers without a buffer for each connection. tokio's has one of the thread, written by hand.
const LENT: [&str; 4] = ["raw-epoll-lent", "minato-lent", "tokio-lent", "compio-lent"];

pub(super) fn area() -> Area {
    let mut cases = Vec::new();
    for connections in [50, 1, 8, 250, 1000] {
        let mut case = LENT.into_iter().fold(echo(connections, 64, 1).quick(), Case::and);
        if connections == 50 {
            case = case.counts(ECHO_COUNTS);
        }
        cases.push(case);
    }
    cases.push(echo(50, 4000, 1).quick());
    cases.push(echo(50, 64, 16).quick());
    cases.push(echo(50, 1000, 1));
    cases.push(echo(50, 16000, 1));
    cases.push(echo(8, 1000, 16));
    cases.push(echo(8, 16000, 16));
    Area {
        name: "echo",
        title: "TCP echo",
        about: "Requests in lockstep: on all connections, at most 50 at a time, then all answers. \
                The servers have one worker each. Those with `lent` in their name have no buffer \
                for each connection, but take one when there is something to receive; tokio's is \
                one of the thread, written by hand.",
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
    Case::serve(name, Workload::Echo, load).alternating(Slices::default())
}
