//! Steady ticks, by the instant.

use std::future::Future;
use std::time::Duration;

use minato::runtime::Builder;
use minato::time::{Instant, MissedTickBehavior, advance, interval, interval_at, sleep, timeout};

use crate::kit::{limited, panic_text};

fn paused<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().start_paused(true).build().unwrap().block_on(future)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// When ticks were due and when they were taken, in milliseconds from the start: two in time, one
/// that was due at 100 and is taken at 230, and four more.
fn ticks_after_a_late_one(behavior: MissedTickBehavior) -> Vec<(u64, u64)> {
    paused(async {
        let start = Instant::now();
        let mut interval = interval(ms(50));
        interval.set_missed_tick_behavior(behavior);
        assert_eq!(interval.missed_tick_behavior(), behavior);
        let mut ticks = Vec::new();
        for n in 0..7 {
            if n == 2 {
                advance(ms(180)).await;
            }
            let due = interval.tick().await;
            ticks.push(((due - start).as_millis() as u64, start.elapsed().as_millis() as u64));
        }
        ticks
    })
}

#[test]
fn burst_catches_up() {
    let ticks = ticks_after_a_late_one(MissedTickBehavior::Burst);
    let expected = [(0, 0), (50, 50), (100, 230), (150, 230), (200, 230), (250, 250), (300, 300)];
    assert_eq!(ticks, expected);
    assert_eq!(MissedTickBehavior::default(), MissedTickBehavior::Burst);
}

#[test]
fn delay_starts_anew() {
    let ticks = ticks_after_a_late_one(MissedTickBehavior::Delay);
    let expected = [(0, 0), (50, 50), (100, 230), (280, 280), (330, 330), (380, 380), (430, 430)];
    assert_eq!(ticks, expected);
}

#[test]
fn skip_stays_at_multiples() {
    let ticks = ticks_after_a_late_one(MissedTickBehavior::Skip);
    let expected = [(0, 0), (50, 50), (100, 230), (250, 250), (300, 300), (350, 350), (400, 400)];
    assert_eq!(ticks, expected);
}

#[test]
fn a_tick_that_is_a_little_late_is_not_missed() {
    for (late, next) in [(5, 100), (6, 50 + 6 + 50)] {
        paused(async {
            let start = Instant::now();
            let mut interval = interval_at(start + ms(50), ms(50));
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            advance(ms(50 + late)).await;
            assert_eq!(interval.tick().await - start, ms(50));
            assert_eq!(interval.tick().await - start, ms(next));
        });
    }
}

#[test]
fn skip_over_a_very_long_time() {
    paused(async {
        let start = Instant::now();
        let mut interval = interval(Duration::new(3, 1));
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        advance(Duration::from_secs(600 * 365 * 24 * 3600)).await;
        assert_eq!(interval.tick().await, start);
        let next = interval.tick().await - start;
        assert_eq!(next.as_nanos() % Duration::new(3, 1).as_nanos(), 0);
    });
}

#[test]
fn it_starts_where_it_is_told_to() {
    paused(async {
        let start = Instant::now();
        let mut interval = interval_at(start + ms(70), ms(10));
        assert_eq!(interval.period(), ms(10));
        assert_eq!(interval.tick().await, start + ms(70));
        assert_eq!(start.elapsed(), ms(70));
        assert_eq!(interval.tick().await, start + ms(80));
    });
}

#[test]
fn resets() {
    paused(async {
        let start = Instant::now();
        let mut interval = interval(ms(100));
        interval.tick().await;
        advance(ms(60)).await;
        interval.reset();
        assert_eq!(interval.tick().await - start, ms(160));

        interval.reset_immediately();
        assert_eq!(interval.tick().await - start, ms(160));
        assert_eq!(interval.tick().await - start, ms(260));

        interval.reset_after(ms(5));
        assert_eq!(interval.tick().await - start, ms(265));
        assert_eq!(interval.tick().await - start, ms(365));

        interval.reset_at(start + ms(1000));
        assert_eq!(interval.tick().await - start, ms(1000));
        assert_eq!(interval.tick().await - start, ms(1100));

        interval.reset_after(Duration::MAX);
        assert!(timeout(ms(1), interval.tick()).await.is_err());
    });
}

#[test]
fn a_tick_that_is_dropped_is_not_lost() {
    paused(async {
        let start = Instant::now();
        let mut interval = interval(ms(100));
        interval.tick().await;
        for _ in 0..9 {
            assert!(timeout(ms(10), interval.tick()).await.is_err());
        }
        assert_eq!(interval.tick().await - start, ms(100));
        assert_eq!(start.elapsed(), ms(100));
    });
}

#[test]
fn a_period_of_zero_is_refused() {
    let text = panic_text(|| interval(Duration::ZERO));
    assert!(text.contains("period") && text.contains("zero"), "{text}");
    let text = panic_text(|| interval_at(Instant::now(), Duration::ZERO));
    assert!(text.contains("period") && text.contains("zero"), "{text}");
}

#[test]
fn it_ticks_on_a_plain_thread_and_never_early() {
    limited(|| {
        pollster::block_on(async {
            let mut interval = interval(ms(3));
            for _ in 0..5 {
                let due = interval.tick().await;
                assert!(Instant::now() >= due);
            }
            sleep(ms(1)).await;
        });
    });
}
