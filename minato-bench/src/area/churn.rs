//! Connections that serve one request.

use crate::peer::Workload;
use crate::suite::case::{Area, Case, Counts, Slices};

pub(super) fn area() -> Area {
    let counts = Counts {
        instructions: Some((500, 2_500)),
        syscalls: Some((200, 1_000)),
        allocations: Some((200, 1_000)),
    };
    let churn = |connections: u32| {
        let name = format!("{connections} at once");
        let load = format!("--mode churn --connections {connections} --size 64");
        let slices = Slices { operations: 80, warm_up: 24, milliseconds: 4.0, ..Slices::default() };
        Case::serve(name, Workload::Churn, load).alternating(slices)
    };
    Area {
        name: "churn",
        title: "Connection churn",
        about: "A client connects, sends 64 bytes, reads their echo and then the end: the server \
                accepts, reads once, writes, closes. An operation is a connection; all of a batch \
                begin before the first ends.",
        cases: vec![churn(8).counts(counts).quick(), churn(1), churn(50)],
    }
}
