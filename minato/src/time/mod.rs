//! Timers, and the clock they go by.

pub(crate) mod clock;
mod instant;
pub(crate) mod wheel;

pub use self::instant::Instant;
