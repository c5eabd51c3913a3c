//! How long packets take, by distribution.
//!
//! The same draw gives the same delay on every machine. So the functions here use only operations
//! that IEEE 754 defines to the last bit: no logarithm or sine of a system's library.

use std::io;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use crate::choice::{STEP, between, mix};
use crate::time::nanos;

/// How long packets take on their way: a distribution that each packet draws from.
///
/// ```
/// use minato_sim::{Latency, World};
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let ms = Duration::from_millis;
/// let world = World::new(1);
/// world.host("a");
/// world.host("b");
/// world.link("a", "b")?.latency(ms(3))?;
/// world.link("a", "b")?.latency(ms(1)..=ms(20))?;
/// world.link("a", "b")?.latency(Latency::normal(ms(5), ms(2)))?;
/// // A long way, and a queue somewhere.
/// world.link("a", "b")?.latency(Latency::exponential(ms(2)).plus(ms(40)).at_most(ms(500)))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    shape: Shape,
    /// What is added to each draw.
    base: u64,
    least: u64,
    most: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Uniform { min: u64, max: u64 },
    Normal { mean: u64, deviation: u64 },
    Exponential { mean: u64 },
}

impl Latency {
    const fn new(shape: Shape) -> Self {
        Latency { shape, base: 0, least: 0, most: u64::MAX }
    }

    /// The same for all packets.
    pub fn constant(delay: Duration) -> Self {
        Latency::uniform(delay, delay)
    }

    /// Anything from `min` to `max`, all equally likely.
    pub fn uniform(min: Duration, max: Duration) -> Self {
        Latency::new(Shape::Uniform { min: nanos(min), max: nanos(max) })
    }

    /// A normal distribution with this mean and standard deviation. What would be less than zero
    /// is zero.
    pub fn normal(mean: Duration, deviation: Duration) -> Self {
        Latency::new(Shape::Normal { mean: nanos(mean), deviation: nanos(deviation) })
    }

    /// An exponential distribution with this mean: most packets are fast, and a few very slow.
    pub fn exponential(mean: Duration) -> Self {
        Latency::new(Shape::Exponential { mean: nanos(mean) })
    }

    /// Adds a fixed time to each draw.
    pub fn plus(mut self, base: Duration) -> Self {
        self.base = self.base.saturating_add(nanos(base));
        self
    }

    /// Raises what is less to `least`.
    pub fn at_least(mut self, least: Duration) -> Self {
        self.least = nanos(least);
        self
    }

    /// Lowers what is more to `most`.
    pub fn at_most(mut self, most: Duration) -> Self {
        self.most = nanos(most);
        self
    }

    pub(crate) fn between_nanos(min: u64, max: u64) -> Self {
        Latency::new(Shape::Uniform { min, max })
    }

    /// Fails if no delay is possible.
    pub(crate) fn check(&self) -> io::Result<()> {
        let empty = |min: u64, max: u64| {
            let (min, max) = (Duration::from_nanos(min), Duration::from_nanos(max));
            let text = format!("a latency from {min:?} to {max:?} is an empty range");
            Err(io::Error::new(io::ErrorKind::InvalidInput, text))
        };
        match self.shape {
            Shape::Uniform { min, max } if min > max => empty(min, max),
            _ if self.least > self.most => empty(self.least, self.most),
            _ => Ok(()),
        }
    }

    /// The delay of the packet that drew `raw`.
    #[inline]
    pub(crate) fn delay(&self, raw: u64) -> u64 {
        let delay = match self.shape {
            Shape::Uniform { min, max } => between(raw, min, max),
            _ => self.shape.delay(raw),
        };
        delay.saturating_add(self.base).max(self.least).min(self.most)
    }
}

impl Shape {
    /// What `raw` draws, for shapes that take more than a few instructions.
    #[inline(never)]
    fn delay(self, raw: u64) -> u64 {
        match self {
            Shape::Uniform { min, max } => between(raw, min, max),
            Shape::Normal { mean, deviation } => {
                // A negative number becomes 0.
                (mean as f64 + deviation as f64 * standard_normal(raw)) as u64
            }
            Shape::Exponential { mean } => (mean as f64 * -logarithm(unit(raw))) as u64,
        }
    }
}

impl From<Duration> for Latency {
    fn from(delay: Duration) -> Self {
        Latency::constant(delay)
    }
}

impl From<RangeInclusive<Duration>> for Latency {
    fn from(range: RangeInclusive<Duration>) -> Self {
        Latency::uniform(*range.start(), *range.end())
    }
}

impl From<Range<Duration>> for Latency {
    /// The end does not belong to the range.
    fn from(range: Range<Duration>) -> Self {
        let (min, max) = (nanos(range.start), nanos(range.end));
        match max.checked_sub(1) {
            Some(last) if last >= min => Latency::between_nanos(min, last),
            // An empty range, which `check` reports.
            _ => Latency::between_nanos(min.max(1), 0),
        }
    }
}

/// A draw as a number above 0 and at most 1.
fn unit(raw: u64) -> f64 {
    ((raw >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

/// The natural logarithm of a positive, normal number.
fn logarithm(value: f64) -> f64 {
    const LN_2: f64 = std::f64::consts::LN_2;
    // 1. Takes out the power of two; what remains is from 1 to 2.
    let bits = value.to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    // 2. ln m = 2 artanh((m - 1) / (m + 1)), whose series ends quickly here: the argument is at
    //    most a third.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let mut sum = 0.0;
    for term in (0..18).rev() {
        sum = sum * square + 1.0 / f64::from(2 * term + 1);
    }
    exponent as f64 * LN_2 + 2.0 * ratio * sum
}

/// A number with the standard normal distribution, by Marsaglia's polar method.
fn standard_normal(raw: u64) -> f64 {
    let mut counter = raw;
    let mut next = || {
        counter = counter.wrapping_add(STEP);
        2.0 * unit(mix(counter)) - 1.0
    };
    loop {
        let (x, y) = (next(), next());
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * logarithm(square) / square).sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// The mean and the standard deviation of a hundred thousand delays, in milliseconds.
    fn statistics(latency: Latency) -> (f64, f64) {
        let delays: Vec<f64> =
            (0..100_000).map(|n| latency.delay(mix(n)) as f64 / 1_000_000.0).collect();
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        let square: f64 = delays.iter().map(|delay| (delay - mean) * (delay - mean)).sum();
        (mean, (square / delays.len() as f64).sqrt())
    }

    #[test]
    fn distributions_have_their_mean_and_deviation() {
        for (latency, mean, deviation) in [
            (Latency::constant(MS(7)), 7.0, 0.0),
            (Latency::uniform(MS(0), MS(12)), 6.0, 12.0 / 12_f64.sqrt()),
            (Latency::normal(MS(50), MS(4)), 50.0, 4.0),
            (Latency::exponential(MS(10)), 10.0, 10.0),
            (Latency::exponential(MS(10)).plus(MS(5)), 15.0, 10.0),
        ] {
            let found = statistics(latency);
            let near = |one: f64, other: f64| (one - other).abs() <= 0.02 * mean;
            assert!(near(found.0, mean) && near(found.1, deviation), "{latency:?}: {found:?}");
        }
    }

    #[test]
    fn bounds_hold() {
        let latency = Latency::normal(MS(1), MS(5)).at_least(MS(1)).at_most(MS(3));
        let delays: Vec<u64> = (0..10_000).map(|n| latency.delay(mix(n))).collect();
        assert_eq!(delays.iter().min(), Some(&1_000_000));
        assert_eq!(delays.iter().max(), Some(&3_000_000));
        let extremes = [Latency::normal(MS(1), MS(5)), Latency::exponential(Duration::MAX)];
        for latency in extremes {
            latency.delay(0);
            latency.delay(u64::MAX);
        }
    }

    #[test]
    fn the_logarithm_is_right() {
        for value in [1e-16, 0.001, 0.3, 0.5, 0.9, 1.0, 1.7, 1e9] {
            assert!((logarithm(value) - value.ln()).abs() < 1e-13 * (1.0 + value.ln().abs()));
        }
    }

    #[test]
    fn empty_ranges_are_found() {
        assert!(Latency::from(MS(1)..MS(2)).check().is_ok());
        for latency in [
            Latency::from(MS(2)..MS(2)),
            Latency::from(MS(0)..MS(0)),
            Latency::uniform(MS(2), MS(1)),
            Latency::constant(MS(1)).at_least(MS(3)).at_most(MS(2)),
        ] {
            assert!(latency.check().unwrap_err().to_string().contains("empty range"));
        }
    }

    /// Fixed values show a machine with another arithmetic.
    #[test]
    fn delays_are_the_same_on_every_machine() {
        let delays = [Latency::normal(MS(50), MS(4)), Latency::exponential(MS(10))]
            .map(|latency| [1, 2].map(|n| latency.delay(mix(n))));
        assert_eq!(delays, [[52_732_381, 50_303_231], [5_681_695, 5_256_182]]);
    }
}
