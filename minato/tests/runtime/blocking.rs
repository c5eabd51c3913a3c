//! Jobs that block.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use minato::runtime::{Builder, Handle, Runtime};
use minato::task::{spawn_blocking, spawn_mandatory_blocking};

use crate::kit::{current_thread, echo, multi_thread, pair, ping, watchdog};

fn with_one_blocking_thread(queue: usize) -> Runtime {
    Builder::new_current_thread().max_blocking_threads(1).max_blocking_queue(queue).build().unwrap()
}

/// A job that is known to run, and ends when the sender is dropped.
fn occupy(runtime: &Runtime) -> (mpsc::Sender<()>, minato::task::JoinHandle<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let handle = runtime.spawn_blocking(move || {
        begun.send(()).unwrap();
        _ = released.recv();
    });
    has_begun.recv().unwrap();
    (release, handle)
}

#[test]
fn gives_what_the_closure_returns() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        let (id, value) = runtime
            .block_on(async { spawn_blocking(|| (thread::current().id(), 8)).await.unwrap() });
        assert_ne!(id, thread::current().id());
        assert_eq!(value, 8);
    }
}

#[test]
fn a_panic_comes_to_the_handle() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    let error = runtime.block_on(runtime.spawn_blocking(|| panic!("in a job"))).unwrap_err();
    assert!(error.is_panic());
    assert!(error.to_string().contains("in a job"), "{error}");
    assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 2)).unwrap(), 2);
}

#[test]
fn an_exhausted_limit_cancels_and_says_why() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(1);
    let (release, occupied) = occupy(&runtime);
    let waits = runtime.spawn_blocking(|| 1);
    let dropped = Arc::new(AtomicBool::new(false));
    struct Sets(Arc<AtomicBool>);
    impl Drop for Sets {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let captured = Sets(dropped.clone());
    let refused = runtime.spawn_blocking(move || drop(captured));
    assert!(refused.is_finished());
    assert!(dropped.load(Ordering::SeqCst));
    let error = runtime.block_on(refused).unwrap_err();
    assert!(error.is_cancelled());
    let text = error.to_string();
    assert!(text.contains("1 threads are busy and 1 jobs wait"), "{text}");
    drop(release);
    runtime.block_on(occupied).unwrap();
    assert_eq!(runtime.block_on(waits).unwrap(), 1);
}

#[test]
fn abort_before_the_start() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(10);
    let (release, occupied) = occupy(&runtime);
    let ran = Arc::new(AtomicBool::new(false));
    let sets = ran.clone();
    let waits = runtime.spawn_blocking(move || sets.store(true, Ordering::SeqCst));
    waits.abort();
    drop(release);
    assert!(runtime.block_on(waits).unwrap_err().is_cancelled());
    runtime.block_on(occupied).unwrap();
    assert!(!ran.load(Ordering::SeqCst));
}

#[test]
fn abort_after_the_start_changes_nothing() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(10);
    let (release, occupied) = occupy(&runtime);
    occupied.abort();
    drop(release);
    runtime.block_on(occupied).unwrap();
}

/// A job is within its runtime: what it spawns and waits for belongs there.
#[test]
fn a_job_is_within_its_runtime() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        let (spawned, names) = runtime.block_on(async {
            spawn_blocking(|| {
                let handle = Handle::try_current().ok().map(|handle| handle.core_count());
                (minato::spawn(async { thread::current().name().map(str::to_owned) }), handle)
            })
            .await
            .unwrap()
        });
        assert_eq!(names, Some(1));
        let name = runtime.block_on(spawned).unwrap();
        assert_ne!(name.as_deref(), Some("minato-default"));
    }
}

#[test]
fn a_job_may_wait_for_sockets_and_tasks() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(1)] {
        runtime.block_on(async {
            let job = spawn_blocking(|| {
                let handle = Handle::current();
                handle.block_on(async {
                    let (mut one, other) = pair().await;
                    let server = minato::spawn(echo(other));
                    // Many more operations than one poll's budget, under a foreign block_on.
                    pollster::block_on(ping(&mut one, 300)).unwrap();
                    drop(one);
                    server.await.unwrap().unwrap();
                });
            });
            job.await.unwrap();
        });
    }
}

#[test]
fn a_queued_job_is_cancelled_by_the_shutdown() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(10);
    let (release, occupied) = occupy(&runtime);
    let waits = runtime.spawn_blocking(|| 1);
    runtime.shutdown_background();
    assert!(pollster::block_on(waits).unwrap_err().is_cancelled());
    drop(release);
    pollster::block_on(occupied).unwrap();
}

#[test]
fn a_shutdown_with_a_deadline_does_not_wait_for_a_job_that_never_ends() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        let (release, occupied) = occupy(&runtime);
        runtime.shutdown_timeout(Duration::from_millis(1));
        assert!(!occupied.is_finished());
        drop(release);
        pollster::block_on(occupied).unwrap();
    }
}

#[test]
fn a_drop_waits_for_running_jobs() {
    let _watchdog = watchdog();
    for runtime in [current_thread(), multi_thread(2)] {
        let (release, occupied) = occupy(&runtime);
        let releasing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            drop(release);
        });
        drop(runtime);
        assert!(occupied.is_finished());
        releasing.join().unwrap();
    }
}

/// A thread is on its way to each of these jobs.
#[test]
fn jobs_that_have_a_thread_run_at_shutdown() {
    let _watchdog = watchdog();
    for round in 0..40 {
        let runtime = if round % 2 == 0 { current_thread() } else { multi_thread(2) };
        if round % 4 < 2 {
            // A thread waits for the first one; the others get new threads.
            runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
        }
        let jobs: Vec<_> =
            (0..1 + round % 3).map(|job| runtime.spawn_blocking(move || job)).collect();
        match round % 5 {
            0 => drop(runtime),
            1 => runtime.shutdown_background(),
            _ => runtime.shutdown_timeout(Duration::from_secs(60)),
        }
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(pollster::block_on(job).unwrap(), number);
        }
    }
}

#[test]
fn of_the_jobs_that_wait_only_mandatory_ones_run_at_shutdown() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(10);
    let (release, occupied) = occupy(&runtime);
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    let job = |number| {
        let order = order.clone();
        move || order.lock().unwrap().push(number)
    };
    let _guard = runtime.enter();
    let first = runtime.handle().spawn_mandatory_blocking(job(1)).unwrap();
    let waits = runtime.spawn_blocking(job(2));
    let aborted = spawn_mandatory_blocking(job(3)).unwrap();
    let last = spawn_mandatory_blocking(job(4)).unwrap();
    aborted.abort();
    runtime.shutdown_background();
    assert!(pollster::block_on(waits).unwrap_err().is_cancelled());
    assert!(!first.is_finished() && !last.is_finished());
    assert!(spawn_mandatory_blocking(|| ()).is_none());
    drop(release);
    for job in [occupied, first, last] {
        pollster::block_on(job).unwrap();
    }
    assert!(pollster::block_on(aborted).unwrap_err().is_cancelled());
    assert_eq!(*order.lock().unwrap(), [1, 4]);
}

/// Dropping the runtime waits for them.
#[test]
fn a_runtime_ends_after_its_mandatory_jobs() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(10);
    let (release, _occupied) = occupy(&runtime);
    let done = Arc::new(AtomicBool::new(false));
    let is_done = done.clone();
    let job = runtime.handle().spawn_mandatory_blocking(move || done.store(true, Ordering::SeqCst));
    let releases = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop(release);
    });
    drop(runtime);
    assert!(is_done.load(Ordering::SeqCst));
    releases.join().unwrap();
    assert!(job.unwrap().is_finished());
}

#[test]
fn a_full_pool_takes_no_mandatory_job() {
    let _watchdog = watchdog();
    let runtime = with_one_blocking_thread(0);
    let (release, occupied) = occupy(&runtime);
    assert!(runtime.handle().spawn_mandatory_blocking(|| ()).is_none());
    drop(release);
    runtime.block_on(occupied).unwrap();
}

#[test]
fn mandatory_jobs_run_at_once_in_a_simulation() {
    let _watchdog = watchdog();
    let engine = minato::engine::Engine::sim(minato::sim::World::new(5).host("a"));
    let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
    let (one, two) = runtime.block_on(async {
        let here = thread::current().id();
        let one = spawn_mandatory_blocking(move || assert_eq!(thread::current().id(), here));
        let two = spawn_mandatory_blocking(|| panic!("in a mandatory job"));
        (one.unwrap(), two.unwrap())
    });
    assert!(one.is_finished() && two.is_finished());
    runtime.shutdown_background();
    pollster::block_on(one).unwrap();
    assert!(pollster::block_on(two).unwrap_err().is_panic());
}
