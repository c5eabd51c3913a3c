//! What a harbour is about: berths, bookings, and the rules that need no database.

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::refusal::{FieldError, Refusal};

/// Water that stays below a ship at her berth, in metres.
pub const CLEARANCE: f64 = 0.5;

/// The depth of the way from the sea at the lowest tide, in metres. A ship that needs more comes
/// in with the tide.
pub const FAIRWAY: f64 = 10.0;

const MAX_STAY: TimeDelta = TimeDelta::days(90);

/// A place at a quay. Lengths and depths are metres.
#[derive(Clone, Debug, Deserialize, FromRow, PartialEq, Serialize)]
pub struct Berth {
    pub id: i32,
    pub number: i32,
    pub quay: String,
    pub length: f64,
    pub depth: f64,
}

/// Whether a booking stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum State {
    Booked,
    Cancelled,
}

/// A ship's stay at a berth, from her arrival until just before her departure.
#[derive(Clone, Debug, Deserialize, FromRow, PartialEq, Serialize)]
pub struct Booking {
    pub id: i64,
    pub berth: i32,
    pub ship: String,
    pub length: f64,
    pub draught: f64,
    pub arrives: DateTime<Utc>,
    pub departs: DateTime<Utc>,
    pub state: State,
}

/// What a client asks for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BookingRequest {
    pub berth: i32,
    pub ship: String,
    pub length: f64,
    pub draught: f64,
    pub arrives: DateTime<Utc>,
    pub departs: DateTime<Utc>,
}

/// A change of the harbour.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Change {
    /// Counts the changes without a gap, in the order in which they became true.
    pub revision: i64,
    pub kind: State,
    pub booking: Booking,
}

impl BookingRequest {
    /// The request in the form in which it is kept.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] names every field that makes no sense.
    pub fn checked(mut self) -> Result<Self, Refusal> {
        self.ship = self.ship.trim().to_string();
        // What the database keeps of a time.
        self.arrives = self.arrives.trunc_subsecs(6);
        self.departs = self.departs.trunc_subsecs(6);
        let ship = self.ship.chars().count();
        let years = 2000..2200;
        let rules = [
            ("ship", (1..=100).contains(&ship), "has 1 to 100 characters"),
            ("ship", !self.ship.chars().any(char::is_control), "has no control characters"),
            ("length", (1.0..=500.0).contains(&self.length), "is 1 to 500 metres"),
            ("draught", (0.1..=30.0).contains(&self.draught), "is 0.1 to 30 metres"),
            ("arrives", years.contains(&self.arrives.year()), "is a year from 2000 to 2199"),
            ("departs", years.contains(&self.departs.year()), "is a year from 2000 to 2199"),
            ("departs", self.departs > self.arrives, "is after the arrival"),
            ("departs", self.departs - self.arrives <= MAX_STAY, "is 90 days after it at most"),
        ];
        let broken = rules.into_iter().filter(|(_, holds, _)| !holds);
        let errors: Vec<_> = broken.map(|(field, _, rule)| FieldError { field, rule }).collect();
        if errors.is_empty() { Ok(self) } else { Err(Refusal::Invalid(errors)) }
    }

    /// The height of the tide that the ship needs to come in, in metres. `None` when she may come
    /// at any time.
    pub fn tide_needed(&self) -> Option<f64> {
        let needed = self.draught + CLEARANCE - FAIRWAY;
        (needed > 0.0).then_some(needed)
    }

    /// Whether a booking is what this request asks for.
    pub fn asks_for(&self, booking: &Booking) -> bool {
        let Booking { berth, ship, length, draught, arrives, departs, .. } = booking;
        (self.berth, &self.ship, self.arrives, self.departs) == (*berth, ship, *arrives, *departs)
            && (self.length, self.draught) == (*length, *draught)
    }
}

impl Berth {
    /// Holds the request against the size of the berth.
    ///
    /// # Errors
    ///
    /// [`Refusal::DoesNotFit`] tells the metres that are missing.
    pub fn fits(&self, request: &BookingRequest) -> Result<(), Refusal> {
        let number = self.number;
        if request.length > self.length {
            let (ship, berth) = (request.length, self.length);
            let detail = format!("the ship is {ship} m long, berth {number} {berth} m");
            return Err(Refusal::DoesNotFit(detail));
        }
        let needed = request.draught + CLEARANCE;
        if needed > self.depth {
            let depth = self.depth;
            let detail =
                format!("the ship needs {needed} m of water, berth {number} has {depth} m");
            return Err(Refusal::DoesNotFit(detail));
        }
        Ok(())
    }
}
