//! Datagrams: a stream and echoes, one by one and in bulk.

use crate::peer::Workload;
use crate::suite::case::{Area, Case, Counts};
use crate::suite::metric::Metric;

const PEERS: &[&str] =
    &["raw-epoll", "minato", "minato-again", "tokio", "smol", "monoio", "compio", "compio-defer"];

/// Those with a bulk path: tokio's and smol's is quinn-udp over their readiness.
const BULK: &[&str] =
    &["raw-epoll", "minato", "minato-again", "tokio", "smol", "compio", "compio-defer"];

const STREAM: &[Metric] = &[Metric::Cpu, Metric::Rate, Metric::Lost, Metric::Switches];

/// Datagrams that the sender puts into one call.
const SEGMENTS: u32 = 32;

pub(super) fn stream() -> Area {
    let mut cases = Vec::new();
    for size in [64, 1200] {
        let load = |segments| format!("--mode udp-stream --size {size} --segments {segments}");
        let one = Case::serve(format!("{size} B, one by one"), Workload::UdpSink, load(1));
        cases.push(one.peers(PEERS).metrics(STREAM));
        let name = format!("{size} B, in bulk (GSO, GRO)");
        let bulk = Case::serve(name, Workload::UdpSink, load(SEGMENTS));
        cases.push(bulk.arguments(&["--batch"]).peers(BULK).metrics(STREAM).quick());
        let name = format!("{size} B, sent in bulk, received one by one");
        let mixed = Case::serve(name, Workload::UdpSink, load(SEGMENTS));
        cases.push(mixed.peers(PEERS).metrics(STREAM));
    }
    cases[0].quick = true;
    Area {
        name: "udp-stream",
        title: "UDP stream",
        about: "The client sends as fast as it can, the server receives and counts. CPU time is \
                the server's for each datagram that it received; what the kernel dropped since \
                the queue was full is shown as lost.",
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
        let one = one.peers(PEERS);
        cases.push(if size == 64 { one.counts(counts).quick() } else { one });
        let load = format!(
            "--mode udp-echo --connections 2 --size {size} --pipeline {SEGMENTS} \
             --segments {SEGMENTS}"
        );
        let name = format!("2 sockets of {size} B, {SEGMENTS} at once (GSO, GRO)");
        let bulk = Case::serve(name, Workload::UdpEcho, load).arguments(&["--batch"]).peers(BULK);
        cases.push(if size == 1200 { bulk.quick() } else { bulk });
    }
    Area {
        name: "udp-echo",
        title: "UDP echo",
        about: "Each socket keeps some datagrams under way, which the server sends back to where \
                they came from.",
        cases,
    }
}
