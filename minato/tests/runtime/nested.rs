//! Waiting for tasks where they may not be able to run: in a nested `block_on`, in a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::kit::{current_thread, multi_thread, watchdog};

#[test]
fn nested_on_the_same_core_a_join_handle_is_an_error_that_names_both_sites() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let task = minato::spawn(async { 1 });
        let spawned_at = task.spawned_at().to_string();
        let error =
            handle.block_on(task).expect_err("the task cannot run while its thread is in here");
        assert!(error.is_deadlock() && !error.is_panic() && !error.is_cancelled());
        let text = error.to_string();
        assert!(text.contains(&spawned_at), "{text}");
        assert_eq!(text.matches("nested.rs:").count(), 2, "{text}");
    });
}

#[test]
fn a_join_handle_of_a_runtime_further_down_is_an_error_too() {
    let _watchdog = watchdog();
    for inner in [current_thread(), multi_thread(1)] {
        let outer = current_thread();
        let handle = outer.handle().clone();
        outer.block_on(async {
            let from_the_root = minato::spawn(async { 1 });
            let error = inner.block_on(from_the_root).unwrap_err().to_string();
            assert_eq!(error.matches("nested.rs:").count(), 2, "{error}");
            let nested = minato::spawn(async move {
                let from_a_task = minato::spawn(async { 2 });
                let error = inner.block_on(from_a_task).unwrap_err().to_string();
                assert_eq!(error.matches("nested.rs:").count(), 2, "{error}");
                // Two levels up, and only while it is polled there.
                let mut later = minato::spawn(async { 3 });
                let error = inner
                    .block_on(async { handle.block_on(async { (&mut later).await.unwrap_err() }) });
                assert!(error.to_string().contains("in vain"), "{error}");
                later.await.unwrap()
            });
            assert_eq!(nested.await.unwrap(), 3);
        });
    }
}

#[test]
fn a_task_waits_on_beyond_the_block_on_that_began_it() {
    let _watchdog = watchdog();
    let (outer, inner) = (current_thread(), current_thread());
    let value = outer.block_on(async {
        let task = minato::spawn(async { 5 });
        let waiting = inner.spawn(async move { task.await.unwrap() + 1 });
        // Polled here, in vain.
        inner.block_on(minato::task::yield_now());
        minato::task::yield_now().await;
        inner.block_on(waiting).unwrap()
    });
    assert_eq!(value, 6);
}

#[test]
fn nested_on_the_same_core_a_blocking_job_is_waited_for() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let job = minato::task::spawn_blocking(|| 7);
        assert_eq!(handle.block_on(job).unwrap(), 7);
    });
}

#[test]
fn tasks_wait_until_a_nested_block_on_is_over() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let handle = runtime.handle().clone();
    let ran = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let counted = ran.clone();
        let task = minato::spawn(async move { counted.fetch_add(1, Ordering::SeqCst) });
        handle.block_on(async {
            for _ in 0..100 {
                minato::task::yield_now().await;
            }
        });
        assert_eq!(ran.load(Ordering::SeqCst), 0);
        task.await.unwrap();
    });
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

#[test]
fn wait_idle_waits_for_tasks_and_jobs_of_its_own_runtime_only() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        let busy = current_thread();
        drop(busy.spawn(std::future::pending::<()>()));
        runtime.wait_idle();
        assert_eq!(runtime.handle().alive_tasks(), 0);
        let done = Arc::new(AtomicUsize::new(0));
        let counted = done.clone();
        runtime.spawn(async move {
            let job = counted.clone();
            drop(minato::task::spawn_blocking(move || {
                thread::yield_now();
                job.fetch_add(1, Ordering::SeqCst)
            }));
            minato::task::yield_now().await;
            counted.fetch_add(1, Ordering::SeqCst);
        });
        runtime.wait_idle();
        assert_eq!(done.load(Ordering::SeqCst), 2);
        assert_eq!(runtime.handle().alive_tasks(), 0);
        assert_eq!(busy.handle().alive_tasks(), 1);
    }
}

/// What `wait_idle` panics with when it is called in there.
fn complaint(waits: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(waits)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn wait_idle_says_so_where_it_could_never_return() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        let runtime = Arc::new(runtime);
        let waiting = runtime.clone();
        let in_a_task = runtime.spawn(async move { complaint(|| waiting.wait_idle()) });
        let text = runtime.block_on(in_a_task).unwrap();
        assert!(text.contains("nested.rs:"), "{text}");
        assert!(text.contains("for ever"), "{text}");
        let waiting = runtime.clone();
        let in_a_job = runtime.spawn_blocking(move || complaint(|| waiting.wait_idle()));
        let text = runtime.block_on(in_a_job).unwrap();
        assert!(text.contains("blocking job of the same runtime"), "{text}");
        // It works all the same where it can.
        runtime.wait_idle();
    }
}

#[test]
fn wait_idle_within_a_block_on_of_the_only_thread() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    runtime.block_on(async {
        let job = minato::task::spawn_blocking(thread::yield_now);
        runtime.wait_idle();
        assert!(job.is_finished(), "a job needs no core");
        let task = minato::spawn(async {});
        let text = complaint(|| runtime.wait_idle());
        assert!(text.contains(&task.spawned_at().to_string()), "{text}");
    });
    // On workers the tasks go on.
    let runtime = multi_thread(1);
    runtime.block_on(async {
        let task = minato::spawn(minato::task::yield_now());
        runtime.wait_idle();
        assert!(task.is_finished());
    });
}
