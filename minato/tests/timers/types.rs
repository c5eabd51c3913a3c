//! What the types promise at compile time.

use std::time::Duration;

use minato::time::error::{Elapsed, Error};
use minato::time::{Interval, MissedTickBehavior, Sleep, Timeout};

#[test]
fn timers_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<Sleep>();
    check::<Timeout<Sleep>>();
    check::<Interval>();
    check::<MissedTickBehavior>();
    check::<Elapsed>();
    check::<Error>();
}

#[test]
fn an_interval_needs_no_pinning() {
    fn check<T: Unpin>() {}
    check::<Interval>();
}

#[test]
fn each_error_is_of_one_kind() {
    let kinds = |error: Error| [error.is_shutdown(), error.is_at_capacity(), error.is_invalid()];
    let mut texts = Vec::new();
    for (place, error) in
        [Error::shutdown(), Error::at_capacity(), Error::invalid()].iter().enumerate()
    {
        assert_eq!(kinds(*error), [0, 1, 2].map(|other| other == place));
        texts.push(error.to_string());
    }
    texts.dedup();
    assert_eq!(texts.len(), 3, "{texts:?}");
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
