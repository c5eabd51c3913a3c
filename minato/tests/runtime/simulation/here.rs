//! Which world a thread is in, what is drawn there, and worlds that no other thread has a part in.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::{Builder, Handle};
use minato::sim::{self, Simulation, World};
use minato::task::yield_now;

use crate::kit::{panic_text, watchdog};

#[test]
fn a_thread_is_in_the_world_of_the_host_whose_code_it_runs() {
    let seed = || sim::world().map(|world| world.seed());
    assert_eq!(seed(), None);
    let mut simulation = Simulation::new(5);
    let task = simulation.spawn("host", async move {
        assert_eq!(Handle::current().world().map(|world| world.seed()), Some(5));
        assert_eq!(sim::host().map(|host| host.name()).as_deref(), Some("host"));
        // A runtime of the system's that is used here is in no world.
        let real = Builder::new_current_thread().build().unwrap();
        real.block_on(async { assert_eq!((seed(), sim::draw(9)), (None, None)) });
        assert!(real.handle().world().is_none());
        seed()
    });
    assert_eq!(simulation.block_on(task.unwrap()).unwrap(), Some(5));
    assert_eq!(seed(), None);
}

#[test]
fn a_run_has_a_thread_that_is_in_its_world_all_the_time() {
    let here = thread::current().id();
    let seen = sim::run(World::new(6), |simulation| {
        assert_ne!(thread::current().id(), here);
        let before = sim::world().unwrap().seed();
        let task = simulation.spawn("host", async { sim::world().unwrap().seed() }).unwrap();
        let after = simulation.block_on(async { sim::world().unwrap().seed() });
        (before, simulation.block_on(task).unwrap(), after, sim::host().is_none())
    });
    assert_eq!(seen, (6, 6, 6, true));
    assert!(sim::world().is_none());
}

#[test]
fn a_run_passes_its_panic_on() {
    let text = panic_text(|| sim::run(World::new(1), |_| panic!("the scenario fails")));
    assert!(text.contains("the scenario fails"), "{text}");
}

#[test]
fn draws_are_those_of_the_seed() {
    let draws = |seed| {
        let world = World::new(seed);
        let runtime =
            Builder::new_current_thread().engine(Engine::sim(world.host("one"))).build().unwrap();
        runtime.block_on(async { (0..64).map(|_| sim::draw(3).unwrap()).collect::<Vec<_>>() })
    };
    assert_eq!(draws(1), draws(1));
    assert_ne!(draws(1), draws(2));
    assert!((0..3).all(|branch| draws(1).contains(&branch)));
}

#[test]
fn what_asks_once_more_for_random_numbers_changes_no_later_ones() {
    let later = |requests: usize| {
        let world = World::new(3);
        for _ in 0..requests {
            world.fill_random(&mut [0; 24]);
        }
        world.advance(Some(Duration::from_nanos(1)));
        let mut bytes = [0; 5];
        world.fill_random(&mut bytes);
        (bytes, world.trace_hash())
    };
    assert_eq!(later(0), later(7));
    let world = World::new(3);
    let numbers: [[u8; 13]; 2] = std::array::from_fn(|_| {
        let mut bytes = [0; 13];
        world.fill_random(&mut bytes);
        bytes
    });
    assert_ne!(numbers[0], numbers[1]);
}

fn closed(seed: u64, multi_thread: bool) -> minato::runtime::Runtime {
    let engine = Engine::closed_sim(World::new(seed).host("test"));
    let mut builder = match multi_thread {
        true => Builder::new_multi_thread(),
        false => Builder::new_current_thread(),
    };
    builder.worker_threads(3).start_paused(!multi_thread).engine(engine).build().unwrap()
}

#[test]
fn a_closed_world_takes_the_runtimes_of_programs_that_know_nothing_of_it() {
    let order = |seed, multi_thread| {
        closed(seed, multi_thread).block_on(async {
            let (sender, receiver) = mpsc::channel();
            for task in 0..20 {
                let sender = sender.clone();
                drop(minato::spawn(async move {
                    minato::time::sleep(Duration::from_secs(3600)).await;
                    yield_now().await;
                    sender.send(task).unwrap();
                }));
            }
            minato::time::sleep(Duration::from_secs(7200)).await;
            receiver.try_iter().collect::<Vec<u32>>()
        })
    };
    let in_order: Vec<u32> = (0..20).collect();
    assert_eq!(order(1, false), in_order);
    assert_eq!(order(1, true), order(1, true));
    assert_ne!(order(1, true), order(2, true));
}

#[test]
fn in_a_closed_world_another_thread_that_wakes_a_task_is_named() {
    let _watched = watchdog::watch("a thread that wakes a task".to_owned());
    let text = panic_text(|| {
        closed(1, false).block_on(async {
            let (sender, receiver) = futures::channel::oneshot::channel::<()>();
            let intruder = thread::Builder::new().name("the intruder".to_owned());
            let intruder = minato::spawn(async move {
                intruder.spawn(move || sender.send(()).unwrap()).unwrap().join().unwrap();
            });
            receiver.await.unwrap();
            intruder.await.unwrap();
            minato::time::sleep(Duration::from_secs(1)).await;
        });
    });
    assert!(text.contains("the intruder"), "{text}");
}

#[test]
fn a_deadlock_of_a_closed_world_names_tasks_and_sockets() {
    let text = panic_text(|| {
        closed(1, true).block_on(async {
            let listener = minato::net::TcpListener::bind("127.0.0.1:80").await.unwrap();
            minato::spawn(std::future::pending::<()>());
            listener.accept().await.unwrap();
        });
    });
    assert!(text.contains("here.rs") && text.contains("127.0.0.1:80"), "{text}");
}
