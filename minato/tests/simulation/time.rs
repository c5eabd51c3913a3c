//! The clock of a simulation: it goes to every deadline, past none, and never stands still for ever.

use std::future::pending;
use std::time::Duration;

use minato::engine::Engine;
use minato::runtime::Builder;
use minato::sim::{Simulation, World};
use minato::task::yield_now;
use minato::time::{Instant, sleep, sleep_until};

use super::hosts::{ask, serve};
use crate::support::watchdog;

/// Sleeps again and again; returns how late the latest of the wake-ups was.
async fn lateness(sleeps: u32) -> Duration {
    let mut worst = Duration::ZERO;
    for _ in 0..sleeps {
        let due = Instant::now() + Duration::from_millis(10);
        sleep_until(due).await;
        worst = worst.max(Instant::now() - due);
    }
    worst
}

#[test]
fn no_timer_is_late_beside_hosts_that_talk_and_hosts_that_idle() {
    let _watchdog = watchdog();
    for seed in 0..50 {
        let mut simulation = Simulation::new(seed);
        drop(simulation.spawn("server", serve(7000)).unwrap());
        drop(simulation.spawn("client", ask("server:7000".into(), 300)).unwrap());
        drop(simulation.spawn("bystander", pending::<()>()).unwrap());
        let alarm = simulation.spawn("alarm", lateness(100)).unwrap();
        assert_eq!(simulation.run_until(alarm).unwrap().unwrap(), Duration::ZERO, "seed {seed}");
    }
}

/// Yields until some time has passed; returns how much.
async fn spin(time: Duration) -> Duration {
    let start = Instant::now();
    let mut polls = 0;
    while start.elapsed() < time {
        yield_now().await;
        polls += 1;
        assert!(polls < 2_000_000, "time stands still while a task yields");
    }
    start.elapsed()
}

#[test]
fn time_passes_while_a_task_yields() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let task = simulation.spawn("spinner", spin(Duration::from_millis(3))).unwrap();
    assert_eq!(simulation.run_until(task).unwrap().unwrap(), Duration::from_millis(3));
}

#[test]
fn no_timer_is_late_beside_a_task_that_yields() {
    let _watchdog = watchdog();
    for (name, other) in [("spinner", "alarm"), ("spinner", "spinner")] {
        let mut simulation = Simulation::new(1);
        drop(simulation.spawn(name, spin(Duration::from_millis(500))).unwrap());
        let alarm = simulation.spawn(other, fractions()).unwrap();
        assert_eq!(simulation.run_until(alarm).unwrap().unwrap(), Duration::ZERO, "{other}");
    }
    let engine = Engine::sim(World::new(1).host("alone"));
    let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
    let late = runtime.block_on(async {
        drop(minato::spawn(spin(Duration::from_millis(500))));
        fractions().await
    });
    assert_eq!(late, Duration::ZERO);
}

/// Sleeps that end on a tick of the timers and not on one of the busy clock.
async fn fractions() -> Duration {
    let mut worst = Duration::ZERO;
    sleep(Duration::from_millis(3)).await;
    for _ in 0..5 {
        yield_now().await;
        worst = worst.max(lateness(1).await);
    }
    worst
}
