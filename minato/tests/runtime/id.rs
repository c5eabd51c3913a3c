//! Which task runs here.

use std::collections::HashSet;
use std::future::{Future, pending, ready};
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll};

use minato::runtime::{LocalRuntime, Runtime};
use minato::sim::Simulation;
use minato::task::{
    Id, LocalSet, block_in_place, id, spawn_blocking, spawn_local, try_id, yield_now,
};

use crate::kit::{current_thread, multi_thread, panic_text, watchdog};

/// Tells in which task it is dropped.
struct Tells(mpsc::Sender<Option<Id>>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.send(try_id()).unwrap();
    }
}

/// Ready at once, and dropped only by its task.
struct Held(Option<Tells>, #[allow(dead_code, reason = "for its drop")] Tells);

impl Future for Held {
    type Output = Option<Tells>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(self.0.take())
    }
}

fn on_both(body: impl Fn(&Runtime)) {
    let _watchdog = watchdog();
    body(&current_thread());
    body(&multi_thread(2));
}

#[test]
fn is_that_of_the_handle() {
    on_both(|runtime| {
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let handle = runtime.spawn(async {
                    let first = id();
                    yield_now().await;
                    assert_eq!(try_id(), Some(first));
                    first
                });
                (handle.id(), handle)
            })
            .collect();
        let jobs = (0..3).map(|_| {
            let handle = runtime.spawn_blocking(id);
            (handle.id(), handle)
        });
        let all: Vec<_> = tasks.into_iter().chain(jobs).collect();
        assert_eq!(all.iter().map(|(id, _)| *id).collect::<HashSet<_>>().len(), 23);
        for (id, handle) in all {
            assert_eq!(runtime.block_on(handle).unwrap(), id);
        }
    });
}

#[test]
fn outside_of_tasks_there_is_none() {
    on_both(|runtime| {
        let none = || {
            assert_eq!(try_id(), None);
            assert!(panic_text(id).contains("outside of a task"));
        };
        none();
        runtime.block_on(async {
            none();
            minato::spawn(async {}).await.unwrap();
            none();
            spawn_blocking(|| {}).await.unwrap();
            none();
        });
        let _entered = runtime.enter();
        none();
    });
}

/// The future and the output of a task are dropped as its own, whoever causes it.
#[test]
fn within_destructors() {
    on_both(|runtime| {
        let (told, tells) = mpsc::channel();
        let held = || Held(Some(Tells(told.clone())), Tells(told.clone()));
        let next = || tells.recv().unwrap();

        let handle = runtime.spawn(held());
        let id = Some(handle.id());
        let output = runtime.block_on(handle).unwrap();
        assert_eq!(next(), id);
        drop(output);
        assert_eq!(next(), None, "the output belongs to the caller");

        let handle = runtime.spawn(held());
        let id = Some(handle.id());
        drop(handle);
        runtime.wait_idle();
        assert_eq!([next(), next()], [id, id], "nobody wants the output");

        let handle = runtime.spawn(held());
        let id = Some(handle.id());
        runtime.wait_idle();
        assert_eq!(next(), id);
        drop(handle);
        assert_eq!(next(), id, "nobody has taken the output");

        let waits = Tells(told.clone());
        let handle = runtime.spawn(async move {
            let _waits = waits;
            pending::<()>().await;
        });
        let id = Some(handle.id());
        handle.abort();
        assert!(runtime.block_on(handle).unwrap_err().is_cancelled());
        assert_eq!(next(), id, "aborted");
        assert_eq!(try_id(), None);

        let panics = Tells(told.clone());
        let handle = runtime.spawn(async move {
            let _panics = panics;
            panic!("on purpose");
        });
        let id = Some(handle.id());
        runtime.wait_idle();
        assert_eq!(next(), id, "panicked");
    });
}

#[test]
fn within_a_shutdown_that_a_task_causes() {
    let _watchdog = watchdog();
    let (told, tells) = mpsc::channel();
    let inner = current_thread();
    let waits = Tells(told);
    let id = inner
        .spawn(async move {
            let _waits = waits;
            pending::<()>().await;
        })
        .id();
    let outer = current_thread();
    let dropping = outer.spawn(async move {
        let own = try_id();
        drop(inner);
        assert_eq!(try_id(), own);
    });
    outer.block_on(dropping).unwrap();
    assert_eq!(tells.recv().unwrap(), Some(id));
}

/// A `block_on` within a task runs its future as that task, and the tasks of another runtime as
/// themselves.
#[test]
fn within_a_block_on_in_a_task() {
    on_both(|runtime| {
        let nested = runtime.spawn(async {
            let own = id();
            block_in_place(|| {
                assert_eq!(id(), own);
                let runtime = current_thread();
                runtime.block_on(async {
                    assert_eq!(id(), own);
                    let other = runtime.spawn(async { id() });
                    let other_id = other.id();
                    assert_eq!(other.await.unwrap(), other_id);
                    assert_ne!(other_id, own);
                    assert_eq!(id(), own);
                });
            });
            assert_eq!(id(), own);
            let unwound = panic::catch_unwind(AssertUnwindSafe(|| {
                current_thread().block_on(async { panic!("on purpose") });
            }));
            assert!(unwound.is_err());
            assert_eq!(id(), own);
        });
        runtime.block_on(nested).unwrap();
    });
}

#[test]
fn of_a_local_task() {
    let _watchdog = watchdog();
    let runtime = LocalRuntime::new().unwrap();
    runtime.block_on(async {
        let shared = Rc::new(5);
        let handle = spawn_local(async move { (id(), *shared) });
        let own = handle.id();
        assert_eq!(handle.await.unwrap(), (own, 5));
    });
}

/// The tasks of a set are not those that poll the set.
#[test]
fn within_local_sets() {
    let _watchdog = watchdog();
    let (told, tells) = mpsc::channel();
    let runtime = current_thread();
    let outer = LocalSet::new();
    let aborted = Tells(told);
    let nested = async move {
        let parent = spawn_local(async {
            let own = id();
            let inner = LocalSet::new();
            let child = inner.run_until(async { spawn_local(async { id() }).await.unwrap() });
            assert_ne!(child.await, own);
            assert_eq!(id(), own);
            own
        });
        let parent_id = parent.id();
        assert_eq!(parent.await.unwrap(), parent_id);
        assert_eq!(try_id(), None);
        let waits = spawn_local(async move {
            let _aborted = aborted;
            pending::<()>().await;
        });
        yield_now().await;
        waits.id()
    };
    let waits = outer.block_on(&runtime, nested);
    drop(outer);
    assert_eq!(tells.recv().unwrap(), Some(waits));
}

#[test]
fn on_simulated_hosts() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(3);
    let mut seen = HashSet::new();
    for host in ["one", "two"] {
        let first = simulation.spawn(host, async { (id(), spawn_blocking(id).await.unwrap()) });
        let first = first.unwrap();
        let own = first.id();
        let (task, job) = simulation.block_on(first).unwrap();
        assert_eq!(task, own);
        assert!(seen.insert(task) && seen.insert(job));
    }
    simulation.block_on(async { assert_eq!(try_id(), None) });
}

#[test]
fn outside_of_every_runtime() {
    assert_eq!(pollster::block_on(ready(try_id())), None);
    let handle = minato::spawn(async { id() });
    let own = handle.id();
    assert_eq!(pollster::block_on(handle).unwrap(), own);
    assert_eq!(try_id(), None);
}
