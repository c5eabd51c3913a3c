//! Timers: they fire once and never early, also when they are moved or given up between.

use std::pin::pin;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future;
use minato::time;

use super::{Driver, up_to};

const LONGEST: Duration = Duration::from_secs(3);
/// How many timers a task waits for at once.
const TOGETHER: usize = 50;

/// Waits for timers until the driver's runtime is to end.
pub(super) async fn time_again_and_again(driver: Driver, mut numbers: Rng) {
    while !driver.is_over() {
        match numbers.usize(..4) {
            0 => sleep_together(&driver, &mut numbers).await,
            1 => move_and_wait(&driver, &mut numbers).await,
            2 => cut_off(&driver, &mut numbers).await,
            _ => tick(&driver, &mut numbers).await,
        }
    }
}

/// Notes that a timer has fired which was due no earlier than `due`.
fn fired(driver: &Driver, due: Instant) {
    driver.tally.add("timers fired", 1);
    let now = Instant::now();
    if now < due {
        driver.tally.wrong(format!("a timer fired {:?} early", due - now));
    }
}

async fn sleep_together(driver: &Driver, numbers: &mut Rng) {
    let sleeps = (0..numbers.usize(1..TOGETHER)).map(|_| {
        let duration = up_to(LONGEST, numbers);
        async move {
            let due = Instant::now() + duration;
            time::sleep(duration).await;
            fired(driver, due);
        }
    });
    future::join_all(sleeps.collect::<Vec<_>>()).await;
}

/// Moves a timer to earlier and later times, some after it was polled.
async fn move_and_wait(driver: &Driver, numbers: &mut Rng) {
    let mut sleep = pin!(time::sleep(LONGEST));
    let mut due = Instant::now();
    for _ in 0..numbers.usize(1..8) {
        let duration = up_to(LONGEST, numbers);
        due = Instant::now() + duration;
        sleep.as_mut().reset(time::Instant::now() + duration);
        if numbers.bool() {
            // It may fire meanwhile; a reset then makes it wait again.
            future::select(sleep.as_mut(), pin!(minato::task::yield_now())).await;
        }
    }
    sleep.await;
    fired(driver, due);
}

/// Gives up a timer that would fire later than another one.
async fn cut_off(driver: &Driver, numbers: &mut Rng) {
    let (one, two) = (up_to(LONGEST, numbers), up_to(LONGEST, numbers));
    let due = Instant::now() + one.min(two);
    _ = time::timeout(one, time::sleep(two)).await;
    fired(driver, due);
    driver.tally.add("timers given up", 1);
}

async fn tick(driver: &Driver, numbers: &mut Rng) {
    let period = up_to(LONGEST / 10, numbers).max(Duration::from_millis(1));
    let begun = Instant::now();
    let mut interval = time::interval(period);
    for count in 0..numbers.u32(1..20) {
        interval.tick().await;
        fired(driver, begun + period * count);
    }
}
