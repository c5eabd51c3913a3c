//! Whether something grows: a line through samples, with the error of its slope.

/// A slope, and the half width of its 99% interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    pub(crate) slope: f64,
    pub(crate) error: f64,
}

impl Trend {
    /// The least-squares line through points of a time and a value. Fewer than four points have
    /// none, and neither have points of a single time.
    pub(crate) fn of(points: &[(f64, f64)]) -> Option<Trend> {
        let count = points.len() as f64;
        let freedom = points.len().checked_sub(2).filter(|freedom| *freedom >= 2)?;
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
        let (middle, level) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|(time, _)| (time - middle).powi(2)).sum();
        let common: f64 =
            points.iter().map(|(time, value)| (time - middle) * (value - level)).sum();
        if spread == 0.0 {
            return None;
        }
        let slope = common / spread;
        let residue = |(time, value): &(f64, f64)| value - level - slope * (time - middle);
        let squares: f64 = points.iter().map(|point| residue(point).powi(2)).sum();
        let deviation = (squares / freedom as f64 / spread).sqrt();
        Some(Trend { slope, error: student(freedom) * deviation })
    }

    /// Whether it rises beyond its error.
    pub(crate) fn rises(&self) -> bool {
        self.slope > self.error
    }
}

/// The 99.5% point of Student's distribution: Hill's expansion around that of the normal one, which
/// is right to a percent from five degrees of freedom on, and too small by a fifth at two.
fn student(freedom: usize) -> f64 {
    const NORMAL: f64 = 2.575_829;
    let freedom = freedom as f64;
    let [third, fifth, seventh] = [3, 5, 7].map(|power| NORMAL.powi(power));
    NORMAL
        + (third + NORMAL) / (4.0 * freedom)
        + (5.0 * fifth + 16.0 * third + 3.0 * NORMAL) / (96.0 * freedom.powi(2))
        + (3.0 * seventh + 19.0 * fifth + 17.0 * third - 15.0 * NORMAL) / (384.0 * freedom.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_is_that_of_the_tables() {
        for (freedom, known) in [(5, 4.032), (10, 3.169), (30, 2.750), (1000, 2.581)] {
            let relative = student(freedom) / known - 1.0;
            assert!(relative.abs() < 0.01, "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn a_leak_in_noise_rises_and_noise_does_not() {
        let mut numbers = fastrand::Rng::with_seed(1);
        let mut false_alarms = 0;
        for _ in 0..1000 {
            let noise: Vec<f64> = (0..40).map(|_| numbers.f64()).collect();
            let line = |slope: f64| -> Vec<(f64, f64)> {
                (0..40).map(|at| (at as f64, noise[at] + slope * at as f64)).collect()
            };
            false_alarms += usize::from(Trend::of(&line(0.0)).unwrap().rises());
            assert!(Trend::of(&line(0.05)).unwrap().rises());
            assert!(!Trend::of(&line(-0.05)).unwrap().rises());
        }
        // Half a percent of all, by the interval.
        assert!(false_alarms < 20, "{false_alarms}");
    }

    #[test]
    fn what_stays_exactly_has_no_slope_and_one_more_each_time_has() {
        let still: Vec<(f64, f64)> = (0..9).map(|at| (at as f64, 7.0)).collect();
        assert_eq!(Trend::of(&still), Some(Trend { slope: 0.0, error: 0.0 }));
        let rising: Vec<(f64, f64)> = (0..9).map(|at| (at as f64, at as f64)).collect();
        assert!(Trend::of(&rising).unwrap().rises());
        assert_eq!(Trend::of(&still[..3]), None);
        assert_eq!(Trend::of(&[(1.0, 2.0); 9]), None);
    }
}
