//! Relays: in bulk, and requests that are answered from behind.

use crate::peer::Workload;
use crate::suite::case::{Area, Behind, Case, Counts, Slices};
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
    "monoio-defer",
    "compio",
    "compio-defer",
];

const BULK: &[Metric] = &[Metric::CpuPerGigabyte, Metric::Bandwidth];

/// Transfers of this many megabytes, and how many of them are in a slice.
const TRANSFERS: [(u64, u64); 2] = [(2, 4), (16, 1)];

/// Whole connections with the same bytes each.
pub(super) fn transfers() -> Area {
    let transfer = |(megabytes, operations): (u64, u64)| {
        let slices = Slices {
            operations,
            warm_up: 1,
            blocks: 4,
            starts: 2,
            bytes: Some(megabytes * 1_000_000),
            apart: true,
            milliseconds: 20.0,
            tolerance: 0.05,
        };
        let load = "--mode bulk --connections 1 --size 65536";
        Case::serve(format!("{megabytes} MB"), Workload::Relay, load)
            .with(|serve| serve.behind = Some(Behind::Sink))
            .peers(PEERS)
            .alternating(slices)
            .quick()
    };
    Area {
        name: "relay-transfer",
        title: "Transfers through a relay",
        about: "A connection through a relay to a sink, which carries the same bytes each time \
                and then ends. The relays have one processor, client and sink the other: how TCP \
                shares a window differs from start to start, so that there are many of them. The \
                relay uses the runtime's own copy in both directions.",
        cases: TRANSFERS.into_iter().map(transfer).collect(),
    }
}

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
        about: "Without an end in sight: the client sends as much as goes through a relay to a \
                sink, then ends, and waits until that has come back through the relay: bytes and \
                CPU time are of exactly the same traffic. The relay uses the runtime's own copy \
                in both directions.",
        cases: vec![bulk(4), bulk(1), bulk(50)],
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
            .alternating(Slices { operations: 80, warm_up: 24, ..Slices::default() });
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
        about: "Requests in lockstep through the relay to an echo server, the bare epoll loop, \
                which shares the processor.",
        cases,
    }
}
