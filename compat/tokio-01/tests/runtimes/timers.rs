//! Timers: delays, timeouts, intervals, queues; by the system's clock and by others.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures::future::{self, lazy};
use futures::sync::mpsc;
use futures::{Async, Future, Sink, Stream, stream};
use minato::runtime::{LocalOptions, LocalRuntime};
use tokio::bridge::to_std;
use tokio::clock;
use tokio::runtime::current_thread;
use tokio::timer::throttle::{Throttle, ThrottleError};
use tokio::timer::{Delay, DelayQueue, Error, Interval, Timeout, timeout};
use tokio::util::StreamExt;

use crate::support::watchdog;

const HOUR: Duration = Duration::from_secs(3600);

/// A runtime of Minato's in which time passes as soon as nothing else is to be done.
fn virtual_time() -> LocalRuntime {
    minato::runtime::Builder::new_current_thread()
        .start_paused(true)
        .build_local(LocalOptions::default())
        .unwrap()
}

/// Waits for a future of the old kind, and gives what it gives and how much virtual time it took.
fn take_time<F: Future>(make: impl FnOnce() -> F) -> (Result<F::Item, F::Error>, Duration) {
    virtual_time().block_on(async {
        let start = clock::now();
        let result = to_std(make()).await;
        (result, clock::now() - start)
    })
}

#[test]
fn a_delay_is_not_early_on_any_thread() {
    let _watchdog = watchdog();
    let soon = || Instant::now() + Duration::from_millis(5);
    let wait = |when: Instant| Delay::new(when).map(move |()| assert!(Instant::now() >= when));
    wait(soon()).wait().unwrap();
    tokio::run(lazy(move || wait(soon())).map_err(drop));
    current_thread::block_on_all(lazy(move || wait(soon()))).unwrap();
}

#[test]
fn a_delay_takes_its_time_and_stays_ready() {
    let _watchdog = watchdog();
    let (result, took) = take_time(|| {
        let mut delay = Delay::new(clock::now() + HOUR);
        assert!(!delay.is_elapsed());
        future::poll_fn(move || {
            if let Async::NotReady = delay.poll()? {
                return Ok(Async::NotReady);
            }
            assert!(delay.is_elapsed());
            delay.poll()
        })
    });
    result.unwrap();
    assert_eq!(took, HOUR);
    // What is due needs no task to be woken.
    assert!(Delay::new(Instant::now()).poll().unwrap().is_ready());
}

#[test]
fn a_reset_moves_the_wake_up_forwards_and_backwards() {
    let _watchdog = watchdog();
    for (first, second) in [(HOUR, 2 * HOUR), (2 * HOUR, HOUR)] {
        let runtime = virtual_time();
        runtime.block_on(async {
            let start = clock::now();
            let delay = Rc::new(std::cell::RefCell::new(Delay::new(start + first)));
            let waiting = delay.clone();
            let waiting = future::poll_fn(move || waiting.borrow_mut().poll());
            let waiting = minato::task::spawn_local(to_std(waiting));
            minato::task::yield_now().await;
            delay.borrow_mut().reset(start + second);
            assert_eq!(delay.borrow().deadline(), start + second);
            waiting.await.unwrap().unwrap();
            assert_eq!(clock::now() - start, second);
        });
    }
}

#[test]
fn a_delay_can_begin_anew() {
    let _watchdog = watchdog();
    let (result, took) = take_time(|| {
        let (mut delay, mut rounds) = (Delay::new(clock::now()), 0);
        future::poll_fn(move || {
            while delay.poll()?.is_ready() {
                if rounds == 3 {
                    return Ok::<_, Error>(Async::Ready(()));
                }
                rounds += 1;
                delay.reset(delay.deadline() + HOUR);
            }
            Ok(Async::NotReady)
        })
    });
    result.unwrap();
    assert_eq!(took, 3 * HOUR);
}

/// A task that wakes itself all the time must not keep the timers of its own thread from firing.
#[test]
fn a_busy_task_sees_its_delay_end() {
    let _watchdog = watchdog();
    let when = Instant::now() + Duration::from_millis(10);
    let mut delay = Delay::new(when);
    let busy = move || {
        future::poll_fn(move || {
            let polled = delay.poll()?;
            futures::task::current().notify();
            Ok::<_, Error>(polled)
        })
    };
    current_thread::block_on_all(busy()).unwrap();
    assert!(Instant::now() >= when);
}

#[test]
fn a_delay_outlives_the_runtime_that_first_polled_it() {
    let _watchdog = watchdog();
    let when = Instant::now() + Duration::from_millis(20);
    let mut delay = Delay::new(when);
    let once = future::poll_fn(|| Ok::<_, Error>(Async::Ready(delay.poll()?.is_ready())));
    current_thread::Runtime::new().unwrap().block_on(once).unwrap();
    delay.wait().unwrap();
    assert!(Instant::now() >= when);
}

#[test]
fn a_future_that_takes_too_long_is_given_up() {
    let _watchdog = watchdog();
    let (result, took) = take_time(|| Timeout::new(future::empty::<(), ()>(), HOUR));
    assert!(result.unwrap_err().is_elapsed());
    assert_eq!(took, HOUR);
    let (result, took) =
        take_time(|| Timeout::new_at(future::empty::<(), ()>(), clock::now() + 2 * HOUR));
    assert!(result.unwrap_err().is_elapsed());
    assert_eq!(took, 2 * HOUR);
}

#[test]
fn what_is_ready_is_never_given_up() {
    use tokio::util::FutureExt;

    let _watchdog = watchdog();
    assert_eq!(future::ok::<_, ()>(5).timeout(Duration::ZERO).wait().unwrap(), 5);
    let error = future::err::<(), _>("own").timeout(Duration::ZERO).wait().unwrap_err();
    assert_eq!(error.into_inner(), Some("own"));
    // Too long to be represented is for ever.
    assert_eq!(future::ok::<_, ()>(5).timeout(Duration::MAX).wait().unwrap(), 5);
}

#[test]
fn a_timeout_gives_back_what_it_was_given() {
    let mut timeout = Timeout::new(future::ok::<_, ()>(5), HOUR);
    *timeout.get_mut() = future::ok(6);
    assert_eq!(timeout.get_ref().clone().wait(), Ok(6));
    assert_eq!(timeout.into_inner().wait(), Ok(6));
}

/// A stream has the time for each of its items, and goes on after one that took too long.
#[test]
fn each_item_of_a_stream_has_its_own_time() {
    let _watchdog = watchdog();
    virtual_time().block_on(async {
        let (mut send, receive) = mpsc::channel::<u32>(1);
        let sending = minato::task::spawn_local(async move {
            for (pause, item) in [(HOUR, 1), (HOUR, 2), (3 * HOUR, 3)] {
                minato::time::sleep(pause).await;
                send = to_std(send.send(item)).await.unwrap();
            }
        });
        let mut items = to_std(StreamExt::timeout(receive, 2 * HOUR));
        let mut next = async || {
            let poll = |cx: &mut std::task::Context<'_>| {
                futures_core::Stream::poll_next(std::pin::Pin::new(&mut items), cx)
            };
            std::future::poll_fn(poll).await
        };
        assert_eq!(next().await.unwrap().unwrap(), 1);
        assert_eq!(next().await.unwrap().unwrap(), 2);
        assert!(next().await.unwrap().unwrap_err().is_elapsed());
        assert_eq!(next().await.unwrap().unwrap(), 3);
        assert!(next().await.is_none());
        sending.await.unwrap();
    });
}

#[test]
fn an_interval_ticks_when_it_should_and_leaves_no_tick_out() {
    let _watchdog = watchdog();
    virtual_time().block_on(async {
        let start = clock::now();
        let ticks = Interval::new_interval(HOUR).take(2).collect();
        assert_eq!(to_std(ticks).await.unwrap(), [start + HOUR, start + 2 * HOUR]);
        assert_eq!(clock::now(), start + 2 * HOUR);
        // All of these are overdue.
        let ticks = Interval::new(start, HOUR).take(3).collect();
        assert_eq!(to_std(ticks).await.unwrap(), [start, start + HOUR, start + 2 * HOUR]);
        assert_eq!(clock::now(), start + 2 * HOUR);
    });
}

#[test]
#[should_panic(expected = "must be non-zero")]
fn an_interval_of_nothing_is_refused() {
    drop(Interval::new(Instant::now(), Duration::ZERO));
}

#[test]
fn a_throttled_stream_pauses_after_each_item() {
    let _watchdog = watchdog();
    let (items, took) =
        take_time(|| StreamExt::throttle(stream::iter_ok::<_, ()>(1..=3), HOUR).collect());
    assert_eq!(items.unwrap(), [1, 2, 3]);
    assert_eq!(took, 3 * HOUR);
    let mut failing = Throttle::new(stream::once::<(), _>(Err("own")), HOUR);
    let error: ThrottleError<_> = failing.poll().unwrap_err();
    assert!(error.is_stream_error() && !error.is_timer_error());
    assert_eq!(error.get_stream_error(), Some(&"own"));
    assert_eq!(failing.into_inner().wait().count(), 0);
}

#[test]
fn a_queue_gives_each_value_at_its_time() {
    let _watchdog = watchdog();
    let (came, took) = take_time(|| {
        let mut queue = DelayQueue::new();
        queue.insert("second", 2 * HOUR);
        queue.insert("first", HOUR);
        let removed = queue.insert("removed", HOUR / 2);
        let moved = queue.insert("fourth", HOUR);
        queue.insert_at("third", clock::now() + 2 * HOUR);
        assert_eq!(queue.remove(&removed).into_inner(), "removed");
        queue.reset(&moved, 3 * HOUR);
        queue.map(tokio::timer::delay_queue::Expired::into_inner).collect()
    });
    assert_eq!(came.unwrap(), ["first", "second", "third", "fourth"]);
    assert_eq!(took, 3 * HOUR);
}

/// What changes a queue while a task waits for it moves that task's wake-up.
#[test]
fn a_queue_may_change_while_it_is_waited_for() {
    let _watchdog = watchdog();
    virtual_time().block_on(async {
        let start = clock::now();
        let queue = Rc::new(std::cell::RefCell::new(DelayQueue::with_capacity(4)));
        assert!(queue.borrow().capacity() >= 4 && queue.borrow().is_empty());
        let late = queue.borrow_mut().insert("late", 5 * HOUR);
        let waiting = queue.clone();
        let waiting = stream::poll_fn(move || waiting.borrow_mut().poll());
        let waiting = waiting.map(move |came| (came.into_inner(), clock::now() - start));
        let waiting = minato::task::spawn_local(to_std(waiting.collect()));
        minato::task::yield_now().await;
        queue.borrow_mut().insert("early", HOUR);
        queue.borrow_mut().reset_at(&late, start + 2 * HOUR);
        assert_eq!(waiting.await.unwrap().unwrap(), [("early", HOUR), ("late", 2 * HOUR)]);
        // An empty queue has ended for now, and can be filled again.
        queue.borrow_mut().insert("again", HOUR);
        queue.borrow_mut().insert("cleared", HOUR);
        queue.borrow_mut().clear();
        assert!(matches!(queue.borrow_mut().poll(), Ok(Async::Ready(None))));
    });
}

#[test]
#[should_panic(expected = "no value with the key")]
fn a_value_cannot_be_taken_out_twice() {
    let mut queue = DelayQueue::new();
    let key = queue.insert((), HOUR);
    queue.remove(&key);
    queue.remove(&key);
}

#[test]
#[allow(deprecated)]
fn the_old_name_of_a_timeout_works() {
    let _watchdog = watchdog();
    let (result, took) = take_time(|| {
        tokio::util::FutureExt::deadline(future::empty::<(), ()>(), clock::now() + HOUR)
    });
    assert!(result.unwrap_err().is_elapsed());
    assert_eq!(took, HOUR);
}

/// A delay by a clock of one's own is ready when that clock says so, not before.
#[test]
fn a_clock_of_ones_own_decides() {
    /// Counts how often it was asked; an hour passes with the tenth time.
    struct Jumping(Instant, AtomicU32, Arc<AtomicBool>);

    impl clock::Now for Jumping {
        fn now(&self) -> Instant {
            if self.1.fetch_add(1, Ordering::SeqCst) < 10 {
                return self.0;
            }
            self.2.store(true, Ordering::SeqCst);
            self.0 + HOUR
        }
    }

    let _watchdog = watchdog();
    let (start, jumped) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let clock = clock::Clock::new_with_now(Jumping(start, AtomicU32::new(0), jumped.clone()));
    let mut runtime = current_thread::Builder::new().clock(clock).build().unwrap();
    runtime.block_on(Delay::new(start + Duration::from_millis(1))).unwrap();
    assert!(jumped.load(Ordering::SeqCst));
}

#[test]
fn the_errors_say_what_they_are() {
    assert!(Error::shutdown().is_shutdown() && !Error::shutdown().is_at_capacity());
    assert!(Error::at_capacity().is_at_capacity());
    assert_eq!(Error::shutdown().to_string(), "timer is shutdown");
    let error = timeout::Error::<Error>::timer(Error::shutdown());
    assert!(error.is_timer() && !error.is_elapsed() && !error.is_inner());
    assert!(error.into_timer().unwrap().is_shutdown());
    assert_eq!(timeout::Error::<Error>::elapsed().to_string(), "deadline has elapsed");
}

/// A delay may be made on one thread, polled on a second, and finished on a third.
#[test]
fn a_delay_moves_between_threads() {
    let _watchdog = watchdog();
    let when = Instant::now() + Duration::from_millis(10);
    let mut delay = Delay::new(when);
    let delay = thread::spawn(move || {
        let once = future::poll_fn(|| Ok::<_, Error>(Async::Ready(delay.poll()?.is_ready())));
        once.wait().unwrap();
        delay
    });
    delay.join().unwrap().wait().unwrap();
    assert!(Instant::now() >= when);
}
