//! Medians, and how sure we are of a ratio.
//!
//! Two peers are compared by the *ratios of their paired rounds*: in each round both were measured
//! within seconds of each other, so that what slowed the machine then slowed both, and falls out of
//! the ratio. The figure is the median of these ratios.
//!
//! Its interval is that of the order statistics, which assumes nothing about the distribution, not
//! even symmetry. The true median lies below a ratio with probability one half, in each round anew;
//! so the number of ratios below it is that of heads among `n` throws of a coin. The true median is
//! outside the `k`th smallest and the `k`th largest ratio only if fewer than `k` throws show one of
//! the sides, which has the probability `2 * P(heads < k)`. We take the largest `k` for which that
//! is at most 5%. With fewer than six rounds there is none; then the interval is the range of all
//! ratios, and its coverage says how little that means.

use serde::Serialize;

/// The probability with which an interval is to hold the true median.
pub const CONFIDENCE: f64 = 0.95;

/// A median, and the interval that holds the true one with the probability `coverage`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The median of what was measured.
    pub median: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The probability that the interval holds the true median.
    pub coverage: f64,
    /// How many values it rests on.
    pub rounds: usize,
}

impl Estimate {
    /// The estimate from some values; none from no values.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        let sorted = sorted(values);
        let rounds = sorted.len();
        let median = median(&sorted)?;
        let (outside, coverage) = outside(rounds);
        let (low, high) = (sorted[outside - 1], sorted[rounds - outside]);
        Some(Estimate { median, low, high, coverage, rounds })
    }

    /// The estimate of `ours / theirs`, from the rounds in which both were measured.
    ///
    /// A round in which `theirs` was 0 has no ratio.
    pub fn of_ratio(ours: &[Option<f64>], theirs: &[Option<f64>]) -> Option<Estimate> {
        let ratios: Vec<f64> = ours
            .iter()
            .zip(theirs)
            .filter_map(|(ours, theirs)| Some((*ours)? / (*theirs)?))
            .filter(|ratio| ratio.is_finite())
            .collect();
        Estimate::of(&ratios)
    }

    /// Whether the interval is one of at least [`CONFIDENCE`].
    pub fn is_sure(&self) -> bool {
        self.coverage >= CONFIDENCE
    }

    /// Whether the whole interval is within `share` of 1.
    pub fn is_one_within(&self, share: f64) -> bool {
        self.low >= 1.0 - share && self.high <= 1.0 + share
    }
}

/// The value in the middle, or the mean of the two; none of no values.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The values in rising order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The largest `k` for which the `k`th smallest and largest of `n` values enclose the median with
/// [`CONFIDENCE`], or 1; and the probability that they do.
fn outside(n: usize) -> (usize, f64) {
    let mut probability = 0.5_f64.powi(n as i32);
    let mut below = 0.0;
    let mut best = (1, 1.0 - 2.0 * probability);
    for k in 1..=n / 2 {
        // `probability` is that of exactly k - 1 heads.
        below += probability;
        let coverage = 1.0 - 2.0 * below;
        if coverage < CONFIDENCE {
            break;
        }
        best = (k, coverage);
        probability *= (n - k + 1) as f64 / k as f64;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&sorted(&[3.0, 1.0, 2.0])), Some(2.0));
        assert_eq!(median(&sorted(&[4.0, 1.0, 2.0, 3.0])), Some(2.5));
    }

    /// Ranks and coverages as tables of the sign test give them.
    #[test]
    fn intervals_are_those_of_the_sign_test() {
        let known = [(6, 1, 0.9688), (8, 1, 0.9922), (9, 2, 0.9609), (10, 2, 0.9785)];
        let larger = [(12, 3, 0.9614), (15, 4, 0.9648), (20, 6, 0.9586), (25, 8, 0.9567)];
        for (n, rank, coverage) in known.into_iter().chain(larger) {
            let found = outside(n);
            assert_eq!(found.0, rank, "{n}");
            assert!((found.1 - coverage).abs() < 0.0001, "{n}: {}", found.1);
        }
    }

    #[test]
    fn few_rounds_have_no_sure_interval() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((estimate.low, estimate.median, estimate.high), (1.0, 3.0, 5.0));
        assert!(!estimate.is_sure());
        assert!(Estimate::of(&[1.0; 6]).unwrap().is_sure());
        assert_eq!(Estimate::of(&[7.0]).unwrap().coverage, 0.0);
        assert_eq!(Estimate::of(&[]), None);
    }

    #[test]
    fn an_outlier_does_not_move_the_interval() {
        let mut values = vec![1.0; 20];
        values[3] = 1000.0;
        let estimate = Estimate::of(&values).unwrap();
        assert_eq!((estimate.low, estimate.high), (1.0, 1.0));
    }

    #[test]
    fn ratios_are_of_rounds_that_both_have() {
        let ours = [Some(2.0), None, Some(6.0), Some(1.0)];
        let theirs = [Some(4.0), Some(1.0), Some(3.0), Some(0.0)];
        let estimate = Estimate::of_ratio(&ours, &theirs).unwrap();
        assert_eq!((estimate.rounds, estimate.low, estimate.high), (2, 0.5, 2.0));
        assert_eq!(Estimate::of_ratio(&ours, &[]), None);
    }

    #[test]
    fn a_drift_that_both_share_falls_out() {
        let theirs: Vec<_> = (0..10).map(|round| Some(100.0 * f64::from(round + 1))).collect();
        let ours: Vec<_> = theirs.iter().map(|value| value.map(|value| value * 0.9)).collect();
        let estimate = Estimate::of_ratio(&ours, &theirs).unwrap();
        assert!((estimate.low - 0.9).abs() < 1e-9 && (estimate.high - 0.9).abs() < 1e-9);
    }

    /// The interval of the median of noise holds 1 about as often as it says.
    #[test]
    fn the_coverage_is_true() {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let trials = 2000;
        let held = (0..trials)
            .filter(|_| {
                // The median of the ratio of two alike values is 1, and it is far from symmetric.
                let values: Vec<f64> =
                    (0..12).map(|_| (0.1 + random()) / (0.1 + random())).collect();
                let estimate = Estimate::of(&values).unwrap();
                estimate.low <= 1.0 && estimate.high >= 1.0
            })
            .count();
        let share = held as f64 / f64::from(trials);
        assert!((0.94..=0.985).contains(&share), "{share}");
    }
}
