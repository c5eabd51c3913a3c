//! Timers, and the clock they go by.

pub(crate) mod clock;
mod instant;
mod sleep;
pub(crate) mod wheel;

pub use self::instant::Instant;
pub use self::sleep::{Sleep, sleep};
