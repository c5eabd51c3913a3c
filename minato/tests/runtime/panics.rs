//! Panics of user code: in tasks, in wakers, in destructors. None of them may stop a runtime.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::channel::oneshot;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::runtime::Runtime;

use crate::kit::{current_thread, multi_thread, pair, watchdog};

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a destructor's panic");
        }
    }
}

/// Panics when it wakes, and counts that.
#[derive(Default)]
struct PanickingWaker(AtomicUsize);

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a waker's panic");
    }
}

fn on_both(body: impl Fn(&Runtime)) {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        body(&runtime);
        // Whatever happened, the runtime goes on.
        assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
        runtime.wait_idle();
    }
}

#[test]
fn in_a_task() {
    on_both(|runtime| {
        for _ in 0..10 {
            runtime.spawn(async { panic!("detached") });
        }
        assert!(
            runtime.block_on(runtime.spawn(async { panic!("joined") })).unwrap_err().is_panic()
        );
    });
}

#[test]
fn in_the_destructor_of_a_future_that_is_done() {
    on_both(|runtime| {
        let error = runtime
            .block_on(runtime.spawn(async {
                let _bomb = Bomb;
                1
            }))
            .unwrap_err();
        assert!(error.is_panic());
        // Not in the body, but in what the future captured and never moved.
        let bomb = Bomb;
        let error = runtime
            .block_on(runtime.spawn(poll_fn(move |_| {
                let _kept = &bomb;
                Poll::Ready(1)
            })))
            .unwrap_err();
        assert!(error.is_panic());
    });
}

/// What a future holds is dropped while the panic of its poll unwinds, whether it stands on the
/// stack of the poll or in the future.
#[test]
fn a_future_that_panics_is_dropped_in_the_unwind() {
    /// Notes whether it is dropped by a panic, and panics too if it is told to.
    struct Notes(Arc<AtomicUsize>, bool);

    impl Drop for Notes {
        fn drop(&mut self) {
            self.0.fetch_add(1 + 10 * usize::from(std::thread::panicking()), Ordering::SeqCst);
            assert!(!self.1, "a second panic");
        }
    }

    on_both(|runtime| {
        for second in [false, true] {
            let noted = Arc::new(AtomicUsize::new(0));
            let kept = Notes(noted.clone(), second);
            let on_stack = Notes(noted.clone(), false);
            let mut on_stack = Some(on_stack);
            let panics = poll_fn(move |_| -> Poll<()> {
                let (_kept, _on_stack) = (&kept, on_stack.take());
                panic!("the first panic")
            });
            let error = runtime.block_on(runtime.spawn(panics)).unwrap_err();
            assert_eq!(noted.load(Ordering::SeqCst), 22);
            let text = error.into_panic();
            assert_eq!(text.downcast_ref(), Some(&"the first panic"));
        }
    });
}

#[test]
fn in_the_destructor_of_a_future_that_is_aborted() {
    on_both(|runtime| {
        let bomb = Bomb;
        let (begun, has_begun) = oneshot::channel();
        let handle = runtime.spawn(async move {
            let _bomb = bomb;
            begun.send(()).unwrap();
            pending::<()>().await;
        });
        runtime.block_on(has_begun).unwrap();
        handle.abort();
        let panic = runtime.block_on(handle).unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"a destructor's panic"));
    });
}

#[test]
fn in_the_destructor_of_an_output_nobody_takes() {
    on_both(|runtime| {
        runtime.spawn(async { Bomb });
        let handle = runtime.spawn(async { Bomb });
        runtime.wait_idle();
        drop(handle);
    });
}

#[test]
fn in_the_destructor_of_a_panic_nobody_takes() {
    on_both(|runtime| {
        runtime.spawn(async { std::panic::panic_any(Bomb) });
        let handle = runtime.spawn(async { std::panic::panic_any(Bomb) });
        runtime.wait_idle();
        drop(handle);
        let error = runtime.block_on(runtime.spawn(async { std::panic::panic_any(Bomb) }));
        std::mem::forget(error.unwrap_err().into_panic());
    });
}

#[test]
fn in_destructors_during_the_shutdown() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        for _ in 0..10 {
            let bomb = Bomb;
            runtime.spawn(async move {
                let _bomb = bomb;
                pending::<()>().await;
            });
        }
        runtime.block_on(minato::task::yield_now());
        drop(runtime);
    }
}

/// The waker of somebody who waits for a socket panics: the reactor wakes the others.
#[test]
fn in_a_waker_that_waits_for_a_socket() {
    on_both(|runtime| {
        runtime.block_on(async {
            let (mut one, mut other) = pair().await;
            let panics = Arc::new(PanickingWaker::default());
            let mut buf = [0; 1];
            {
                let waker = Waker::from(panics.clone());
                let mut reads = pin!(one.read(&mut buf));
                assert!(reads.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                other.write_all(b"a").await.unwrap();
                while panics.0.load(Ordering::SeqCst) == 0 {
                    minato::task::yield_now().await;
                }
                assert_eq!(reads.await.unwrap(), 1);
            }
        });
    });
}

/// The same on the background reactor.
#[test]
fn in_a_waker_outside_every_runtime() {
    let _watchdog = watchdog();
    let (mut one, mut other) = pollster::block_on(pair());
    let panics = Arc::new(PanickingWaker::default());
    let waker = Waker::from(panics.clone());
    let mut buf = [0; 1];
    let mut reads = pin!(one.read(&mut buf));
    assert!(reads.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    pollster::block_on(other.write_all(b"a")).unwrap();
    while panics.0.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(pollster::block_on(reads).unwrap(), 1);
}

/// The waker of somebody who waits for a task panics.
#[test]
fn in_a_waker_that_waits_for_a_task() {
    on_both(|runtime| {
        let panics = Arc::new(PanickingWaker::default());
        let waker = Waker::from(panics.clone());
        let (go, gone) = oneshot::channel::<()>();
        let mut handle = runtime.spawn(async move { gone.await.unwrap() });
        assert!(pin!(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
        go.send(()).unwrap();
        while panics.0.load(Ordering::SeqCst) == 0 {
            runtime.block_on(minato::task::yield_now());
        }
        runtime.block_on(handle).unwrap();
        assert_eq!(panics.0.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn in_thread_hooks() {
    let _watchdog = watchdog();
    let runtime = minato::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(|| panic!("a hook's panic"))
        .on_thread_stop(|| panic!("a hook's panic"))
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
    assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 2)).unwrap(), 2);
    drop(runtime);
}
