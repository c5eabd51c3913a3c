//! What a link does to packets, as it was asked for.

use std::io;
use std::time::Duration;

use super::latency::Latency;
use crate::choice::mix;
use crate::strikes::{FaultKind, FaultSet};
use crate::time::nanos;

/// A probability, as the part of all draws that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chance(u64);

impl Chance {
    /// # Errors
    /// `InvalidInput` for what is not a probability; the error names it and `what` it is for.
    pub(crate) fn new(what: &str, probability: f64) -> io::Result<Self> {
        if !(0.0..=1.0).contains(&probability) {
            return invalid(format!("a probability of {what} is from 0 to 1, not {probability}"));
        }
        // Two to the power of 64 saturates to the largest number.
        Ok(Chance((probability * 18_446_744_073_709_551_616.0) as u64))
    }

    pub(crate) fn hits(self, draw: u64) -> bool {
        draw < self.0 || self.0 == u64::MAX
    }
}

/// A failure with `InvalidInput` and this text.
pub(crate) fn invalid<T>(text: String) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// The nanoseconds of a duration that must not be empty.
pub(crate) fn positive(what: &str, duration: Duration) -> io::Result<u64> {
    match nanos(duration) {
        0 => invalid(format!("{what} is longer than 0 s")),
        nanos => Ok(nanos),
    }
}

/// Up and down in turns, since an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flap {
    pub(crate) since: u64,
    pub(crate) up: u64,
    pub(crate) down: u64,
}

impl Flap {
    pub(crate) fn is_down(&self, now: u64) -> bool {
        let period = self.up.saturating_add(self.down);
        now.saturating_sub(self.since) % period >= self.up
    }
}

/// What was asked of one link, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) latency: Option<Latency>,
    pub(crate) slow: Option<u64>,
    pub(crate) loss: Option<Chance>,
    pub(crate) duplicate: Option<Chance>,
    pub(crate) reorder: Option<(Chance, u64)>,
    pub(crate) corrupt: Option<Chance>,
    pub(crate) garble: Option<Chance>,
    pub(crate) rate: Option<u64>,
    pub(crate) queue: Option<u64>,
    pub(crate) mtu: Option<usize>,
    pub(crate) flap: Option<Flap>,
    pub(crate) cut: bool,
    pub(crate) clogged: bool,
}

impl Settings {
    /// These settings, and for what they leave open those of `default`. A link is cut or clogged if
    /// either says so.
    pub(crate) fn or(self, default: &Settings) -> Settings {
        Settings {
            latency: self.latency.or(default.latency),
            slow: self.slow.or(default.slow),
            loss: self.loss.or(default.loss),
            duplicate: self.duplicate.or(default.duplicate),
            reorder: self.reorder.or(default.reorder),
            corrupt: self.corrupt.or(default.corrupt),
            garble: self.garble.or(default.garble),
            rate: self.rate.or(default.rate),
            queue: self.queue.or(default.queue),
            mtu: self.mtu.or(default.mtu),
            flap: self.flap.or(default.flap),
            cut: self.cut || default.cut,
            clogged: self.clogged || default.clogged,
        }
    }

    /// Without faults: what is left describes the network.
    pub(crate) fn healed(self) -> Settings {
        let Settings { latency, rate, queue, mtu, .. } = self;
        Settings { latency, rate, queue, mtu, ..Settings::default() }
    }

    /// The kinds of faults that are asked for.
    pub(crate) fn faults(&self) -> FaultSet {
        let likely = |chance: Option<Chance>| chance.is_some_and(|chance| chance != Chance(0));
        let mut faults = FaultSet::default();
        for (kind, is_asked) in [
            (FaultKind::Cut, self.cut),
            (FaultKind::Flap, self.flap.is_some()),
            (FaultKind::Clog, self.clogged),
            (FaultKind::Loss, likely(self.loss)),
            (FaultKind::Duplicate, likely(self.duplicate)),
            (FaultKind::Reorder, likely(self.reorder.map(|(chance, _)| chance))),
            (FaultKind::Corrupt, likely(self.corrupt) || likely(self.garble)),
            (FaultKind::Slow, self.slow.is_some_and(|slow| slow > 0)),
        ] {
            if is_asked {
                faults.add(kind);
            }
        }
        faults
    }

    /// Whether nothing but the latency is set.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Settings { latency: self.latency, ..Settings::default() }
    }
}

/// Bytes of a datagram change: one to four of them, by the draw. Returns whether any did.
pub(crate) fn garble(bytes: &mut [u8], draw: u64) -> bool {
    if bytes.is_empty() {
        return false;
    }
    for change in 0..=draw % 4 {
        let raw = mix(draw ^ change);
        let at = (raw >> 8) % bytes.len() as u64;
        // Never 0, which would change nothing; and a byte that is hit twice differs still, since
        // the second change is another.
        bytes[at as usize] ^= (1 << (raw % 2 + 2 * change)) as u8;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_hit_as_often_as_they_say() {
        for probability in [0.0, 0.001, 0.01, 0.3, 0.999, 1.0] {
            let chance = Chance::new("loss", probability).unwrap();
            let hits = (0..100_000).filter(|n| chance.hits(mix(*n))).count() as f64;
            assert!((hits / 100_000.0 - probability).abs() < 0.005, "{probability}: {hits}");
        }
        assert!(Chance::new("loss", 1.0).unwrap().hits(u64::MAX));
        assert!(!Chance::new("loss", 0.0).unwrap().hits(0));
    }

    #[test]
    fn what_is_no_probability_is_named() {
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let error = Chance::new("loss", wrong).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            let text = error.to_string();
            assert!(text.contains("loss") && text.contains(&wrong.to_string()), "{text}");
        }
    }

    #[test]
    fn garbled_bytes_always_differ() {
        for draw in 0..10_000 {
            for len in 1..5 {
                let mut bytes = vec![7; len];
                assert!(garble(&mut bytes, draw));
                assert_ne!(bytes, vec![7; len], "draw {draw}");
            }
        }
    }

    #[test]
    fn a_flap_is_up_first() {
        let flap = Flap { since: 100, up: 10, down: 5 };
        let down: Vec<u64> = (90..140).filter(|now| flap.is_down(*now)).collect();
        assert_eq!(down, [110, 111, 112, 113, 114, 125, 126, 127, 128, 129]);
    }
}
