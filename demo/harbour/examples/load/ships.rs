//! Ships for a harbour that looks as if it were one.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use harbour::domain::{Berth, BookingRequest};

const NAMES: [&str; 28] = [
    "Amaterasu",
    "Kuroshio",
    "Nordlys",
    "Santa Catarina",
    "Ever Patient",
    "Hoshi",
    "Lady Margaret",
    "Pelagia",
    "Blue Heron",
    "Vasco",
    "Tsukuyomi",
    "Grace of Bergen",
    "Ocean Ledger",
    "Mistral",
    "Albatross",
    "Corvus",
    "Halcyon",
    "Sankt Olav",
    "Petrel",
    "Maria Celeste",
    "Ariadne",
    "Oceanus",
    "Kestrel",
    "Tide Runner",
    "Fulmar",
    "Isfjord",
    "Meridian",
    "Silver Gull",
];

/// Bookings for most of the time from three days ago on, for four weeks, each with its key. They
/// are the same whenever they are made in the same hour.
pub fn bookings(berths: &[Berth], now: DateTime<Utc>) -> Vec<(String, BookingRequest)> {
    let hour = now.with_minute(0).and_then(|now| now.with_second(0)?.with_nanosecond(0));
    let begin = hour.unwrap_or(now) - TimeDelta::days(3);
    let mut random = Random(20);
    let mut bookings = Vec::new();
    for (place, berth) in berths.iter().enumerate() {
        let mut arrives = begin + TimeDelta::hours(random.below(40));
        while arrives < begin + TimeDelta::days(28) {
            // The ships of a berth are its own: a ship has one length, and is at one place.
            let name = NAMES[(place * 5 + random.below(5) as usize) % NAMES.len()];
            let departs = arrives + TimeDelta::hours(18 + 6 * random.below(9));
            let request = BookingRequest {
                berth: berth.id,
                ship: format!("{name}{}", ["", " II", " III"][place / 5 % 3]),
                length: (berth.length * 0.8).floor(),
                draught: (berth.depth - 1.0).min(9.0),
                arrives,
                departs,
            };
            bookings.push((format!("ships-{}-{}", berth.id, arrives.timestamp()), request));
            arrives = departs + TimeDelta::hours(3 + random.below(40));
        }
    }
    bookings
}

/// Numbers that look as if drawn by chance.
struct Random(u64);

impl Random {
    fn below(&mut self, end: i64) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % end
    }
}
