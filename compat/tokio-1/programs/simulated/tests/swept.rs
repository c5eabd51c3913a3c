//! Services that are swept through faults: they come through, and each seed has one trace.

use std::env;
use std::ops::Range;
use std::process::Command;

use minato::sim::FaultKind;
use simulated::swept::{SERVICES, Service, sweep};

const SEEDS: Range<u64> = 0..20;

/// What must have gone wrong in some of the runs.
const STRIKING: [FaultKind; 5] =
    [FaultKind::Crash, FaultKind::Cut, FaultKind::Loss, FaultKind::Reset, FaultKind::Slow];

fn comes_through(name: &str) {
    let service = service(name);
    let (report, lines) = sweep(service, SEEDS);
    assert_eq!(lines.len(), SEEDS.end as usize, "a seed has two traces");
    for kind in STRIKING {
        assert!(report.struck(kind) > 0, "{kind:?} has struck nothing: {report}");
    }
}

fn service(name: &str) -> Service {
    *SERVICES.iter().find(|(other, _)| *other == name).unwrap()
}

#[test]
fn axum_and_reqwest_over_tls_and_http2_come_through() {
    comes_through("https");
}

#[test]
fn tonic_comes_through() {
    comes_through("grpc");
}

#[test]
fn tungstenite_comes_through() {
    comes_through("websocket");
}

#[test]
fn the_redis_client_comes_through() {
    comes_through("redis");
}

#[test]
#[ignore = "is run in processes of its own"]
fn traces() {
    for service in SERVICES {
        for line in sweep(service, SEEDS).1 {
            println!("trace: {line}");
        }
    }
}

#[test]
fn a_seed_has_one_trace_in_two_processes() {
    let run = || {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "traces"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let lines = text.lines().filter(|line| line.starts_with("trace: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, two) = (run(), run());
    assert_eq!(one.len(), SERVICES.len() * SEEDS.end as usize);
    assert_eq!(one, two);
}
