//! Where the runtime of this crate panics and Minato's does not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

fn other() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn message(job: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(job)).expect_err("it did not panic");
    panic.downcast_ref::<&str>().unwrap().to_string()
}

#[test]
fn dropping_a_runtime_within_a_runtime_panics() {
    for builder in [Builder::new_current_thread, Builder::new_multi_thread] {
        let runtime = builder().build().unwrap();
        let text = runtime.block_on(async { message(|| drop(other())) });
        assert!(text.starts_with("Cannot drop a runtime"), "{text}");
        let task =
            runtime.spawn(async { message(|| other().shutdown_timeout(Duration::from_secs(1))) });
        let text = runtime.block_on(task).unwrap();
        assert!(text.starts_with("Cannot drop a runtime"), "{text}");
    }
}

#[test]
fn a_runtime_may_end_within_a_runtime_where_nothing_is_waited_for() {
    other().block_on(async {
        other().shutdown_background();
        other().shutdown_timeout(Duration::ZERO);
        tokio::task::spawn_blocking(|| drop(other())).await.unwrap();
    });
    let multi = Builder::new_multi_thread().build().unwrap();
    multi.block_on(async { tokio::task::block_in_place(|| drop(other())) });
}

#[test]
fn a_panic_within_a_runtime_is_not_doubled() {
    let text = message(|| {
        other().block_on(async {
            let _runtime = other();
            panic!("the first");
        });
    });
    assert_eq!(text, "the first");
}

#[test]
fn the_methods_have_paths() {
    let runtime = Runtime::new().unwrap();
    let task = Runtime::spawn(&runtime, async { 7 });
    assert_eq!(Runtime::block_on(&runtime, task).unwrap(), 7);
    let _context = Runtime::enter(&runtime);
    assert_eq!(Runtime::handle(&runtime).block_on(async { 8 }), 8);
}
