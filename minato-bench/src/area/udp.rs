//! Datagrams: a stream and echoes, one by one and in bulk.

use crate::peer::Workload;
use crate::suite::case::{Area, Case, Counts, Slices};
use crate::suite::metric::Metric;

const PEERS: &[&str] = &[
    "raw-epoll",
    "minato",
    "minato-again",
    "tokio",
    "smol",
    "monoio",
    "monoio-defer",
    "compio",
    "compio-defer",
];

/// Those with a bulk path: tokio's and smol's is quinn-udp over their readiness.
const BULK: &[&str] =
    &["raw-epoll", "minato", "minato-again", "tokio", "smol", "compio", "compio-defer"];

const STREAM: &[Metric] = &[Metric::Cpu, Metric::Rate, Metric::Lost, Metric::Switches];

/// Datagrams that the sender puts into one call.
const SEGMENTS: u32 = 32;

/// In bulk, what is put together depends on how datagrams meet.
const TOLERANCE: f64 = 0.05;

pub(super) fn stream() -> Area {
    let slices = Slices { operations: 192, warm_up: 64, ..Slices::default() };
    let mut cases = Vec::new();
    for size in [64, 1200] {
        let load = |segments| format!("--mode udp-stream --size {size} --segments {segments}");
        let one = Case::serve(format!("{size} B, one by one"), Workload::UdpSink, load(1));
        cases.push(one.peers(PEERS).alternating(slices));
        let name = format!("{size} B, in bulk (GSO, GRO)");
        let bulk = Case::serve(name, Workload::UdpSink, load(SEGMENTS)).arguments(&["--batch"]);
        let bulk = bulk.peers(BULK).alternating(Slices { tolerance: TOLERANCE, ..slices });
        cases.push(bulk.quick());
    }
    cases[0].quick = true;
    let load = format!("--mode udp-stream --size 64 --segments {SEGMENTS}");
    let flat = Case::serve("64 B, in bulk, as fast as it goes", Workload::UdpSink, load);
    cases.push(flat.arguments(&["--batch"]).peers(BULK).metrics(STREAM));
    Area {
        name: "udp-stream",
        title: "UDP stream",
        about: "The server receives and counts. The client sends fewer datagrams than its queue \
                holds, then asks how many have come, and goes on: the work is fixed, and the \
                question is a part of it. As fast as it goes, what the kernel dropped since the \
                queue was full is shown as lost.",
        cases,
    }
}

pub(super) fn echo() -> Area {
    let lengths = Some((500, 2_500));
    let counts = Counts { instructions: lengths, syscalls: lengths, allocations: lengths };
    let mut cases = Vec::new();
    for size in [64, 1200] {
        let load = format!("--mode udp-echo --connections 8 --size {size}");
        let one = Case::serve(format!("8 sockets of {size} B"), Workload::UdpEcho, load);
        let one = one.peers(PEERS).alternating(Slices::default());
        cases.push(if size == 64 { one.counts(counts).quick() } else { one });
        let load = format!(
            "--mode udp-echo --connections 2 --size {size} --pipeline {SEGMENTS} \
             --segments {SEGMENTS}"
        );
        let name = format!("2 sockets of {size} B, {SEGMENTS} at once (GSO, GRO)");
        let bulk = Case::serve(name, Workload::UdpEcho, load).arguments(&["--batch"]);
        let slices = Slices { operations: 128, tolerance: TOLERANCE, ..Slices::default() };
        let bulk = bulk.peers(BULK).alternating(slices);
        cases.push(if size == 1200 { bulk.quick() } else { bulk });
    }
    Area {
        name: "udp-echo",
        title: "UDP echo",
        about: "Datagrams in lockstep, which the server sends back to where they came from.",
        cases,
    }
}
