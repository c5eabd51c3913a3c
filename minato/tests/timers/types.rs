//! What the types promise at compile time.

use std::time::Duration;

use minato::time::{Interval, MissedTickBehavior, Sleep, Timeout, error::Elapsed};

#[test]
fn timers_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<Sleep>();
    check::<Timeout<Sleep>>();
    check::<Interval>();
    check::<MissedTickBehavior>();
    check::<Elapsed>();
}

#[test]
fn an_interval_needs_no_pinning() {
    fn check<T: Unpin>() {}
    check::<Interval>();
    check::<Timeout<std::future::Ready<()>>>();
}

#[test]
fn futures_and_errors_say_what_they_are() {
    let sleep = minato::time::sleep(Duration::from_secs(1));
    assert!(format!("{sleep:?}").contains("deadline"));
    let timeout = minato::time::timeout(Duration::from_secs(1), std::future::ready(5));
    assert!(format!("{timeout:?}").contains("Ready"));
    let interval = minato::time::interval(Duration::from_secs(1));
    assert!(format!("{interval:?}").contains("Burst"));
}
