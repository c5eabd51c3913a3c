//! How sure we are of a figure: two ways, by how the case was measured.
//!
//! **By starts.** Servers that alternate give a logarithm of a ratio for each block of slices. The
//! blocks of a start share its layout of memory and its spell of noise, so they are no independent
//! sample: their mean, without the lowest and the highest fifth, is *one* value. The values of the
//! starts are the sample, and the interval is Student's.
//!
//! **By rounds.** What is measured in rounds of its own has the *ratios of paired rounds*: in each
//! round both peers were measured within seconds of each other, so that what slowed the machine
//! slowed both. The figure is their median, and its interval that of the order statistics, which
//! assumes nothing about the distribution. The true median lies below a ratio with probability one
//! half, in each round anew; so the number of ratios below it is that of heads among `n` throws of
//! a coin. It is outside the `k`th smallest and the `k`th largest ratio only if fewer than `k`
//! throws show one of the sides, which has the probability `2 * P(heads < k)`. We take the largest
//! `k` for which that is little enough. With too few rounds there is none; then the interval is the
//! range of all ratios, and its coverage says how little that means.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The probability with which the interval of a self-check holds the true value.
pub const CHECKED: f64 = 0.95;

/// The probability with which the interval of a claim does: a hundred claims are made in a run.
pub const CLAIMED: f64 = 0.99;

/// The share of the blocks at each end that the mean leaves out.
const TRIMMED: f64 = 0.2;

/// A value, and the interval that holds the true one with the probability `coverage`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The median of rounds, or the mean of starts.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The probability that the interval holds the true value.
    pub coverage: f64,
    /// How many rounds or starts it rests on.
    pub rounds: usize,
}

impl Estimate {
    /// The median of some values with its interval; none from no values.
    pub fn of(values: &[f64], confidence: f64) -> Option<Estimate> {
        let sorted = sorted(values);
        let rounds = sorted.len();
        let value = median(&sorted)?;
        let (outside, coverage) = outside(rounds, confidence);
        let (low, high) = (sorted[outside - 1], sorted[rounds - outside]);
        Some(Estimate { value, low, high, coverage, rounds })
    }

    /// The estimate of `ours / theirs`, from the rounds in which both were measured.
    ///
    /// A round in which `theirs` was 0 has no ratio.
    pub fn of_ratio(
        ours: &[Option<f64>],
        theirs: &[Option<f64>],
        confidence: f64,
    ) -> Option<Estimate> {
        let ratios: Vec<f64> = ours
            .iter()
            .zip(theirs)
            .filter_map(|(ours, theirs)| Some((*ours)? / (*theirs)?))
            .filter(|ratio| ratio.is_finite())
            .collect();
        Estimate::of(&ratios, confidence)
    }

    /// The ratio whose logarithm each start has estimated, with Student's interval; none from no
    /// starts. One start has no interval, and the coverage 0.
    pub fn of_starts(logarithms: &[f64], confidence: f64) -> Option<Estimate> {
        let rounds = logarithms.len();
        let mean = mean(logarithms)?;
        if rounds == 1 {
            let value = mean.exp();
            return Some(Estimate { value, low: value, high: value, coverage: 0.0, rounds });
        }
        let squares: f64 = logarithms.iter().map(|value| (value - mean).powi(2)).sum();
        let freedom = (rounds - 1) as f64;
        let error = (squares / freedom / rounds as f64).sqrt();
        let half =
            StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(f64::midpoint(1.0, confidence));
        let (low, high) = ((mean - half * error).exp(), (mean + half * error).exp());
        Some(Estimate { value: mean.exp(), low, high, coverage: confidence, rounds })
    }

    /// `0.931 (0.925 to 0.937)`; without an interval from one value.
    pub fn text(&self) -> String {
        if self.rounds < 2 {
            return format!("{:.3}", self.value);
        }
        format!("{:.3} ({:.3} to {:.3})", self.value, self.low, self.high)
    }

    /// Whether the interval is one of at least [`CHECKED`].
    pub fn is_sure(&self) -> bool {
        self.coverage >= CHECKED
    }

    /// Whether the whole interval is within `share` of 1.
    pub fn is_one_within(&self, share: f64) -> bool {
        self.low >= 1.0 - share && self.high <= 1.0 + share
    }

    /// The interval, made wider by as much as a self-check was off: what a peer differs from itself
    /// by chance, it may differ from another.
    pub fn widened_by(&self, check: &Estimate) -> Estimate {
        let off = (1.0 / check.low).max(check.high).max(1.0);
        Estimate { low: self.low / off, high: self.high * off, ..*self }
    }
}

/// The mean of the values without the lowest and the highest fifth; none from no values.
pub fn trimmed_mean(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let ends = (sorted.len() as f64 * TRIMMED) as usize;
    mean(&sorted[ends..sorted.len() - ends])
}

fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
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
/// this confidence, or 1; and the probability that they do.
fn outside(n: usize, confidence: f64) -> (usize, f64) {
    let mut probability = 0.5_f64.powi(n as i32);
    let mut below = 0.0;
    let mut best = (1, 1.0 - 2.0 * probability);
    for k in 1..=n / 2 {
        // `probability` is that of exactly k - 1 heads.
        below += probability;
        let coverage = 1.0 - 2.0 * below;
        if coverage < confidence {
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
            let found = outside(n, CHECKED);
            assert_eq!(found.0, rank, "{n}");
            assert!((found.1 - coverage).abs() < 0.0001, "{n}: {}", found.1);
        }
        assert_eq!(outside(8, CLAIMED).0, 1);
        assert_eq!(outside(12, CLAIMED).0, 2);
    }

    /// Half widths for values with a standard deviation of 1, as tables of Student's t give them.
    #[test]
    fn intervals_of_starts_are_students() {
        for (starts, confidence, quantile) in [
            (2, CHECKED, 12.706),
            (8, CHECKED, 2.365),
            (12, CHECKED, 2.201),
            (8, CLAIMED, 3.499),
            (12, CLAIMED, 3.106),
            (40, CLAIMED, 2.708),
        ] {
            // Half of them 1 above, half 1 below the mean.
            let values: Vec<f64> =
                (0..starts).map(|at| if at % 2 == 0 { 0.3 } else { 0.1 }).collect();
            let estimate = Estimate::of_starts(&values, confidence).unwrap();
            let n = f64::from(starts);
            let deviation = 0.1 * (n / (n - 1.0)).sqrt();
            let half = quantile * deviation / n.sqrt();
            assert!((estimate.value.ln() - 0.2).abs() < 1e-9);
            assert!((estimate.high.ln() - 0.2 - half).abs() < 1e-4, "{starts} {confidence}");
            assert!((0.2 - estimate.low.ln() - half).abs() < 1e-4, "{starts} {confidence}");
        }
        let single = Estimate::of_starts(&[0.0], CLAIMED).unwrap();
        assert!(!single.is_sure() && single.value == 1.0);
        assert_eq!(Estimate::of_starts(&[], CLAIMED), None);
    }

    #[test]
    fn a_fifth_at_each_end_does_not_count() {
        let values = [1000.0, 3.0, 1.0, 2.0, -1000.0];
        assert_eq!(trimmed_mean(&values), Some(2.0));
        assert_eq!(trimmed_mean(&[1.0, 2.0]), Some(1.5));
        assert_eq!(trimmed_mean(&[]), None);
    }

    #[test]
    fn a_check_that_is_off_widens_both_ways() {
        let exact = Estimate { value: 0.5, low: 0.4, high: 0.6, coverage: 0.99, rounds: 9 };
        let check = Estimate { value: 1.0, low: 0.8, high: 1.1, ..exact };
        let widened = exact.widened_by(&check);
        assert!((widened.low - 0.32).abs() < 1e-9 && (widened.high - 0.75).abs() < 1e-9);
    }

    #[test]
    fn few_rounds_have_no_sure_interval() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0], CHECKED).unwrap();
        assert_eq!((estimate.low, estimate.value, estimate.high), (1.0, 3.0, 5.0));
        assert!(!estimate.is_sure());
        assert!(Estimate::of(&[1.0; 6], CHECKED).unwrap().is_sure());
        assert_eq!(Estimate::of(&[7.0], CHECKED).unwrap().coverage, 0.0);
        assert_eq!(Estimate::of(&[], CHECKED), None);
    }

    #[test]
    fn an_outlier_does_not_move_the_interval() {
        let mut values = vec![1.0; 20];
        values[3] = 1000.0;
        let estimate = Estimate::of(&values, CHECKED).unwrap();
        assert_eq!((estimate.low, estimate.high), (1.0, 1.0));
    }

    #[test]
    fn ratios_are_of_rounds_that_both_have() {
        let ours = [Some(2.0), None, Some(6.0), Some(1.0)];
        let theirs = [Some(4.0), Some(1.0), Some(3.0), Some(0.0)];
        let estimate = Estimate::of_ratio(&ours, &theirs, CHECKED).unwrap();
        assert_eq!((estimate.rounds, estimate.low, estimate.high), (2, 0.5, 2.0));
        assert_eq!(Estimate::of_ratio(&ours, &[], CHECKED), None);
    }

    #[test]
    fn a_drift_that_both_share_falls_out() {
        let theirs: Vec<_> = (0..10).map(|round| Some(100.0 * f64::from(round + 1))).collect();
        let ours: Vec<_> = theirs.iter().map(|value| value.map(|value| value * 0.9)).collect();
        let estimate = Estimate::of_ratio(&ours, &theirs, CHECKED).unwrap();
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
                let estimate = Estimate::of(&values, CHECKED).unwrap();
                estimate.low <= 1.0 && estimate.high >= 1.0
            })
            .count();
        let share = held as f64 / f64::from(trials);
        assert!((0.94..=0.985).contains(&share), "{share}");
    }
}
