//! Hosts whose clocks are wrong.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use minato::runtime::Builder;
use minato::sim::{self, Offset, Simulation, World};
use minato::time::{Instant, interval, sleep, timeout};

use crate::kit::watchdog;

const SECOND: Duration = Duration::from_secs(1);

/// How much true time passes while a host sleeps, and how much it has counted.
fn sleep_of(drift: i64, time: Duration) -> (Duration, Duration) {
    let mut simulation = Simulation::new(1);
    simulation.world().host("host").set_drift(drift).unwrap();
    let task = simulation.spawn("host", async move {
        let start = Instant::now();
        sleep(time).await;
        start.elapsed()
    });
    let counted = simulation.block_on(task.unwrap()).unwrap();
    (simulation.world().now(), counted)
}

#[test]
fn timers_go_by_the_hosts_clock() {
    let _watchdog = watchdog();
    let (took, counted) = sleep_of(100_000, 10 * SECOND);
    // 10 / 1.1 s, and the tick of a timer.
    assert_eq!((took.as_millis(), counted.as_millis()), (9090, 10_000));
    assert_eq!(sleep_of(0, 10 * SECOND), (10 * SECOND, 10 * SECOND));
    let (took, counted) = sleep_of(-500_000, 10 * SECOND);
    assert_eq!((took, counted), (20 * SECOND, 10 * SECOND));
    let (took, counted) = sleep_of(1, Duration::from_secs(10_000));
    assert_eq!((took.as_millis(), counted.as_secs()), (9_999_990, 10_000));
}

#[test]
fn a_drift_that_changes_moves_the_timers_that_wait() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let host = simulation.world().host("host");
    let task = simulation.spawn("host", async { sleep(10 * SECOND).await }).unwrap();
    simulation.run_for(4 * SECOND).unwrap();
    host.set_drift(1_000_000).unwrap();
    simulation.block_on(task).unwrap();
    assert_eq!(simulation.world().now(), 7 * SECOND);
    assert_eq!(host.now(), 10 * SECOND);

    let task = simulation.spawn("host", async { sleep(10 * SECOND).await }).unwrap();
    let from_inside = simulation.spawn("host", async move {
        sleep(2 * SECOND).await;
        sim::host().unwrap().set_drift(0).unwrap();
        timeout(SECOND, std::future::pending::<()>()).await.unwrap_err();
    });
    simulation.block_on(from_inside.unwrap()).unwrap();
    assert_eq!(simulation.world().now(), 9 * SECOND);
    simulation.block_on(task).unwrap();
    assert_eq!(simulation.world().now(), 16 * SECOND);
}

#[test]
fn instants_never_go_back_and_the_wall_clock_may() {
    let _watchdog = watchdog();
    for seed in 0..20 {
        let mut simulation = Simulation::new(seed);
        let world = simulation.world().clone();
        let host = world.host("host");
        let checks = Rc::new(Cell::new(0));
        let count = checks.clone();
        simulation
            .spawn("host", async move {
                let mut last = Instant::now();
                loop {
                    sleep(Duration::from_millis(7)).await;
                    assert!(Instant::now() >= last + Duration::from_millis(7));
                    last = Instant::now();
                    count.set(count.get() + 1);
                }
            })
            .unwrap();
        let mut went_back = false;
        let mut shown = host.wall_time();
        for round in 0..100 {
            let drift = world.choose("drift", round, 1_500_001) as i64 - 500_000;
            let by = SECOND * world.choose("offset", round, 100) as u32;
            let offset = if round % 2 == 0 { Offset::Ahead(by) } else { Offset::Behind(by) };
            host.skew(offset, drift).unwrap();
            simulation.run_for(Duration::from_millis(50)).unwrap();
            went_back |= host.wall_time() < shown;
            shown = host.wall_time();
        }
        assert!(went_back);
        assert!(checks.get() > 300, "{}", checks.get());
        host.skew(Offset::NONE, 0).unwrap();
        simulation.run_for(SECOND).unwrap();
        assert_eq!(host.wall_time(), World::BEGIN + world.now());
    }
}

#[test]
fn a_clock_stays_wrong_over_a_restart() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let host = simulation.world().host("host");
    host.set_drift(1_000_000).unwrap();
    let ticks = Rc::new(Cell::new(0));
    let count = ticks.clone();
    simulation
        .program("host", move || {
            let count = count.clone();
            async move {
                let mut every = interval(SECOND);
                loop {
                    every.tick().await;
                    count.set(count.get() + 1);
                }
            }
        })
        .unwrap();
    simulation.run_for(SECOND).unwrap();
    host.crash().unwrap();
    simulation.run_for(SECOND).unwrap();
    assert_eq!((ticks.get(), host.now()), (3, 4 * SECOND));
    host.restart().unwrap();
    simulation.run_for(SECOND).unwrap();
    assert_eq!((ticks.get(), host.now()), (6, 6 * SECOND));
}

#[test]
fn a_single_host_has_a_clock_of_its_own_too() {
    let _watchdog = watchdog();
    let world = World::new(1);
    let host = world.host("host");
    host.set_drift(1_000_000).unwrap();
    let engine = minato::engine::Engine::sim(host);
    let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
    runtime.block_on(async { sleep(10 * SECOND).await });
    assert_eq!(world.now(), 5 * SECOND);
}

#[test]
fn a_drift_that_no_clock_has_is_an_error() {
    let host = World::new(1).host("host");
    for drift in [-500_001, 1_000_001, i64::MIN, i64::MAX] {
        let error = host.set_drift(drift).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        let text = error.to_string();
        assert!(text.contains("host host") && text.contains(&drift.to_string()), "{text}");
    }
}
