//! Rates and latencies of a closed loop, and several workers.

use crate::peer::Workload;
use crate::suite::case::{Area, Case};

pub(super) fn area() -> Area {
    let load = |connections| format!("--connections {connections} --size 64");
    let one = Case::serve("50 connections of 64 B", Workload::Echo, load(50));
    let two = |connections: u32| {
        let name = format!("{connections} connections of 64 B, two workers");
        Case::serve(name, Workload::Echo, load(connections)).several(2)
    };
    Area {
        name: "closed",
        title: "Closed loop",
        about: "Each connection sends a request, waits for its echo, and sends the next. The \
                server has one worker on one processor and the load generator the other, except \
                where two workers share both with it. Rates and latencies of a closed loop hold \
                how the machine wakes a processor, too.",
        cases: vec![one.and("smol-multi").and("minato-spin").quick(), two(50).quick(), two(250)],
    }
}
