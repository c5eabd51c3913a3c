//! Values that are local to a task.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use minato::task::{LocalKey, yield_now};

use crate::kit::{current_thread, multi_thread, on_each_executor, panic_text, watchdog};

minato::task_local! {
    static NUMBER: u32;
    /// An attribute and a visibility are kept.
    pub(crate) static NAME: String
}

minato::task_local!();

#[test]
fn a_value_is_there_in_its_scope_and_nowhere_else() {
    on_each_executor(|| async {
        assert!(NUMBER.try_get().is_err());
        let scoped = NUMBER.scope(1, async {
            assert_eq!(NUMBER.get(), 1);
            yield_now().await;
            let inner = NUMBER.scope(2, async {
                yield_now().await;
                assert_eq!(NUMBER.with(|number| number + NUMBER.get()), 4);
            });
            inner.await;
            assert_eq!(NUMBER.get(), 1);
            assert!(NAME.try_with(|_| unreachable!("it is not set")).is_err());
        });
        // What runs between the polls of the scope does not see it.
        let beside = async {
            for _ in 0..4 {
                assert!(NUMBER.try_get().is_err());
                yield_now().await;
            }
        };
        futures::join!(scoped, beside, NUMBER.scope(9, async { assert_eq!(NUMBER.get(), 9) }));
        assert!(NUMBER.try_get().is_err());
    });
}

#[test]
fn a_spawned_task_has_its_own() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(3)] {
        runtime.block_on(NAME.scope("outer".to_owned(), async {
            let tasks: Vec<_> = (0..30)
                .map(|number| {
                    minato::spawn(NUMBER.scope(number, async {
                        assert!(NAME.try_get().is_err());
                        for _ in 0..10 {
                            yield_now().await;
                        }
                        NUMBER.get()
                    }))
                })
                .collect();
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap(), number as u32);
            }
        }));
    }
}

/// Sends, when it is dropped, what the key has then.
struct TellsWhenDropped(mpsc::Sender<Option<u32>>);

impl Drop for TellsWhenDropped {
    fn drop(&mut self) {
        self.0.send(NUMBER.try_get().ok()).unwrap();
    }
}

impl Future for TellsWhenDropped {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

#[test]
fn a_future_is_dropped_in_its_scope() {
    let _watchdog = watchdog();
    let (sender, dropped) = mpsc::channel();
    // At its end,
    let mut future = Box::pin(NUMBER.scope(1, TellsWhenDropped(sender.clone())));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(dropped.try_recv(), Ok(Some(1)));
    assert_eq!(future.as_mut().take_value(), Some(1));
    drop(future);
    // before it was polled,
    drop(NUMBER.scope(2, TellsWhenDropped(sender.clone())));
    assert_eq!(dropped.try_recv(), Ok(Some(2)));
    // when its task is aborted,
    current_thread().block_on(async {
        let held = TellsWhenDropped(sender.clone());
        let task = minato::spawn(NUMBER.scope(3, async move {
            let _held = held;
            pending::<()>().await;
        }));
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(dropped.try_recv(), Ok(Some(3)));
    // and without a scope while the key is in use.
    let future = NUMBER.scope(4, TellsWhenDropped(sender));
    NUMBER.sync_scope(5, || NUMBER.with(|_| drop(future)));
    assert_eq!(dropped.try_recv(), Ok(Some(5)));
    assert_eq!(dropped.try_recv(), Err(mpsc::TryRecvError::Disconnected));
}

#[test]
fn a_panic_ends_the_scope() {
    let panicking = || NUMBER.sync_scope(2, || -> u32 { panic!("on purpose") });
    NUMBER.sync_scope(1, || {
        assert_eq!(panic_text(panicking), "on purpose");
        assert_eq!(NUMBER.get(), 1);
        let mut future = pin!(NUMBER.scope(3, async { panic!("again") }));
        let mut cx = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        assert!(polled.is_err());
        assert_eq!(NUMBER.get(), 1);
    });
    assert!(NUMBER.try_get().is_err());
}

#[test]
fn misuse_panics_with_its_name() {
    assert!(panic_text(|| NUMBER.get()).contains("outside a scope"));
    let within = || NUMBER.sync_scope(1, || NUMBER.with(|_| NUMBER.sync_scope(2, || ())));
    assert!(panic_text(within).contains("within `with`"));
    let mut future = pin!(NUMBER.scope(1, ready(())));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_ready());
    assert!(panic_text(|| future.as_mut().poll(&mut cx)).contains("after it was ready"));
}

#[test]
fn it_is_printed() {
    assert_eq!(format!("{NUMBER:?}"), "LocalKey { .. }");
    let mut future = Box::pin(NUMBER.scope(7, ready(())));
    assert_eq!(format!("{future:?}"), "TaskLocalFuture { value: 7 }");
    future.as_mut().take_value();
    assert_eq!(format!("{future:?}"), "TaskLocalFuture { value: <missing> }");
    let error = NUMBER.try_get().unwrap_err();
    assert_eq!(format!("{error} {error:?}"), "the task-local value is not set here AccessError");
}

#[test]
fn values_need_not_be_send() {
    minato::task_local!(static SHARED: Rc<RefCell<Vec<u32>>>);
    let seen = Rc::new(RefCell::new(Vec::new()));
    pollster::block_on(SHARED.scope(seen.clone(), async {
        for number in 0..3 {
            SHARED.with(|seen| seen.borrow_mut().push(number));
            yield_now().await;
        }
    }));
    assert_eq!(Rc::strong_count(&seen), 1);
    assert_eq!(*seen.borrow(), [0, 1, 2]);
}

#[test]
fn a_key_made_by_hand_works() {
    // As the macros of others do.
    static KEY: LocalKey<u32> = {
        thread_local! {
            static PLACE: RefCell<Option<u32>> = const { RefCell::new(None) };
        }
        LocalKey { inner: PLACE }
    };
    assert_eq!(KEY.sync_scope(6, || KEY.get()), 6);
}

/// A destructor of another thread-local asks when the key's place is gone, or is not yet.
#[test]
fn a_thread_at_its_end_has_no_value() {
    struct Asks(Cell<Option<mpsc::Sender<bool>>>);

    impl Drop for Asks {
        fn drop(&mut self) {
            let told = NUMBER.try_get().is_err();
            self.0.take().unwrap().send(told).unwrap();
        }
    }

    thread_local!(static LAST: Asks = const { Asks(Cell::new(None)) });
    let (sender, told) = mpsc::channel();
    std::thread::spawn(move || {
        LAST.with(|last| last.0.set(Some(sender)));
        NUMBER.sync_scope(1, || NUMBER.get());
    });
    assert_eq!(told.recv(), Ok(true));
}
