//! Every scenario once more on the operating system's sockets, in a process of its own, where
//! descriptors can be counted.

use std::time::{Duration, Instant};

use super::knife::cut_on_the_system;
use super::{listening, owned, reading, timers, waiting, writing};
use crate::kit::child::{in_child, own_name};

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What the descriptors stand for.
fn targets() -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir("/proc/self/fd").unwrap();
    all.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok()).collect()
}

#[test]
fn no_cut_leaks_a_descriptor() {
    in_child(own_name!(no_cut_leaks_a_descriptor), || {
        // What the process starts once and keeps is not a leak.
        pollster::block_on(async { drop(crate::kit::net::pair().await) });
        let all = [
            listening::SCENARIOS,
            owned::SCENARIOS,
            reading::SCENARIOS,
            timers::SCENARIOS,
            waiting::SCENARIOS,
            writing::SCENARIOS,
        ];
        for (name, scenario) in all.into_iter().flatten() {
            let before = open_descriptors();
            cut_on_the_system(name, *scenario);
            // The background thread lets go of what it watched a moment after its end.
            let patience = Instant::now() + Duration::from_secs(20);
            while open_descriptors() > before && Instant::now() < patience {
                std::thread::yield_now();
            }
            assert_eq!(open_descriptors(), before, "{name} leaks: {:?}", targets());
        }
    });
}

/// A descriptor too many is seen by the count.
#[test]
fn the_canary_forgets_a_descriptor_and_is_counted() {
    in_child(own_name!(the_canary_forgets_a_descriptor_and_is_counted), || {
        let before = open_descriptors();
        std::mem::forget(std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
        assert_eq!(open_descriptors(), before + 1);
    });
}
