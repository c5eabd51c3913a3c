//! Timers in a simulated world take its time, and none of ours.

use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::{Builder, Runtime};
use minato::time::{self, Instant, interval, sleep, timeout};
use minato_sim::World;

use crate::kit::{limited, panic_text};

fn runtime(world: &World) -> Runtime {
    let engine = Engine::sim(world.host("clock"));
    Builder::new_current_thread().engine(engine).build().unwrap()
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn a_sleep_takes_virtual_time() {
    limited(|| {
        let world = World::new(1);
        let seen = world.clone();
        runtime(&world).block_on(async move {
            let start = Instant::now();
            sleep(DAY).await;
            assert_eq!(start.elapsed(), DAY);
            assert_eq!(seen.now(), DAY);
        });
        assert_eq!(world.now(), DAY);
    });
}

#[test]
fn tasks_sleep_side_by_side() {
    limited(|| {
        let world = World::new(1);
        let order = runtime(&world).block_on(async {
            let tasks = [5, 1, 3].map(|n| {
                minato::spawn(async move {
                    sleep(DAY * n).await;
                    (n, Instant::now())
                })
            });
            let mut order = Vec::new();
            for task in tasks {
                order.push(task.await.unwrap());
            }
            order.sort_by_key(|(_, at)| *at);
            order.into_iter().map(|(n, _)| n).collect::<Vec<_>>()
        });
        assert_eq!(order, [1, 3, 5]);
        assert_eq!(world.now(), DAY * 5);
    });
}

#[test]
fn timeouts_and_intervals_too() {
    limited(|| {
        let world = World::new(1);
        runtime(&world).block_on(async {
            let start = Instant::now();
            let mut interval = interval(DAY);
            interval.tick().await;
            assert!(timeout(DAY / 2, interval.tick()).await.is_err());
            assert_eq!(interval.tick().await - start, DAY);
        });
        assert_eq!(world.now(), DAY);
    });
}

#[test]
fn its_clock_cannot_be_stopped() {
    let text = panic_text(|| runtime(&World::new(1)).block_on(async { time::pause() }));
    assert!(text.contains("simulated"), "{text}");
}

#[test]
fn a_sleep_that_nobody_steps_says_so() {
    let world = World::new(1);
    let runtime = runtime(&world);
    let sleep = {
        let _entered = runtime.enter();
        sleep(DAY)
    };
    let text = panic_text(move || pollster::block_on(sleep));
    assert!(text.contains("simulated.rs") && text.contains("nobody steps"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_instants_of_a_world_print_the_same_in_every_run() {
    let instant = runtime(&World::new(1)).block_on(async {
        sleep(DAY).await;
        Instant::now()
    });
    assert_eq!(format!("{instant:?}"), "Instant { tv_sec: 86400, tv_nsec: 0 }");
}

/// Sleeps again and again, a hundred years at a time.
async fn centuries() {
    loop {
        sleep(100 * 365 * DAY).await;
    }
}

#[test]
fn a_sleep_beyond_the_end_of_the_clock_never_ends_and_is_told() {
    limited(|| {
        let world = World::new(1);
        let text = panic_text(|| runtime(&world).block_on(centuries()));
        assert!(text.contains("no event is due"), "{text}");
        assert_eq!(world.now(), 500 * 365 * DAY);
    });
}
