//! Relays: in bulk, and requests that are answered from behind.

use crate::peer::Workload;
use crate::suite::case::{Area, Behind, Case, Counts};
use crate::suite::metric::Metric;

/// Whose relays are compared: the limit has one that copies, and one that splices.
const PEERS: &[&str] = &[
    "raw-epoll",
    "raw-splice",
    "minato",
    "minato-again",
    "tokio",
    "tokio-multi",
    "smol",
    "monoio",
    "compio",
    "compio-defer",
];

const BULK: &[Metric] = &[Metric::CpuPerGigabyte, Metric::Bandwidth];

pub(super) fn bulk() -> Area {
    let bulk = |connections: u32| {
        let name = match connections {
            1 => "1 connection in bulk".to_string(),
            _ => format!("{connections} connections in bulk"),
        };
        let load = format!("--mode bulk --connections {connections} --size 65536");
        Case::serve(name, Workload::Relay, load)
            .with(|serve| serve.behind = Some(Behind::Sink))
            .peers(PEERS)
            .metrics(BULK)
    };
    Area {
        name: "relay-bulk",
        title: "Bulk relay",
        about: "The client sends as much as goes through a relay to a sink, then ends, and waits \
                until that has come back through the relay: bytes and CPU time are of exactly the \
                same traffic. The relay uses the runtime's own copy in both directions.",
        cases: vec![bulk(4).quick(), bulk(1), bulk(50)],
    }
}

pub(super) fn requests() -> Area {
    let mut cases = Vec::new();
    for size in [64, 1000, 4000, 16000, 65000] {
        let name = format!("8 connections of {size} B");
        let load = format!("--connections 8 --size {size}");
        let mut case = Case::serve(name, Workload::Relay, load)
            .with(|serve| serve.behind = Some(Behind::Echo))
            .peers(PEERS)
            .on_curve("bytes of a request", f64::from(size));
        if size == 64 {
            let lengths = Some((500, 2_500));
            let counts = Counts { instructions: lengths, syscalls: lengths, allocations: lengths };
            case = case.counts(counts).quick();
        }
        if size == 16000 {
            case = case.quick();
        }
        cases.push(case);
    }
    Area {
        name: "relay-requests",
        title: "Request and response through a relay",
        about: "Each connection sends a request through the relay to an echo server, the bare \
                epoll loop, which shares the processor of the load generator.",
        cases,
    }
}
