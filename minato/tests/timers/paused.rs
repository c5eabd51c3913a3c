//! A clock that stands still, and moves by itself when there is nothing else to do.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use minato::runtime::{Builder, LocalOptions, Runtime};
use minato::task::{spawn_blocking, yield_now};
use minato::time::{self, Instant, advance, sleep, sleep_until};

use super::waking::poll_once;
use crate::kit::{limited, panic_text, watchdog};

const HOUR: Duration = Duration::from_secs(3600);

fn paused() -> Runtime {
    Builder::new_current_thread().start_paused(true).build().unwrap()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn it_stands_still() {
    paused().block_on(async {
        let start = Instant::now();
        thread::sleep(Duration::from_millis(3));
        yield_now().await;
        assert_eq!(Instant::now(), start);
    });
}

#[test]
fn a_day_passes_at_once_and_in_order() {
    limited(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        paused().block_on(async {
            let start = Instant::now();
            let mut tasks = Vec::new();
            for (name, period) in [("hourly", 60), ("often", 25), ("daily", 24 * 60)] {
                let log = log.clone();
                tasks.push(minato::spawn(async move {
                    while start.elapsed() < HOUR * 24 {
                        sleep(secs(period * 60)).await;
                        log.lock().unwrap().push((start.elapsed().as_secs() / 60, name));
                    }
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert!(start.elapsed() >= HOUR * 24);
        });
        let log = log.lock().unwrap();
        assert!(log.is_sorted_by_key(|(minute, _)| *minute), "{log:?}");
        let count = |wanted| log.iter().filter(|(_, name)| *name == wanted).count();
        assert_eq!((count("hourly"), count("often"), count("daily")), (24, 58, 1));
        for (minute, name) in log.iter() {
            let period = match *name {
                "hourly" => 60,
                "often" => 25,
                _ => 24 * 60,
            };
            assert_eq!(minute % period, 0, "{name} at {minute}");
        }
    });
}

#[test]
fn it_comes_to_the_end_of_the_longest_sleep() {
    paused().block_on(async {
        let start = Instant::now();
        let year = secs(365 * 24 * 3600);
        for (sleeps, duration) in [Duration::MAX, Duration::MAX - secs(1)].iter().enumerate() {
            sleep(*duration).await;
            assert_eq!(start.elapsed(), 30 * year * (sleeps as u32 + 1));
            sleep(Duration::ZERO).await;
        }
        let start = Instant::now();
        sleep(secs(5)).await;
        assert_eq!(start.elapsed(), secs(5));
    });
}

#[test]
fn advance_fires_exactly_what_is_due() {
    paused().block_on(async {
        let start = Instant::now();
        let tasks: Vec<_> = (1..=10)
            .map(|n| {
                minato::spawn(async move {
                    sleep_until(start + secs(n)).await;
                    Instant::now()
                })
            })
            .collect();
        yield_now().await;
        for (step, finished) in [(4, 4), (0, 4), (3, 7), (2, 9)] {
            advance(secs(step)).await;
            let done = tasks.iter().filter(|task| task.is_finished()).count();
            assert_eq!(done, finished);
        }
        assert_eq!(start.elapsed(), secs(9));
        advance(Duration::from_nanos(999_999_999)).await;
        assert!(!tasks[9].is_finished());
        let mut seen = Vec::new();
        for task in tasks {
            seen.push((task.await.unwrap() - start).as_secs());
        }
        assert_eq!(seen, [4, 4, 4, 4, 7, 7, 7, 9, 9, 10]);
    });
}

/// The clock is stopped at any fraction of a millisecond, and the deadlines lie at fractions too.
#[test]
fn advance_by_exactly_a_sleep_ends_it() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        for micros in [1, 300, 999, 1000, 1001, 2500, 60_000_123] {
            thread::sleep(Duration::from_micros(310));
            time::pause();
            let duration = Duration::from_micros(micros);
            let start = Instant::now();
            let sleeper = minato::spawn(sleep(duration));
            let next = minato::spawn(async move {
                sleep(duration + Duration::from_nanos(1)).await;
                Instant::now()
            });
            yield_now().await;
            advance(duration - Duration::from_nanos(1)).await;
            assert!(!sleeper.is_finished(), "a nanosecond before {duration:?}");
            advance(Duration::from_nanos(1)).await;
            assert!(sleeper.is_finished(), "after {duration:?}");
            assert!(!next.is_finished(), "a nanosecond later is not yet");
            let woke = next.await.unwrap();
            assert!(woke - start > duration, "it woke early");
            time::resume();
        }
    });
}

#[test]
fn advance_from_a_task() {
    limited(|| {
        paused().block_on(async {
            let sleeper = minato::spawn(sleep(secs(5)));
            yield_now().await;
            let mover = minato::spawn(async move {
                advance(secs(4)).await;
                assert!(!sleeper.is_finished());
                advance(secs(1)).await;
                assert!(sleeper.is_finished());
            });
            mover.await.unwrap();
        });
    });
}

#[test]
fn a_blocking_job_holds_the_clock() {
    limited(|| {
        paused().block_on(async {
            let start = Instant::now();
            let sleeper = minato::spawn(sleep(HOUR));
            let (sender, receiver) = channel::<()>();
            let job = spawn_blocking(move || receiver.recv().unwrap());
            let other = thread::spawn(move || {
                // Time enough for a clock that is not held to jump.
                thread::sleep(Duration::from_millis(50));
                sender.send(()).unwrap();
            });
            job.await.unwrap();
            assert_eq!(start.elapsed(), Duration::ZERO);
            assert!(!sleeper.is_finished());
            sleeper.await.unwrap();
            assert_eq!(start.elapsed(), HOUR);
            other.join().unwrap();
        });
    });
}

/// Runs an hour of sleep beside `begin`, on each kind of runtime whose clock can be stopped.
#[track_caller]
fn an_hour_beside<T>(begin: impl AsyncFn() -> T) {
    let mut builder = Builder::new_current_thread();
    builder.start_paused(true).max_blocking_threads(1);
    let hour = async || {
        let start = Instant::now();
        let begun = begin().await;
        sleep(HOUR).await;
        assert!(start.elapsed() >= HOUR);
        drop(begun);
    };
    let _watchdog = watchdog();
    builder.build().unwrap().block_on(hour());
    builder.build_local(LocalOptions::default()).unwrap().block_on(hour());
    // Within a task, where the core stays with the task's thread.
    let runtime = builder.build_local(LocalOptions::default()).unwrap();
    let handle = runtime.handle().clone();
    runtime.block_on(async { handle.block_on(hour()) });
}

/// A job that takes real time, so that the clock is waited for when it ends.
fn short_job() {
    thread::sleep(Duration::from_millis(20));
}

#[test]
fn it_jumps_after_a_job_that_nobody_awaits() {
    an_hour_beside(async || spawn_blocking(short_job));
    an_hour_beside(async || drop(spawn_blocking(short_job)));
}

#[test]
#[expect(clippy::async_yields_async, reason = "the handle is not awaited on purpose")]
fn it_jumps_after_a_job_that_panics() {
    an_hour_beside(async || {
        spawn_blocking(|| {
            short_job();
            panic!("a job that panics");
        })
    });
}

#[test]
#[expect(clippy::async_yields_async, reason = "the handle is not awaited on purpose")]
fn it_jumps_after_a_job_that_is_aborted_in_the_queue() {
    an_hour_beside(async || {
        spawn_blocking(short_job);
        let waits = spawn_blocking(|| unreachable!("it was aborted before its start"));
        waits.abort();
        waits
    });
}

#[test]
fn it_jumps_after_a_look_up_that_nobody_awaits() {
    an_hour_beside(async || {
        // A first job occupies the only thread, so that the look-up ends while the clock is
        // waited for.
        spawn_blocking(short_job);
        let mut look_up = Box::pin(minato::net::lookup_host("localhost:80"));
        assert!(poll_once(look_up.as_mut()).await.is_pending());
    });
}

#[test]
fn it_does_not_jump_before_the_handle_of_a_job_is_woken() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Wake};

    /// Tells whether the hour had passed when it was called.
    struct Looks {
        passed: AtomicBool,
        seen: std::sync::mpsc::Sender<bool>,
    }
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            // Time enough for a clock that is not held to jump.
            thread::sleep(Duration::from_millis(50));
            self.seen.send(self.passed.load(Ordering::SeqCst)).unwrap();
        }
    }

    limited(|| {
        let (seen, has_seen) = channel();
        let looks = Arc::new(Looks { passed: AtomicBool::new(false), seen });
        paused().block_on(async {
            let mut job = pin!(spawn_blocking(short_job));
            let waker = looks.clone().into();
            assert!(job.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            sleep(HOUR).await;
            looks.passed.store(true, Ordering::SeqCst);
        });
        assert!(!has_seen.recv().unwrap());
    });
}

#[test]
fn it_is_stopped_and_goes_on() {
    limited(|| {
        Builder::new_current_thread().build().unwrap().block_on(async {
            let before = Instant::now();
            time::pause();
            let start = Instant::now();
            assert!(start >= before);
            sleep(HOUR).await;
            assert!(start.elapsed() >= HOUR);
            assert!(start.elapsed() < HOUR + Duration::from_millis(2));
            time::resume();
            let resumed = Instant::now();
            sleep(Duration::from_millis(3)).await;
            assert!(resumed.elapsed() >= Duration::from_millis(3));
            assert!(start.elapsed() >= HOUR);
            time::pause();
            time::resume();
        });
    });
}

#[test]
fn a_sleep_that_waits_when_the_clock_is_stopped_goes_by_it() {
    limited(|| {
        let made_outside = sleep(HOUR);
        Builder::new_current_thread().build().unwrap().block_on(async {
            let mut made_outside = pin!(made_outside);
            assert!(poll_once(made_outside.as_mut()).await.is_pending());
            let mut made_here = pin!(sleep(HOUR * 2));
            assert!(poll_once(made_here.as_mut()).await.is_pending());
            time::pause();
            let start = Instant::now();
            made_outside.await;
            made_here.await;
            assert!(start.elapsed() > HOUR);
        });
    });
}

#[test]
fn a_sleep_by_the_real_clock_takes_real_time_under_a_stopped_one() {
    limited(|| {
        let deadline = Instant::now() + Duration::from_millis(20);
        let made_outside = sleep_until(deadline);
        paused().block_on(async {
            let start = Instant::now();
            made_outside.await;
            assert_eq!(start.elapsed(), Duration::ZERO);
        });
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn another_thread_may_wait_for_virtual_time() {
    limited(|| {
        let runtime = paused();
        let (sleep, start) = {
            let _entered = runtime.enter();
            (sleep(HOUR), Instant::now())
        };
        let waiter = thread::spawn(move || pollster::block_on(sleep));
        runtime.block_on(async {
            while !waiter.is_finished() {
                advance(secs(60)).await;
                thread::sleep(Duration::from_millis(1));
            }
            assert!(start.elapsed() >= HOUR);
        });
        waiter.join().unwrap();
    });
}

#[test]
fn misuse_is_told() {
    let text = panic_text(time::pause);
    assert!(text.contains("outside every runtime"), "{text}");
    let text = panic_text(time::resume);
    assert!(text.contains("outside every runtime"), "{text}");
    let text = panic_text(|| pollster::block_on(advance(HOUR)));
    assert!(text.contains("time::advance") && text.contains("outside every runtime"), "{text}");

    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let text = panic_text(|| {
        let _entered = runtime.enter();
        time::pause();
    });
    assert!(text.contains("multi-thread"), "{text}");

    let text = panic_text(|| paused().block_on(async { time::pause() }));
    assert!(text.contains("is stopped already"), "{text}");

    let going = || Builder::new_current_thread().build().unwrap();
    let text = panic_text(|| going().block_on(async { time::resume() }));
    assert!(text.contains("has not been stopped"), "{text}");
    let text = panic_text(|| going().block_on(advance(HOUR)));
    assert!(text.contains("has not been stopped"), "{text}");
}
