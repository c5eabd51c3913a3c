//! Every decision of the world, drawn from one seed and split by site.
//!
//! A draw is a pure function of the seed, the *site* (what is decided), the *entity* (for whom)
//! and how often that pair has drawn before. Two sites never share a sequence: one more packet loss
//! does not change which task runs next.

use std::collections::BTreeMap;

const LATENCY: u64 = site("latency");
const ORDER: u64 = site("event order");

/// By how much the counter of the generator splitmix64 goes on: an odd number, so that it comes to
/// every value.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A number of splitmix64, whose counter stands at `value`. Every bit of it reaches every bit of
/// the number.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(STEP);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The number of a site: FNV-1a over its name.
pub(crate) const fn site(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The `counter`-th number that `entity` draws at `site`.
pub(crate) const fn draw(seed: u64, site: u64, entity: u64, counter: u64) -> u64 {
    draw_at(key_of_site(seed, site), entity, counter)
}

/// What all draws of a site begin with.
pub(crate) const fn key_of_site(seed: u64, site: u64) -> u64 {
    mix(seed ^ site)
}

/// The same as [`draw`] for the key of a site, which saves a third of the work.
pub(crate) const fn draw_at(site: u64, entity: u64, counter: u64) -> u64 {
    mix(mix(site ^ entity) ^ counter)
}

/// Scales a raw draw to `0..n` (to 0 if `n` is 0).
pub(crate) const fn below(raw: u64, n: u64) -> u64 {
    ((raw as u128 * n as u128) >> 64) as u64
}

/// Scales a raw draw to `min..=max`. If `max` is less than `min`, the result is `min`.
pub(crate) const fn between(raw: u64, min: u64, max: u64) -> u64 {
    if max <= min {
        return min;
    }
    min + below(raw, (max - min).saturating_add(1))
}

/// The counters of the sites that callers name at run time. Objects that draw often keep their
/// counters themselves and call [`draw`].
#[derive(Debug)]
pub(crate) struct Choices {
    pub(crate) seed: u64,
    /// The keys of the sites that every packet draws at: how long it takes, and which event of an
    /// instant comes first.
    pub(crate) latency: u64,
    pub(crate) order: u64,
    counters: BTreeMap<(u64, u64), u64>,
    /// The instant of the last draw by instants, and how often who has drawn at it.
    instant: u64,
    of_instant: BTreeMap<(u64, u64), u64>,
}

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Choices {
            seed,
            latency: key_of_site(seed, LATENCY),
            order: key_of_site(seed, ORDER),
            counters: BTreeMap::new(),
            instant: 0,
            of_instant: BTreeMap::new(),
        }
    }

    /// What all draws of a site begin with, at an instant.
    pub(crate) fn key(&self, name: &'static str, now: u64) -> u64 {
        mix(mix(self.seed ^ site(name)) ^ now)
    }

    pub(crate) fn next(&mut self, name: &'static str, entity: u64) -> u64 {
        let site = site(name);
        let counter = self.counters.entry((site, entity)).or_insert(0);
        let raw = draw(self.seed, site, entity, *counter);
        *counter += 1;
        raw
    }

    /// The next number of the entity at the site, counted anew at each instant: nothing is kept of
    /// what draws no more.
    pub(crate) fn next_at(&mut self, now: u64, name: &'static str, entity: u64) -> u64 {
        if self.instant != now {
            self.instant = now;
            self.of_instant.clear();
        }
        let site = site(name);
        let counter = self.of_instant.entry((site, entity)).or_insert(0);
        let raw = draw(self.seed, site, entity ^ mix(now), *counter);
        *counter += 1;
        raw
    }
}

#[cfg(test)]
mod tests {
    use super::{below, between};

    #[test]
    fn scaled_draws_stay_in_range() {
        assert_eq!(below(u64::MAX, 0), 0);
        assert_eq!(below(u64::MAX, 7), 6);
        assert_eq!(below(0, 7), 0);
        assert_eq!(between(u64::MAX, 3, 9), 9);
        assert_eq!(between(0, 3, 9), 3);
        assert_eq!(between(u64::MAX, 9, 3), 9);
        assert_eq!(between(u64::MAX, 0, u64::MAX), u64::MAX - 1);
    }
}
