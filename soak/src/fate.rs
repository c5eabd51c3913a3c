//! What the link does to a packet: drawn from a seed, and counted. There is no clock and no socket
//! here.

use std::time::Duration;

use fastrand::Rng;

/// How bad the link is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Badness {
    /// Shares of the packets that are lost, arrive twice, or are held back so that others overtake.
    pub(crate) loss: f64,
    pub(crate) duplication: f64,
    pub(crate) holding: f64,
    /// What every packet takes at least, and by how much that varies.
    pub(crate) delay: Duration,
    pub(crate) jitter: Duration,
    /// How long a packet may be held back.
    pub(crate) longest_hold: Duration,
    /// How many bytes pass in a second, and how many may wait to do so.
    pub(crate) rate: u64,
    pub(crate) queue: u64,
    /// How long the link is up at most before it goes down, and how long it is down at most.
    pub(crate) longest_up: Duration,
    pub(crate) longest_down: Duration,
}

/// A link over a continent and through a bad radio.
pub(crate) const BAD: Badness = Badness {
    loss: 0.01,
    duplication: 0.01,
    holding: 0.03,
    delay: Duration::from_millis(4),
    jitter: Duration::from_millis(2),
    longest_hold: Duration::from_millis(10),
    rate: 2_500_000,
    queue: 100_000,
    longest_up: Duration::from_secs(12),
    longest_down: Duration::from_millis(1500),
};

/// How many packets met what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fates {
    pub(crate) carried: u64,
    pub(crate) lost: u64,
    pub(crate) lost_while_down: u64,
    pub(crate) lost_in_full_queue: u64,
    pub(crate) duplicated: u64,
    pub(crate) held: u64,
    pub(crate) flaps: u64,
}

/// One direction of the link.
#[derive(Debug)]
pub(crate) struct Direction {
    badness: Badness,
    numbers: Rng,
    /// Until when the packets before this one keep the link busy.
    busy_until: Duration,
    /// When the link next goes down, and when it is up again.
    down_from: Duration,
    down_until: Duration,
    /// The last moment at which a packet arrives that was not held back.
    last_arrival: Duration,
    pub(crate) fates: Fates,
}

impl Direction {
    pub(crate) fn new(badness: Badness, seed: u64) -> Direction {
        let mut direction = Direction {
            badness,
            numbers: Rng::with_seed(seed),
            busy_until: Duration::ZERO,
            down_from: Duration::ZERO,
            down_until: Duration::ZERO,
            last_arrival: Duration::ZERO,
            fates: Fates::default(),
        };
        direction.plan_flap();
        direction
    }

    /// When a packet of `length` bytes that is sent at `now` arrives, and its copy; nothing if it
    /// is lost.
    pub(crate) fn decide(&mut self, now: Duration, length: u64) -> Vec<Duration> {
        if self.is_down(now) {
            self.fates.lost_while_down += 1;
            return Vec::new();
        }
        if self.numbers.f64() < self.badness.loss {
            self.fates.lost += 1;
            return Vec::new();
        }
        let waiting = self.busy_until.saturating_sub(now).as_secs_f64();
        if waiting * self.badness.rate as f64 > self.badness.queue as f64 {
            self.fates.lost_in_full_queue += 1;
            return Vec::new();
        }
        let takes = Duration::from_secs_f64(length as f64 / self.badness.rate as f64);
        self.busy_until = self.busy_until.max(now) + takes;
        self.fates.carried += 1;
        let mut arrivals = vec![self.arrival()];
        if self.numbers.f64() < self.badness.duplication {
            self.fates.duplicated += 1;
            arrivals.push(self.arrival());
        }
        arrivals
    }

    fn arrival(&mut self) -> Duration {
        let least = self.busy_until + self.badness.delay;
        let at = least + self.badness.jitter.mul_f64(self.numbers.f64());
        if self.numbers.f64() < self.badness.holding {
            self.fates.held += 1;
            return at + self.badness.longest_hold.mul_f64(self.numbers.f64());
        }
        // The others keep their order.
        self.last_arrival = self.last_arrival.max(at);
        self.last_arrival
    }

    fn is_down(&mut self, now: Duration) -> bool {
        while now >= self.down_until {
            self.fates.flaps += 1;
            self.plan_flap();
        }
        now >= self.down_from
    }

    fn plan_flap(&mut self) {
        let Badness { longest_up, longest_down, .. } = self.badness;
        self.down_from = self.down_until + longest_up.mul_f64(self.numbers.f64());
        // A link that is not down for a moment would never be planned again.
        let down = longest_down.mul_f64(self.numbers.f64()).max(Duration::from_millis(1));
        self.down_until = self.down_from + down;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet a millisecond, for a simulated minute.
    fn minute(badness: Badness, seed: u64) -> (Vec<Vec<Duration>>, Fates) {
        let mut direction = Direction::new(badness, seed);
        let packets = (0..60_000).map(Duration::from_millis);
        let arrivals = packets.map(|now| direction.decide(now, 1000)).collect();
        (arrivals, direction.fates)
    }

    #[test]
    fn one_seed_is_one_link() {
        assert_eq!(minute(BAD, 7), minute(BAD, 7));
        assert_ne!(minute(BAD, 7), minute(BAD, 8));
    }

    #[test]
    fn everything_happens_and_is_counted() {
        let (arrivals, fates) = minute(BAD, 7);
        let lost = arrivals.iter().filter(|arrivals| arrivals.is_empty()).count() as u64;
        let twice = arrivals.iter().filter(|arrivals| arrivals.len() == 2).count() as u64;
        assert_eq!(lost, fates.lost + fates.lost_while_down + fates.lost_in_full_queue);
        assert_eq!(twice, fates.duplicated);
        assert_eq!(fates.carried + lost, 60_000);
        for (count, least) in [
            (fates.lost, 300),
            (fates.lost_while_down, 300),
            (fates.duplicated, 300),
            (fates.held, 300),
            (fates.flaps, 4),
        ] {
            assert!(count > least, "{fates:?}");
        }
    }

    #[test]
    fn no_packet_arrives_before_it_was_sent_and_passed() {
        let (arrivals, _) = minute(BAD, 7);
        for (sent, arrivals) in (0..).map(Duration::from_millis).zip(arrivals) {
            assert!(arrivals.iter().all(|at| *at >= sent + BAD.delay));
        }
    }

    #[test]
    fn what_does_not_fit_the_queue_is_lost() {
        let (_, fates) = minute(Badness { rate: 100_000, ..BAD }, 7);
        assert!(fates.lost_in_full_queue > 40_000, "{fates:?}");
    }
}
