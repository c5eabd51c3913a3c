//! Join handles: output, panic, cancellation, abort, detaching.

use std::future::pending;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use futures::channel::oneshot;
use minato::task::{JoinError, JoinHandle, yield_now};

use crate::kit::{current_thread, multi_thread, panic_text, watchdog};

/// Sets a flag when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn flag() -> (Arc<AtomicBool>, Dropped) {
    let flag = Arc::new(AtomicBool::new(false));
    (flag.clone(), Dropped(flag))
}

fn on_both(body: impl Fn(&minato::runtime::Runtime)) {
    let _watchdog = watchdog();
    body(&current_thread());
    body(&multi_thread(2));
}

#[test]
fn gives_the_output() {
    on_both(|runtime| {
        let output = runtime.block_on(async { minato::spawn(async { vec![1, 2] }).await.unwrap() });
        assert_eq!(output, [1, 2]);
    });
}

#[test]
fn may_be_awaited_outside_every_runtime() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    assert_eq!(pollster::block_on(runtime.spawn(async { 3 })).unwrap(), 3);
}

#[test]
fn a_panic_comes_with_its_payload_and_the_place_of_the_spawn() {
    on_both(|runtime| {
        let handle = runtime.spawn(async { std::panic::panic_any(77_u64) });
        let place = handle.spawned_at();
        let error: minato::task::JoinError = runtime.block_on(handle).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.spawned_at(), place);
        assert_eq!(*error.into_panic().downcast::<u64>().unwrap(), 77);

        let error = runtime.block_on(runtime.spawn(async { panic!("said so") })).unwrap_err();
        assert!(error.to_string().contains("said so"), "{error}");
        let error = std::io::Error::from(error);
        assert!(error.to_string().contains("said so"), "{error}");
    });
}

#[test]
fn errors_say_what_became_of_which_task() {
    on_both(|runtime| {
        let numbers = |error: &JoinError| (error.id().to_string(), format!("{:?}", error.id()));

        let value = 1234;
        let handle = runtime.spawn(async move { panic!("the \"value\" is {value}") });
        let task = handle.id();
        let error = runtime.block_on(handle).unwrap_err();
        assert_eq!(error.id(), task);
        let (id, debug) = numbers(&error);
        assert!(id.parse::<u64>().is_ok() && debug == format!("Id({id})"), "{id}, {debug}");
        let text = r#""the \"value\" is 1234""#;
        assert_eq!(error.to_string(), format!("task {id} panicked with message {text}"));
        assert_eq!(format!("{error:?}"), format!("JoinError::Panic({debug}, {text}, ...)"));

        let error =
            runtime.block_on(runtime.spawn(async { std::panic::panic_any(5) })).unwrap_err();
        let (id, debug) = numbers(&error);
        assert_eq!(error.to_string(), format!("task {id} panicked"));
        assert_eq!(format!("{error:?}"), format!("JoinError::Panic({debug}, ...)"));

        let handle = runtime.spawn(pending::<()>());
        handle.abort();
        let error = runtime.block_on(handle).unwrap_err();
        let (id, debug) = numbers(&error);
        assert_eq!(error.to_string(), format!("task {id} was cancelled"));
        assert_eq!(format!("{error:?}"), format!("JoinError::Cancelled({debug})"));
    });
}

/// The panic is at the place of the call.
#[test]
fn to_ask_a_cancelled_task_for_its_panic_is_a_panic() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.spawn(pending::<()>());
    handle.abort();
    let error = runtime.block_on(handle).unwrap_err();
    let place = Arc::new(Mutex::new(None));
    let noted = place.clone();
    let before = panic::take_hook();
    let own = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == own {
            let file = info.location().map(|location| location.file().to_owned());
            *noted.lock().unwrap() = file;
        } else {
            before(info);
        }
    }));
    let text = panic_text(|| error.into_panic());
    drop(panic::take_hook());
    assert!(text.contains("`JoinError` reason is not a panic."), "{text}");
    assert_eq!(place.lock().unwrap().as_deref(), Some(file!()));
}

#[test]
fn an_error_without_a_panic_has_no_payload() {
    on_both(|runtime| {
        let handle = runtime.spawn(pending::<()>());
        handle.abort();
        let error = runtime.block_on(handle).unwrap_err();
        assert!(error.try_into_panic().unwrap_err().is_cancelled());
    });
}

#[test]
fn abort_before_the_start() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let (dropped, guard) = flag();
    let (polled, on_poll) = flag();
    drop(on_poll);
    polled.store(false, Ordering::SeqCst);
    let seen = polled.clone();
    let handle = runtime.spawn(async move {
        let _guard = guard;
        seen.store(true, Ordering::SeqCst);
    });
    handle.abort();
    assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
    assert!(dropped.load(Ordering::SeqCst));
    assert!(!polled.load(Ordering::SeqCst));
}

#[test]
fn abort_while_it_waits() {
    on_both(|runtime| {
        let (dropped, guard) = flag();
        let (begun, has_begun) = oneshot::channel();
        let handle = runtime.spawn(async move {
            let _guard = guard;
            begun.send(()).unwrap();
            pending::<()>().await;
        });
        runtime.block_on(has_begun).unwrap();
        assert!(!handle.is_finished());
        handle.abort();
        handle.abort();
        assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
        assert!(dropped.load(Ordering::SeqCst));
        runtime.wait_idle();
    });
}

#[test]
fn abort_by_itself_takes_effect_at_the_next_await() {
    on_both(|runtime| {
        let (send, receive) = oneshot::channel::<minato::task::AbortHandle>();
        let reached = Arc::new(AtomicUsize::new(0));
        let count = reached.clone();
        let handle = runtime.spawn(async move {
            receive.await.unwrap().abort();
            count.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
            count.fetch_add(10, Ordering::SeqCst);
        });
        send.send(handle.abort_handle()).unwrap();
        assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
        assert_eq!(reached.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn abort_after_the_end_keeps_the_output() {
    on_both(|runtime| {
        let handle = runtime.spawn(async { 5 });
        let abort = handle.abort_handle();
        assert_eq!(abort.id(), handle.id());
        runtime.wait_idle();
        assert!(handle.is_finished() && abort.is_finished());
        handle.abort();
        abort.abort();
        assert_eq!(runtime.block_on(handle).unwrap(), 5);
    });
}

/// An abort that meets a wake at the same moment: the task always ends.
#[test]
fn an_abort_is_never_lost_among_wakes() {
    let _watchdog = watchdog();
    let runtime = multi_thread(2);
    for _ in 0..2_000 {
        let (feed, mut fed) = futures::channel::mpsc::unbounded::<()>();
        let handle = runtime.spawn(async move {
            use futures::StreamExt;
            while fed.next().await.is_some() {}
            pending::<()>().await;
        });
        feed.unbounded_send(()).unwrap();
        handle.abort();
        drop(feed);
        assert!(pollster::block_on(handle).unwrap_err().is_cancelled());
    }
}

/// A spawn as a statement compiles without a warning, as tokio's does.
#[test]
#[deny(unused_must_use)]
fn dropping_the_handle_detaches() {
    on_both(|runtime| {
        let (go, gone) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        runtime.spawn(async move {
            gone.await.unwrap();
            done.send(6).unwrap();
        });
        go.send(()).unwrap();
        assert_eq!(runtime.block_on(is_done).unwrap(), 6);
    });
}

#[test]
fn an_abort_handle_outlives_runtime_and_task() {
    let _watchdog = watchdog();
    let runtime = multi_thread(1);
    let handle = runtime.spawn(pending::<()>());
    let abort = handle.abort_handle();
    drop(runtime);
    abort.abort();
    assert!(abort.is_finished());
    assert!(handle.is_finished());
    assert!(pollster::block_on(handle).unwrap_err().is_cancelled());
}

#[test]
fn ids_are_unique_and_the_place_is_the_callers() {
    let runtime = current_thread();
    let first: JoinHandle<()> = runtime.spawn(async {});
    let line = line!() + 1;
    let second = runtime.spawn(async {});
    assert_ne!(first.id(), second.id());
    assert_eq!(second.spawned_at().line(), line);
    assert!(second.spawned_at().file().ends_with("join.rs"));
}

#[test]
fn spawn_outside_every_runtime_uses_the_default_one() {
    let _watchdog = watchdog();
    let names = minato::spawn(async {
        let inner = minato::spawn(async { thread::current().name().map(str::to_owned) });
        (thread::current().name().map(str::to_owned), inner.await.unwrap())
    });
    let (outer, inner) = pollster::block_on(names).unwrap();
    assert_eq!(outer.as_deref(), Some("minato-default"));
    assert_eq!(inner.as_deref(), Some("minato-default"));
    let workers = thread::available_parallelism().unwrap().get();
    assert_eq!(minato::runtime::Handle::current().core_count(), workers);
}

#[test]
fn a_spawn_after_the_shutdown_ends_as_cancelled() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        let handle = runtime.handle().clone();
        drop(runtime);
        let (dropped, guard) = flag();
        let task = handle.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert!(dropped.load(Ordering::SeqCst));
        let error = pollster::block_on(task).unwrap_err();
        assert!(error.is_cancelled());
        assert!(error.to_string().contains("shut down"), "{error}");
        let error = pollster::block_on(handle.spawn_blocking(|| 1)).unwrap_err();
        assert!(error.is_cancelled());
        assert!(error.to_string().contains("shut down"), "{error}");
    }
}

#[test]
fn an_ended_handle_that_is_polled_again_says_so() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let mut handle = runtime.spawn(async { 1 });
    assert_eq!(runtime.block_on(&mut handle).unwrap(), 1);
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        _ = runtime.block_on(&mut handle);
    }));
    let panic = polled.unwrap_err();
    let text = panic.downcast_ref::<&str>().unwrap();
    assert!(text.contains("JoinHandle"), "{text}");
}
