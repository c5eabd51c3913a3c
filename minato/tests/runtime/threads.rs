//! The threads of a runtime: names, stacks, hooks; and what its cores count.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use minato::runtime::Builder;
use minato::task::{spawn_blocking, yield_now};

use crate::kit::{current_thread, multi_thread, pair, ping, watchdog};

#[test]
fn have_the_name_that_was_given() {
    let _watchdog = watchdog();
    let runtime =
        Builder::new_multi_thread().worker_threads(1).thread_name("of-the-test").build().unwrap();
    let name = || thread::current().name().map(str::to_owned);
    assert_eq!(
        runtime.block_on(runtime.spawn(async move { name() })).unwrap().unwrap(),
        "of-the-test"
    );
    assert_eq!(runtime.block_on(runtime.spawn_blocking(name)).unwrap().unwrap(), "of-the-test");
    let runtime = multi_thread(1);
    let worker = runtime.block_on(runtime.spawn(async move { name() })).unwrap();
    assert_eq!(worker.unwrap(), "minato-worker");
}

#[test]
fn may_be_named_one_by_one() {
    let _watchdog = watchdog();
    let count = AtomicUsize::new(0);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name_fn(move || format!("number-{}", count.fetch_add(1, Ordering::SeqCst)))
        .build()
        .unwrap();
    let name =
        runtime.block_on(runtime.spawn_blocking(|| thread::current().name().unwrap().to_owned()));
    assert_eq!(name.unwrap(), "number-2");
}

#[test]
fn a_name_with_a_zero_byte_is_an_error() {
    let error = Builder::new_multi_thread().thread_name("a\0b").build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("zero byte"), "{text}");
}

#[test]
fn have_the_stack_that_was_asked_for() {
    let _watchdog = watchdog();
    fn deep(left: usize) -> usize {
        let room = std::hint::black_box([left as u8; 64 * 1024]);
        if left == 0 { room[0] as usize } else { deep(left - 1) + usize::from(room[1] > 250) }
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(64 * 1024 * 1024)
        .build()
        .unwrap();
    // 16 MiB of frames: far more than std's 2 MiB.
    runtime.block_on(runtime.spawn(async { deep(256) })).unwrap();
    runtime.block_on(runtime.spawn_blocking(|| deep(256))).unwrap();
}

#[test]
fn hooks_run_once_per_thread_on_that_thread() {
    let _watchdog = watchdog();
    let (started, stopped): (Arc<Mutex<Vec<_>>>, Arc<Mutex<Vec<_>>>) = Default::default();
    let (starts, stops) = (started.clone(), stopped.clone());
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_start(move || starts.lock().unwrap().push(thread::current().id()))
        .on_thread_stop(move || stops.lock().unwrap().push(thread::current().id()))
        .build()
        .unwrap();
    runtime.block_on(async { spawn_blocking(|| ()).await.unwrap() });
    drop(runtime);
    let started: HashSet<_> = started.lock().unwrap().iter().copied().collect();
    let stops = stopped.lock().unwrap();
    assert_eq!(started.len(), 3);
    assert_eq!(stops.len(), 3);
    assert_eq!(stops.iter().copied().collect::<HashSet<_>>(), started);
}

/// A second hook is called as well: starts in the order given, stops in the reverse of it, whatever
/// one of them does.
#[test]
fn hooks_are_added_to_those_before() {
    let _watchdog = watchdog();
    let log: Arc<Mutex<Vec<&str>>> = Arc::default();
    let say = |what| {
        let log = log.clone();
        move || {
            log.lock().unwrap().push(what);
            if what.starts_with("first") {
                panic!("a hook's panic");
            }
        }
    };
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(1)
        .on_thread_start(say("first start"))
        .on_thread_stop(say("first stop"))
        .on_thread_start(say("second start"))
        .on_thread_stop(say("second stop"));
    let expected = ["first start", "second start", "second stop", "first stop"];
    drop(builder.build().unwrap());
    assert_eq!(std::mem::take(&mut *log.lock().unwrap()), expected);
    let runtime = builder.build().unwrap();
    runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
    drop(runtime);
    let mut both = std::mem::take(&mut *log.lock().unwrap());
    both.sort_unstable();
    let mut expected: Vec<_> = expected.iter().flat_map(|what| [*what; 2]).collect();
    expected.sort_unstable();
    assert_eq!(both, expected);
}

#[test]
fn a_current_thread_runtime_has_no_thread_and_calls_no_hook() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let runtime = Builder::new_current_thread()
        .on_thread_start(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    runtime.block_on(yield_now());
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn options_that_contradict_each_other_are_errors() {
    use minato::runtime::picker::Fifo;
    let refused = |builder: &mut Builder, word: &str| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(word), "{error}");
    };
    refused(Builder::new_multi_thread().start_paused(true), "clock");
    refused(Builder::new_multi_thread().picker(Fifo), "picker");
    let world = minato::sim::World::new(1);
    let engine = minato::engine::Engine::sim(world.host("a"));
    refused(Builder::new_multi_thread().engine(engine.clone()), "simulated");
    refused(Builder::new_current_thread().engine(engine).start_paused(true), "clock");
}

#[test]
fn cores_count_what_they_do() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        let handle = runtime.handle().clone();
        assert_eq!(handle.core_metrics(1), None);
        let before = handle.core_metrics(0).unwrap();
        runtime
            .block_on(runtime.spawn(async {
                let (mut one, other) = pair().await;
                let server = minato::spawn(crate::kit::echo(other));
                ping(&mut one, 10).await.unwrap();
                drop(one);
                server.await.unwrap().unwrap();
                // An answer may be there whenever the core looks. Here it has to wait.
                minato::time::sleep(Duration::from_millis(20)).await;
            }))
            .unwrap();
        let after = handle.core_metrics(0).unwrap();
        assert!(after.polls >= before.polls + 10, "{before:?} {after:?}");
        assert!(after.wakes > before.wakes, "{before:?} {after:?}");
        assert!(after.events > before.events, "{before:?} {after:?}");
        assert!(after.parks > before.parks, "{before:?} {after:?}");
        assert_eq!(after.longest_poll, Duration::ZERO);
    }
}

#[test]
fn polls_are_measured_if_asked_for() {
    let _watchdog = watchdog();
    let runtime = Builder::new_current_thread().measure_polls(true).build().unwrap();
    runtime.block_on(async {
        minato::spawn(async { thread::sleep(Duration::from_millis(3)) }).await.unwrap();
    });
    // The sleep cannot have been shorter, so this holds no clock to a promise.
    assert!(runtime.handle().core_metrics(0).unwrap().longest_poll >= Duration::from_millis(3));
}

#[test]
fn spinning_changes_nothing_but_the_time() {
    let _watchdog = watchdog();
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.spin(Duration::from_micros(50)).build().unwrap();
        runtime.block_on(async {
            let (mut one, other) = pair().await;
            let server = minato::spawn(crate::kit::echo(other));
            ping(&mut one, 200).await.unwrap();
            drop(one);
            server.await.unwrap().unwrap();
        });
    }
}
