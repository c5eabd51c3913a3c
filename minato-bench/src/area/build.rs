//! A cold build.

use crate::suite::case::{Area, Case, Plan};
use crate::suite::metric::Metric;

const METRICS: &[Metric] = &[Metric::Build, Metric::Crates];

pub(super) fn area() -> Area {
    let peers = ["minato", "minato-again", "tokio", "smol"];
    let case = Case::new("release, equal features", Plan::Build, METRICS);
    Area {
        name: "build",
        title: "Cold build",
        about: "A program that depends on nothing but the runtime is built for release in an \
                empty target folder, sources at hand. Crates are those of third parties, with \
                what they need to be built.",
        cases: vec![case.peers(&peers)],
    }
}
