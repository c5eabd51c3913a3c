//! Runtimes on the simulated engine: pickers, traces, deadlocks.

use std::future::pending;
use std::sync::{Arc, Mutex};

use minato::engine::Engine;
use minato::runtime::picker::{Exhaustive, Pct, Picker, Random, Record, Replay};
use minato::runtime::{Builder, Runtime};
use minato::sim::World;
use minato::task::yield_now;

use crate::kit::{echo, pair, ping, watchdog};

fn simulated(seed: u64) -> (World, Builder) {
    let world = World::new(seed);
    let engine = Engine::sim(world.host("alone"));
    let mut builder = Builder::new_current_thread();
    builder.engine(engine);
    (world, builder)
}

/// The order in which five tasks of four steps each run.
fn order(runtime: &Runtime) -> Vec<(u32, u32)> {
    let order: Arc<Mutex<Vec<_>>> = Arc::default();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..5)
            .map(|task| {
                let order = order.clone();
                minato::spawn(async move {
                    for step in 0..4 {
                        order.lock().unwrap().push((task, step));
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    Arc::try_unwrap(order).unwrap().into_inner().unwrap()
}

fn order_with(picker: impl Picker + 'static) -> Vec<(u32, u32)> {
    order(&simulated(1).1.picker(picker).build().unwrap())
}

#[test]
fn one_seed_gives_one_order_and_others_give_others() {
    let _watchdog = watchdog();
    let fifo = order(&simulated(1).1.build().unwrap());
    let first = order_with(Random::new(7));
    assert_eq!(first, order_with(Random::new(7)));
    assert_ne!(first, fifo);
    assert!((8..20).any(|seed| order_with(Random::new(seed)) != first));
    let first = order_with(Pct::new(7, 3, 20));
    assert_eq!(first, order_with(Pct::new(7, 3, 20)));
    assert!((8..20).any(|seed| order_with(Pct::new(seed, 3, 20)) != first));
}

#[test]
fn a_recorded_run_can_be_replayed() {
    let _watchdog = watchdog();
    let recorded = Arc::new(Mutex::new(Record::new(Random::new(5))));
    let first = order_with(recorded.clone());
    let tape = recorded.lock().unwrap().choices().to_vec();
    assert!(!tape.is_empty());
    let replay = Arc::new(Mutex::new(Replay::new(tape)));
    assert_eq!(order_with(replay.clone()), first);
    assert_eq!(replay.lock().unwrap().diverged(), None);
    assert_eq!(replay.lock().unwrap().remaining(), 0);
}

#[test]
fn all_orders_of_three_tasks() {
    let _watchdog = watchdog();
    let picker = Arc::new(Mutex::new(Exhaustive::new()));
    let mut orders = Vec::new();
    while picker.lock().unwrap().next_run() {
        let runtime = simulated(1).1.picker(picker.clone()).build().unwrap();
        let order: Arc<Mutex<Vec<u32>>> = Arc::default();
        for task in 0..3 {
            let order = order.clone();
            runtime.spawn(async move { order.lock().unwrap().push(task) });
        }
        runtime.wait_idle();
        orders.push(order.lock().unwrap().clone());
        assert!(orders.len() < 100);
    }
    assert!(!picker.lock().unwrap().diverged());
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 6);
}

/// A whole exchange over the simulated network: the world's record is the same for one seed.
#[test]
fn one_seed_gives_one_trace() {
    let _watchdog = watchdog();
    let trace = |seed, picks| {
        let (world, mut builder) = simulated(seed);
        let runtime = builder.picker(Random::new(picks)).build().unwrap();
        runtime.block_on(async {
            let (mut one, other) = pair().await;
            let server = minato::spawn(echo(other));
            ping(&mut one, 5).await.unwrap();
            drop(one);
            server.await.unwrap().unwrap();
        });
        drop(runtime);
        assert_eq!(world.open_sockets(), 0, "{}", world.netstat());
        (world.trace_hash(), world.now())
    };
    assert_eq!(trace(3, 4), trace(3, 4));
    assert_ne!(trace(3, 4), trace(4, 4));
}

fn panic_text(body: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_err();
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_deadlock_is_a_panic_that_names_the_tasks() {
    let _watchdog = watchdog();
    let runtime = simulated(1).1.build().unwrap();
    let task = runtime.spawn(pending::<()>());
    let place = task.spawned_at().to_string();
    let text = panic_text(|| _ = runtime.block_on(task));
    assert!(text.contains(&place), "{text}");
    // Nested in a task it says the same.
    let runtime = simulated(1).1.build().unwrap();
    let handle = runtime.handle().clone();
    let text = panic_text(|| {
        runtime.block_on(async {
            let task = minato::spawn(async move { handle.block_on(pending::<()>()) });
            std::panic::resume_unwind(task.await.unwrap_err().into_panic());
        });
    });
    assert!(text.contains("simulated.rs"), "{text}");
}

/// A wait on a simulated socket that nobody steps is an error, not a hang.
#[test]
fn a_wait_that_nobody_steps_is_an_error() {
    use minato::io::AsyncReadExt;
    let _watchdog = watchdog();
    let runtime = simulated(1).1.build().unwrap();
    let (mut one, _other) = runtime.block_on(pair());
    let error = pollster::block_on(one.read(&mut [0; 1])).unwrap_err();
    assert!(error.to_string().contains("nobody steps"), "{error}");
    drop(runtime);
    let error = pollster::block_on(one.read(&mut [0; 1])).unwrap_err();
    assert!(error.to_string().contains("shut down"), "{error}");
}

/// Jobs run inline, as tasks, so that a run is the same every time.
#[test]
fn blocking_jobs_run_inline() {
    let _watchdog = watchdog();
    let runtime = simulated(1).1.build().unwrap();
    let here = std::thread::current().id();
    let ran_on = runtime.block_on(async {
        minato::task::spawn_blocking(|| std::thread::current().id()).await.unwrap()
    });
    assert_eq!(ran_on, here);
}

/// A runtime of each engine whose tasks `picker` chooses from.
fn picked_by<P: Picker + 'static>(picker: impl Fn() -> P) -> [Runtime; 2] {
    let builders = [Builder::new_current_thread(), simulated(1).1];
    builders.map(|mut builder| builder.picker(picker()).build().unwrap())
}

async fn three_yielding_tasks() {
    let tasks: Vec<_> = (0..3).map(|_| minato::spawn(yield_now())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

struct Panics;

impl Picker for Panics {
    fn pick(&mut self, _: &[u64]) -> usize {
        panic!("the picker's own panic")
    }
}

#[test]
fn the_panic_of_a_picker_ends_block_on() {
    let _watchdog = watchdog();
    for runtime in picked_by(|| Panics) {
        for _ in 0..2 {
            let text = panic_text(|| runtime.block_on(three_yielding_tasks()));
            assert_eq!(text, "the picker's own panic");
        }
    }
}

#[test]
fn the_panic_of_a_picker_ends_the_run_of_a_simulation() {
    let _watchdog = watchdog();
    let mut simulation = minato::sim::Simulation::new(1).with_picker(Panics);
    drop(simulation.spawn("host", three_yielding_tasks()).unwrap());
    let text = panic_text(|| _ = simulation.run_until(pending::<()>()));
    assert_eq!(text, "the picker's own panic");
}

/// Spawns a few tasks, and wakes a task that is not queued.
struct Spawns(minato::runtime::Handle, Arc<Mutex<Option<std::task::Waker>>>, usize);

impl Picker for Spawns {
    fn pick(&mut self, ready: &[u64]) -> usize {
        if self.2 > 0 {
            self.2 -= 1;
            self.0.spawn(async {});
        }
        if let Some(waker) = self.1.lock().unwrap().take() {
            waker.wake();
        }
        ready.len() - 1
    }
}

#[test]
fn a_picker_may_spawn_and_wake_tasks() {
    let _watchdog = watchdog();
    let picker: Arc<Mutex<Option<Spawns>>> = Arc::default();
    struct Late(Arc<Mutex<Option<Spawns>>>);
    impl Picker for Late {
        fn pick(&mut self, ready: &[u64]) -> usize {
            match &mut *self.0.lock().unwrap() {
                Some(picker) => picker.pick(ready),
                None => 0,
            }
        }
    }
    for runtime in picked_by(|| Late(picker.clone())) {
        let slot: Arc<Mutex<Option<std::task::Waker>>> = Arc::default();
        *picker.lock().unwrap() = Some(Spawns(runtime.handle().clone(), slot.clone(), 9));
        let (done, is_done) = futures::channel::oneshot::channel::<()>();
        let sleeper = runtime.spawn(async move {
            let mut polls = 0;
            std::future::poll_fn(|cx| {
                polls += 1;
                *slot.lock().unwrap() = Some(cx.waker().clone());
                if polls == 2 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
            done.send(()).unwrap();
        });
        runtime.block_on(async {
            three_yielding_tasks().await;
            three_yielding_tasks().await;
            is_done.await.unwrap();
        });
        runtime.block_on(sleeper).unwrap();
        *picker.lock().unwrap() = None;
        runtime.wait_idle();
    }
}
