//! Why the harbour says no, for people and for programs.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::Booking;

/// A field of a request that makes no sense, and the rule that it breaks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FieldError {
    pub field: &'static str,
    pub rule: &'static str,
}

/// The answer to a request that is not done. Nothing has changed then.
#[derive(Debug)]
pub enum Refusal {
    /// Fields break rules.
    Invalid(Vec<FieldError>),
    /// The request as such cannot be read.
    Unreadable {
        status: u16,
        detail: String,
    },
    NoSuchBerth(i32),
    NoSuchBooking(i64),
    DoesNotFit(String),
    /// Another booking stands in the way.
    Taken(Box<Booking>),
    /// The key belongs to another request.
    KeyReused,
    /// The ship is known with this length.
    ShipDiffers {
        ship: String,
        length: f64,
    },
    /// The tide is too low at the arrival. `next` is the first time after it that will do.
    TooShallow {
        needed: f64,
        height: f64,
        next: Option<DateTime<Utc>>,
    },
    /// Nobody knows the tide, so a deep ship cannot be let in.
    TidesUnknown(String),
    /// The service cannot answer now.
    Busy(&'static str),
    Database(sqlx::Error),
}

impl Refusal {
    /// A short name that does not change, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Refusal::Invalid(_) => "invalid",
            Refusal::Unreadable { .. } => "unreadable",
            Refusal::NoSuchBerth(_) => "no-such-berth",
            Refusal::NoSuchBooking(_) => "no-such-booking",
            Refusal::DoesNotFit(_) => "does-not-fit",
            Refusal::Taken(_) => "berth-taken",
            Refusal::KeyReused => "key-reused",
            Refusal::ShipDiffers { .. } => "ship-differs",
            Refusal::TooShallow { .. } => "too-shallow",
            Refusal::TidesUnknown(_) => "tides-unknown",
            Refusal::Busy(_) => "busy",
            Refusal::Database(_) => "database",
        }
    }

    /// The status of the answer by HTTP.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Unreadable { status, .. } => *status,
            Refusal::NoSuchBooking(_) => 404,
            Refusal::Taken(_) => 409,
            Refusal::TidesUnknown(_) | Refusal::Busy(_) => 503,
            Refusal::Database(_) => 500,
            _ => 422,
        }
    }

    /// What happened, in one sentence.
    pub fn detail(&self) -> String {
        match self {
            Refusal::Invalid(errors) => {
                let errors = errors.iter().map(|error| format!("{} {}", error.field, error.rule));
                errors.collect::<Vec<_>>().join("; ")
            }
            Refusal::Unreadable { detail, .. } | Refusal::DoesNotFit(detail) => detail.clone(),
            Refusal::NoSuchBerth(id) => format!("there is no berth with the id {id}"),
            Refusal::NoSuchBooking(id) => format!("there is no booking with the id {id}"),
            Refusal::Taken(booking) => {
                let Booking { ship, arrives, departs, .. } = &**booking;
                let (arrives, departs) = (arrives.to_rfc3339(), departs.to_rfc3339());
                format!("{ship} has the berth from {arrives} to {departs}")
            }
            Refusal::KeyReused => "the key was used for another booking".into(),
            Refusal::ShipDiffers { ship, length } => {
                format!("{ship} is registered with a length of {length} m")
            }
            Refusal::TooShallow { needed, height, next } => {
                let next = match next {
                    Some(next) => format!("it will do at {}", next.to_rfc3339()),
                    None => "it will not do within two days".into(),
                };
                format!(
                    "the ship needs a tide of {needed:.2} m and there are {height:.2} m; {next}"
                )
            }
            Refusal::TidesUnknown(why) => {
                format!("a ship this deep needs the tide, and it is unknown: {why}")
            }
            Refusal::Busy(what) => format!("{what}; try again"),
            // What is wrong with the database is for the log, not for the client.
            Refusal::Database(_) => "the book of the harbour failed".into(),
        }
    }

    /// Whether the same request may succeed in a moment.
    pub fn is_passing(&self) -> bool {
        self.status() == 503
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        // A lock that another transaction keeps too long; a statement that takes too long; a server
        // that shuts down, or starts.
        const PASSING: [&str; 6] = ["55P03", "57014", "57P01", "57P02", "57P03", "53300"];
        let code = error.as_database_error().and_then(|error| error.code());
        let passing = code.is_some_and(|code| PASSING.contains(&&*code))
            || matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_));
        if !passing {
            return Refusal::Database(error);
        }
        tracing::warn!(%error, "the database does not answer");
        Refusal::Busy("the book of the harbour does not answer now")
    }
}
