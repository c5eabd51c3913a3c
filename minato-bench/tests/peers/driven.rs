//! Workloads that drive themselves: once, and on demand.

use crate::kit::{MINATO, Peer, all};

const DRIVEN: [&str; 11] = [
    "spawn-join",
    "yield",
    "wake-across",
    "wake-many-to-one",
    "timer-insert-cancel",
    "timer-expire",
    "timer-reset",
    "block-in-place",
    "nested-block-on",
    "nested-block-on-direct",
    "wake-beside-blocked",
];

impl Peer {
    fn has(&self, workload: &str) -> bool {
        match workload {
            "timer-reset" => self.reset,
            "block-in-place" | "nested-block-on" => self.blocks,
            "nested-block-on-direct" => self.blocks && self.program == MINATO,
            "wake-beside-blocked" => self.variant == "multi",
            _ => true,
        }
    }
}

#[test]
fn workloads_that_drive_themselves_report() {
    for peer in all() {
        for workload in DRIVEN {
            if peer.has(workload) {
                report(&peer, &[workload, "--count", "500"]);
            } else {
                peer.lacks(&[workload, "--count", "500"]);
            }
        }
        if peer.workers {
            report(&peer, &["timer-insert-cancel", "--count", "500", "--workers", "2"]);
        }
    }
}

fn report(peer: &Peer, arguments: &[&str]) {
    let output = peer.run(arguments);
    let name = format!("{} {} {arguments:?}", peer.program, peer.variant);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = told.split_whitespace().collect();
    let ["operations", "500", "nanoseconds", time, "cpu", cpu] = words[..] else {
        panic!("{name} told {told:?}");
    };
    assert!(time.parse::<u64>().unwrap() > 0 && cpu.parse::<u64>().is_ok(), "{told}");
}

#[test]
fn workloads_run_whenever_they_are_asked_to() {
    for peer in all() {
        for workload in DRIVEN.into_iter().filter(|workload| peer.has(workload)) {
            answers(&peer, &[workload, "--on-demand"]);
        }
        if peer.workers {
            answers(&peer, &["timer-insert-cancel", "--on-demand", "--workers", "2"]);
        }
    }
}

fn answers(peer: &Peer, arguments: &[&str]) {
    let output = peer.run_with("go 200\ngo 0\ngo 400\n", arguments);
    let name = format!("{} {} {arguments:?}", peer.program, peer.variant);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = told.split_whitespace().collect();
    let ["done", "200", first, "done", "0", none, "done", "400", last] = words[..] else {
        panic!("{name} told {told:?}");
    };
    for cpu in [first, none, last] {
        assert!(cpu.parse::<u64>().is_ok(), "{name} told {told:?}");
    }
    assert!(first != "0" && last != "0", "{name} told {told:?}");
}
