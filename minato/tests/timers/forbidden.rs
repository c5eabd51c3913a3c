//! Timers where hidden threads are forbidden. The policy is the process's, so each check runs in a
//! process of its own: this test program, started again for one test.

use std::thread;
use std::time::Duration;

use minato::reactor::Reactor;
use minato::runtime::Builder;
use minato::time::{Instant, interval, sleep};

use crate::kit::child::own_name;
use crate::kit::{in_child_with, limited, panic_text};

const SHORT: Duration = Duration::from_millis(5);

/// Runs the test `name` in a process that forbids hidden threads.
fn in_forbidding_process(name: String, body: impl FnOnce()) {
    in_child_with(name, |command| _ = command.env("MINATO_FORBID_IMPLICIT", "1"), body);
}

#[test]
fn a_timer_outside_every_runtime_names_its_place() {
    in_forbidding_process(own_name!(a_timer_outside_every_runtime_names_its_place), || {
        let (line, lonely) = (line!(), sleep(SHORT));
        let text = panic_text(|| pollster::block_on(lonely));
        assert!(text.contains(&format!("forbidden.rs:{line}:")), "{text}");
        assert!(text.contains("hidden threads are forbidden"), "{text}");

        let mut lonely = interval(SHORT);
        pollster::block_on(lonely.tick());
        let text = panic_text(|| pollster::block_on(lonely.tick()));
        assert!(text.contains("hidden threads are forbidden"), "{text}");
        // What need not wait needs nobody.
        pollster::block_on(sleep(Duration::ZERO));
    });
}

#[test]
fn runtimes_need_no_hidden_thread() {
    in_forbidding_process(own_name!(runtimes_need_no_hidden_thread), || {
        limited(|| {
            for mut runtime in [Builder::new_current_thread(), Builder::new_multi_thread()] {
                let runtime = runtime.build().unwrap();
                let made_outside = sleep(SHORT);
                runtime.block_on(made_outside);
                runtime.block_on(runtime.spawn(sleep(SHORT))).unwrap();
                let handle = runtime.handle().clone();
                runtime.block_on(async {
                    // Another thread relies on the one that holds the core.
                    let other = thread::spawn(move || {
                        let _entered = handle.enter();
                        pollster::block_on(sleep(SHORT));
                    });
                    while !other.is_finished() {
                        sleep(Duration::from_millis(1)).await;
                    }
                    other.join().unwrap();
                });
            }
            let threads = std::fs::read_dir("/proc/self/task").unwrap();
            for thread in threads {
                let name = std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap();
                assert_ne!(name.trim(), "minato-reactor");
            }
        });
    });
}

#[test]
fn a_core_that_nobody_holds_is_an_error() {
    in_forbidding_process(own_name!(a_core_that_nobody_holds_is_an_error), || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let _entered = runtime.enter();
        let lonely = sleep(SHORT);
        let text = panic_text(|| pollster::block_on(lonely));
        assert!(text.contains("forbidden.rs") && text.contains("are forbidden"), "{text}");
    });
}

#[test]
fn a_fallback_of_ones_own_serves() {
    in_forbidding_process(own_name!(a_fallback_of_ones_own_serves), || {
        let mut reactor = Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        assert_eq!(reactor.next_deadline(), None);

        // Turned by hand while another thread waits.
        let waiter = thread::spawn(|| {
            let deadline = Instant::now() + SHORT;
            pollster::block_on(sleep(SHORT));
            assert!(Instant::now() >= deadline);
        });
        while !waiter.is_finished() {
            reactor.turn(Some(Duration::from_millis(1))).unwrap();
        }
        waiter.join().unwrap();
        assert!(reactor.is_idle());

        // A sleep that is dropped while it waits leaves nothing behind.
        let counter = super::waking::Counter::new();
        let mut long = Box::pin(sleep(Duration::from_secs(3600)));
        assert!(counter.poll(long.as_mut()).is_pending());
        assert!(!reactor.is_idle());
        assert!(reactor.next_deadline().is_some());
        drop(long);
        assert!(reactor.is_idle());

        // On a thread of its own it ends when the last timer is gone.
        let mut long = Box::pin(sleep(Duration::from_secs(3600)));
        assert!(counter.poll(long.as_mut()).is_pending());
        let ended = reactor.background().unwrap().shutdown_on_idle();
        drop(long);
        limited(move || pollster::block_on(ended));
    });
}
