//! The workload `timer-reset`, for the runtimes whose timers can be moved.

use std::pin::Pin;

use minato_bench::kit;
use minato_bench::peer::Spent;

use crate::rt::task::yield_now;
use crate::rt::time::{Instant, Sleep, sleep_until};

pub(crate) async fn reset(count: u64) -> Spent {
    let make = |deadline| sleep_until(Instant::from_std(deadline));
    let reset = |sleep: Pin<&mut Sleep>, deadline| sleep.reset(Instant::from_std(deadline));
    kit::reset_in_turn(count, make, reset, yield_now).await
}
