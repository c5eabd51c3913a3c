//! Runtimes within runtimes: what tokio 0.1 forbids, and what it does not.

use std::time::{Duration, Instant};

use futures::future::{self, lazy};
use futures::{Future, Stream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Runtime, current_thread};
use tokio::timer::Delay;

use crate::support::{Job, Log, panic_text, watchdog};

/// A way to run a future, and what it says within another.
type Way = (fn(Job), &'static str);

/// The ways to run a future, and what each says when it is called within another.
const WAYS: [Way; 5] = [
    (|job| tokio::run(job), "nested tokio::run"),
    (|job| Runtime::new().unwrap().block_on(job).unwrap(), "nested block_on"),
    (|job| Runtime::new().unwrap().block_on_all(job).unwrap(), "nested block_on_all"),
    (|job| current_thread::block_on_all(job).unwrap(), "Multiple executors at once"),
    (|job| current_thread::run(job), "Multiple executors at once"),
];

#[test]
fn no_way_to_run_a_future_works_within_another() {
    let _watchdog = watchdog();
    let log = Log::default();
    for (outer, _) in WAYS {
        for (inner, said) in WAYS {
            let (done, never) = (log.clone(), log.job("never"));
            outer(Box::new(lazy(move || {
                let text = panic_text(|| inner(never));
                assert!(text.starts_with(said), "{text}");
                assert!(text.contains("another executor is already running"), "{text}");
                done.add("checked");
                Ok(())
            })));
            assert_eq!(log.take(), ["checked"]);
            // Nothing of it stays behind.
            inner(log.job("afterwards"));
            assert_eq!(log.take(), ["afterwards"]);
        }
    }
}

/// What is waited for must not be a task of the same thread, which does not run meanwhile. A socket
/// and a timer are not.
#[test]
fn waiting_works_within_all_of_them() {
    let _watchdog = watchdog();
    let log = Log::default();
    for (way, _) in WAYS {
        let done = log.clone();
        way(Box::new(lazy(move || {
            let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
            let client = TcpStream::connect(&listener.local_addr().unwrap());
            let server = listener.incoming().into_future().map_err(|(error, _)| error);
            drop(client.join(server).wait().unwrap());
            Delay::new(Instant::now() + Duration::from_millis(2)).wait().unwrap();
            done.add("waited");
            Ok(())
        })));
        assert_eq!(log.take(), ["waited"]);
    }
}

/// The rule is that of the old API alone. While a program migrates, old and new meet.
#[test]
fn minatos_own_runtimes_nest_with_all_of_them() {
    let _watchdog = watchdog();
    let log = Log::default();
    for (way, _) in WAYS {
        let inner = log.clone();
        way(Box::new(lazy(move || {
            minato::runtime::Runtime::new().unwrap().block_on(async { inner.add("new in old") });
            Ok(())
        })));
        let old = log.job("old in new");
        minato::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(async move { way(old) });
        assert_eq!(log.take(), ["new in old", "old in new"]);
    }
}

/// A task of Minato on a runtime of this crate is no task of tokio 0.1.
#[test]
fn a_future_of_std_that_is_spawned_there_may_run_another() {
    let _watchdog = watchdog();
    let log = Log::default();
    let job = log.job("ran");
    Runtime::new()
        .unwrap()
        .block_on_all(lazy(move || {
            drop(minato::spawn(async move { tokio::run(job) }));
            future::ok::<_, ()>(())
        }))
        .unwrap();
    assert_eq!(log.take(), ["ran"]);
}
