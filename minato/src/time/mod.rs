//! Timers, and the clock they go by.
//!
//! # What is where
//!
//! * [`sleep`] and [`sleep_until`] wait until a point in time.
//! * [`timeout`] and [`timeout_at`] wait for a future until then and no longer.
//! * [`interval`] and [`interval_at`] tick at a steady rate.
//! * [`Instant`] is a point in time by the clock of the runtime that asks.
//! * [`pause`], [`advance`] and [`resume`] stop that clock and move it by hand, for tests.
//!
//! # Where a timer waits
//!
//! Every reactor has a timer wheel. A timer joins a wheel when it first has to wait, not when it is
//! made. Within a runtime that is the wheel of the worker that polls it, so workers share no lock.
//! Anywhere else (a plain thread, a foreign executor) it is the wheel of the background reactor,
//! whose thread starts then. A timer that is dropped leaves its wheel, which takes that wheel's
//! lock. When a runtime is dropped, timers that waited there and are still in use join another
//! wheel.
//!
//! Wheels count milliseconds. A deadline is rounded up to the next one: a timer may be late by a
//! millisecond and is never early.
//!
//! # Virtual time
//!
//! The clock belongs to the runtime. The clock of a current-thread runtime can be [stopped](pause):
//! then it jumps from deadline to deadline whenever there is nothing else to do, and hours of
//! timeouts take no time. The clock of a simulated runtime is its world's. A timer made there stays
//! with that clock, whichever thread polls it.
//!
//! ```
//! use std::time::Duration;
//! use minato::runtime::Builder;
//! use minato::time::{self, Instant};
//!
//! # fn main() -> std::io::Result<()> {
//! let runtime = Builder::new_current_thread().start_paused(true).build()?;
//! runtime.block_on(async {
//!     let start = Instant::now();
//!     let slow = async {
//!         time::sleep(Duration::from_secs(3600)).await;
//!         "done"
//!     };
//!     assert!(time::timeout(Duration::from_secs(60), slow).await.is_err());
//!     assert_eq!(start.elapsed(), Duration::from_secs(60));
//! });
//! # Ok(())
//! # }
//! ```

pub(crate) mod clock;
pub mod error;
mod instant;
mod interval;
mod pause;
mod sleep;
mod timeout;
pub(crate) mod timer;
pub(crate) mod wheel;

pub use std::time::Duration;

pub use self::instant::Instant;
pub use self::interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use self::pause::{advance, pause, resume};
pub use self::sleep::{Sleep, sleep, sleep_until};
pub use self::timeout::{Timeout, timeout, timeout_at};
