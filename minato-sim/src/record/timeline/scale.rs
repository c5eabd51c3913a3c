//! From times to places on the picture: in proportion, but long pauses are cut short.

use std::time::Duration;

/// The height that a packet with a usual time on its way gets.
const USUAL: f64 = 44.0;
/// A pause is at most this high. A longer one is drawn as a break.
const PAUSE: f64 = 64.0;
/// The picture is at most about this high.
const HIGHEST: f64 = 9_000.0;

/// Where each time is, from the top.
#[derive(Debug)]
pub(super) struct Scale {
    /// The times at which something happens, and where they are.
    points: Vec<(Duration, f64)>,
    /// The pauses that were cut short: between which places, and how long they are.
    pub(super) breaks: Vec<(f64, f64, Duration)>,
}

impl Scale {
    /// `times` are those that must have a place, and `flights` how long packets are on their way.
    pub(super) fn new(mut times: Vec<Duration>, mut flights: Vec<Duration>) -> Self {
        times.sort_unstable();
        times.dedup();
        flights.retain(|flight| !flight.is_zero());
        flights.sort_unstable();
        let usual = flights.get(flights.len() / 2).copied();
        let usual = usual.unwrap_or(Duration::from_millis(1)).as_secs_f64();
        // Everything shrinks until the picture is not too high.
        let height = |shrink: f64| -> f64 {
            let gap = |pair: &[Duration]| {
                ((pair[1] - pair[0]).as_secs_f64() / usual * USUAL).min(PAUSE) * shrink
            };
            times.windows(2).map(gap).sum()
        };
        let shrink = (HIGHEST / height(1.0)).min(1.0);
        let mut scale = Scale { points: Vec::new(), breaks: Vec::new() };
        let mut at = 0.0;
        for (index, time) in times.iter().enumerate() {
            if let Some(before) = index.checked_sub(1).and_then(|index| times.get(index)) {
                let pause = *time - *before;
                let gap = pause.as_secs_f64() / usual * USUAL;
                let high = gap.min(PAUSE) * shrink;
                if gap > PAUSE {
                    scale.breaks.push((at, at + high, pause));
                }
                at += high;
            }
            scale.points.push((*time, at));
        }
        scale
    }

    /// Where a time is. Between two that have a place it is in proportion.
    pub(super) fn place(&self, time: Duration) -> f64 {
        let next = self.points.partition_point(|(point, _)| *point < time);
        match (
            next.checked_sub(1).and_then(|before| self.points.get(before)),
            self.points.get(next),
        ) {
            (Some((before, low)), Some((after, high))) => {
                let part = (time - *before).as_secs_f64() / (*after - *before).as_secs_f64();
                low + (high - low) * part
            }
            (Some((_, place)), None) | (None, Some((_, place))) => *place,
            (None, None) => 0.0,
        }
    }

    pub(super) fn height(&self) -> f64 {
        self.points.last().map_or(0.0, |(_, place)| *place)
    }

    /// Times with their places, at least `apart` from each other: what the axis shows.
    pub(super) fn ticks(&self, apart: f64) -> Vec<(Duration, f64)> {
        let mut ticks: Vec<(Duration, f64)> = Vec::new();
        for (time, place) in &self.points {
            if ticks.last().is_none_or(|(_, last)| place - last >= apart) {
                ticks.push((*time, *place));
            }
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn places_are_in_proportion_and_pauses_are_cut_short() {
        let times = vec![MS(0), MS(1), MS(2), MS(60_000), MS(60_001)];
        let scale = Scale::new(times, vec![MS(1), MS(1), MS(2)]);
        assert_eq!(scale.place(MS(0)), 0.0);
        assert_eq!(scale.place(MS(1)), USUAL);
        assert_eq!(scale.place(Duration::from_micros(1_500)), USUAL * 1.5);
        assert_eq!(scale.place(MS(60_000)), 2.0 * USUAL + PAUSE);
        assert_eq!(scale.breaks, [(2.0 * USUAL, 2.0 * USUAL + PAUSE, MS(59_998))]);
        assert_eq!(scale.height(), 3.0 * USUAL + PAUSE);
        assert_eq!(scale.place(MS(90_000)), scale.height());
    }

    #[test]
    fn a_long_run_is_not_too_high_and_an_empty_one_has_a_scale() {
        let scale = Scale::new((0..100_000).map(MS).collect(), vec![MS(1)]);
        assert!((scale.height() - HIGHEST).abs() < 1.0);
        let scale = Scale::new(Vec::new(), Vec::new());
        assert_eq!((scale.height(), scale.place(MS(1))), (0.0, 0.0));
    }
}
