//! Timers in a reactor that the waiting thread does not turn.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use minato::runtime::Builder;
use minato::time::{Instant, sleep, sleep_until};

use super::waking::Counter;
use crate::kit::child::own_name;
use crate::kit::{in_child, limited};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// Waits on this thread in the runtime that it has entered.
fn short_sleeps() {
    for _ in 0..20 {
        let deadline = Instant::now() + SHORT;
        pollster::block_on(sleep_until(deadline));
        assert!(Instant::now() >= deadline);
    }
}

#[test]
fn a_shorter_timer_from_another_thread_wakes_the_parked_reactor() {
    limited(|| {
        for multi_thread in [false, true] {
            let runtime = match multi_thread {
                false => Builder::new_current_thread().build().unwrap(),
                true => Builder::new_multi_thread().worker_threads(1).build().unwrap(),
            };
            let handle = runtime.handle().clone();
            let (sender, receiver) = channel::<()>();
            let keeper = thread::spawn(move || {
                runtime.block_on(async {
                    let long = minato::spawn(sleep(HOUR));
                    // Parked for an hour, but for the waker that the other thread calls.
                    let (done, ended) = futures::channel::oneshot::channel();
                    thread::spawn(move || {
                        receiver.recv().unwrap();
                        done.send(()).unwrap();
                    });
                    ended.await.unwrap();
                    long.abort();
                });
            });
            // So that it is likely to be parked by now; it must work in any case.
            thread::sleep(Duration::from_millis(20));
            {
                let _entered = handle.enter();
                short_sleeps();
            }
            sender.send(()).unwrap();
            keeper.join().unwrap();
        }
    });
}

#[test]
fn a_core_that_nobody_holds() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let _entered = runtime.enter();
        short_sleeps();
    });
}

#[test]
fn a_shorter_timer_in_a_core_that_nobody_holds() {
    // Other watched cores would keep the watcher awake.
    in_child(own_name!(a_shorter_timer_in_a_core_that_nobody_holds), || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let _entered = runtime.enter();
        let mut long = pin!(sleep(HOUR));
        assert!(Counter::new().poll(long.as_mut()).is_pending());
        // Whoever looks after the core goes to sleep for an hour meanwhile.
        thread::sleep(Duration::from_millis(50));
        thread::spawn(move || {
            let _entered = handle.enter();
            short_sleeps();
        })
        .join()
        .unwrap();
    });
}

#[test]
fn a_core_whose_holder_leaves() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let (sender, receiver) = channel();
        let waiter = thread::spawn(move || {
            let _entered = handle.enter();
            let counter = Counter::new();
            let mut sleep = pin!(sleep(Duration::from_millis(100)));
            assert!(counter.poll(sleep.as_mut()).is_pending());
            sender.send(()).unwrap();
            counter.wait();
            assert!(sleep.is_elapsed());
        });
        runtime.block_on(async {
            while receiver.try_recv().is_err() {
                sleep(Duration::from_millis(1)).await;
            }
        });
        waiter.join().unwrap();
    });
}

#[test]
fn a_core_whose_holder_is_stuck() {
    limited(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let (sender, receiver) = channel();
        let waiter = thread::spawn(move || {
            let _entered = handle.enter();
            short_sleeps();
            sender.send(()).unwrap();
        });
        // Blocks the core's thread until the other thread's timers have fired.
        runtime.block_on(async move { receiver.recv().unwrap() });
        waiter.join().unwrap();
    });
}

#[test]
fn a_worker_that_is_stuck() {
    limited(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (sender, receiver) = channel::<()>();
        let stuck = runtime.spawn(async move { receiver.recv().unwrap() });
        runtime.block_on(async {
            for _ in 0..5 {
                sleep(SHORT).await;
            }
        });
        sender.send(()).unwrap();
        runtime.block_on(stuck).unwrap();
    });
}
