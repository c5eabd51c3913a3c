//! What the environment says.

use std::env::{self, VarError};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::Result;
use crate::tides::Station;

/// Where the service is, what it stands on, and its limits.
#[derive(Clone, Debug)]
pub struct Config {
    pub database: String,
    pub redis: String,
    pub tides: Option<Station>,
    /// Where to listen: host and port, and port 0 is any that is free.
    pub http: String,
    pub grpc: String,
    /// Threads of the runtime. `None` is one for each processor.
    pub workers: Option<usize>,
    /// Connections to the database.
    pub connections: u32,
    /// Changes that a reader of the feed may be behind.
    pub feed: usize,
    pub patience: Patience,
}

/// How long the service waits for others.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For all that a request needs.
    pub request: Duration,
    /// For a connection to the database, and for a lock.
    pub database: Duration,
    /// For one call to Redis.
    pub redis: Duration,
    /// For one answer of the tide station.
    pub tides: Duration,
    /// For a reader of the feed that does not take a message.
    pub reader: Duration,
    /// For all that is under way when the service ends.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            database: Duration::from_secs(3),
            redis: Duration::from_millis(250),
            tides: Duration::from_millis(1500),
            reader: Duration::from_secs(10),
            drain: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// # Errors
    ///
    /// A variable that is needed is not set, or one has a value that makes no sense.
    pub fn from_env() -> Result<Self> {
        let tides = match (variable("TIDES_URL")?, variable("TIDES_CA")?) {
            (Some(url), Some(ca)) => Some(Station { url, ca: ca.into() }),
            (None, _) => None,
            (Some(_), None) => return Err("TIDES_URL is set and TIDES_CA is not".into()),
        };
        let workers = parsed("HARBOUR_WORKERS")?;
        if workers == Some(0) {
            return Err("HARBOUR_WORKERS is 0, at least one is needed".into());
        }
        let new = Self::new(needed("DATABASE_URL")?, needed("REDIS_URL")?);
        Ok(Self {
            tides,
            http: variable("HARBOUR_HTTP")?.unwrap_or(new.http),
            grpc: variable("HARBOUR_GRPC")?.unwrap_or(new.grpc),
            workers,
            connections: parsed("HARBOUR_CONNECTIONS")?.unwrap_or(new.connections),
            feed: parsed("HARBOUR_FEED")?.unwrap_or(new.feed),
            patience: Patience {
                drain: parsed("HARBOUR_DRAIN")?.map_or(new.patience.drain, Duration::from_secs),
                ..new.patience
            },
            ..new
        })
    }

    /// What holds where nothing else is said. There is no tide station.
    pub fn new(database: String, redis: String) -> Self {
        Self {
            database,
            redis,
            tides: None,
            http: "127.0.0.1:0".into(),
            grpc: "127.0.0.1:0".into(),
            workers: None,
            connections: 16,
            feed: 4096,
            patience: Patience::default(),
        }
    }
}

/// A variable. An empty one is as none.
fn variable(name: &str) -> Result<Option<String>> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(format!("{name}: {error}").into()),
    }
}

fn needed(name: &str) -> Result<String> {
    variable(name)?.ok_or_else(|| format!("{name} is not set").into())
}

fn parsed<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>> {
    let Some(value) = variable(name)? else { return Ok(None) };
    value.parse().map(Some).map_err(|error| format!("{name} is {value:?}: {error}").into())
}
