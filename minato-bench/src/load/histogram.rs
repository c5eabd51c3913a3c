//! Latencies, kept in full as a histogram and told as percentiles.

use std::io;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The percentiles that are told. The last is the maximum.
const PERCENTILES: [f64; 8] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0];

/// Nothing waits longer, and what does is counted as this.
const LONGEST: u64 = 120_000_000_000;

/// One point of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// This share of the requests, in percent, was answered within the time.
    pub percentile: f64,
    /// The time.
    pub microseconds: f64,
}

/// A distribution at its usual percentiles, rising.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Latencies(pub Vec<Latency>);

impl Latencies {
    /// The time at one of the percentiles that are told.
    pub fn at(&self, percentile: f64) -> Option<f64> {
        self.0.iter().find(|point| point.percentile == percentile).map(|point| point.microseconds)
    }
}

/// Collects times in nanoseconds.
pub(super) struct Recorder(Histogram<u64>);

impl Recorder {
    pub(super) fn new() -> io::Result<Recorder> {
        Histogram::new_with_bounds(1, LONGEST, 3).map(Recorder).map_err(io::Error::other)
    }

    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// None if nothing was recorded.
    pub(super) fn latencies(&self) -> Option<Latencies> {
        if self.0.is_empty() {
            return None;
        }
        let at = |percentile| Latency {
            percentile,
            microseconds: self.0.value_at_percentile(percentile) as f64 / 1e3,
        };
        Some(Latencies(PERCENTILES.into_iter().map(at).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut recorder = Recorder::new().unwrap();
        assert_eq!(recorder.latencies(), None);
        for microseconds in 1..=1000 {
            recorder.record(microseconds * 1000);
        }
        let latencies = recorder.latencies().unwrap();
        for (percentile, expected) in [(50.0, 500.0), (99.0, 990.0), (100.0, 1000.0)] {
            let found = latencies.at(percentile).unwrap();
            assert!((found - expected).abs() <= expected / 500.0, "{percentile}: {found}");
        }
        assert_eq!(latencies.at(12.0), None);
    }
}
