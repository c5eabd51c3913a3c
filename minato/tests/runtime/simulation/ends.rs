//! How a run ends: with the output, or with an error that says what keeps it from coming.

use std::future::pending;
use std::io::ErrorKind;
use std::time::Duration;

use minato::sim::Simulation;
use minato::task::yield_now;
use minato::time::{interval, sleep};

use crate::kit::{panic_text, watchdog};

async fn asleep(time: Duration) {
    sleep(time).await;
}

async fn ticking() {
    let mut ticks = interval(Duration::from_millis(10));
    loop {
        ticks.tick().await;
    }
}

#[test]
fn block_on_gives_the_output() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let task = simulation.spawn("a", async { 5 }).unwrap();
    assert_eq!(simulation.block_on(task).unwrap(), 5);
}

#[test]
fn block_on_panics_with_the_report() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let task = simulation.spawn("harbour", pending::<()>()).unwrap();
    let place = task.spawned_at().to_string();
    let text = panic_text(|| _ = simulation.block_on(task));
    assert!(text.contains("nothing can go on"), "{text}");
    assert!(text.contains("host harbour") && text.contains(&place), "{text}");
}

#[test]
fn a_stuck_run_beside_a_periodic_timer_ends_at_its_limit() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1).with_time_limit(Duration::from_secs(60));
    simulation.spawn("clock", ticking()).unwrap();
    let stuck = simulation.spawn("client", pending::<()>()).unwrap();
    let place = stuck.spawned_at().to_string();
    let error = simulation.run_until(stuck).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = error.to_string();
    assert!(text.contains("60s") && text.contains("with_time_limit"), "{text}");
    assert!(text.contains("host client") && text.contains(&place), "{text}");
    let error = simulation.run_until_idle().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_limit_holds_by_default() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let day = Duration::from_secs(24 * 3600);
    let task = simulation.spawn("a", asleep(day)).unwrap();
    let error = simulation.run_until(task).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);

    let mut simulation = Simulation::new(1).with_time_limit(Duration::MAX);
    let task = simulation.spawn("a", asleep(400 * 365 * day)).unwrap();
    simulation.block_on(task).unwrap();
    assert_eq!(simulation.world().now(), 400 * 365 * day);
}

#[test]
fn a_task_that_yields_for_ever_ends_at_the_limit() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let task = simulation.spawn("a", async {
        loop {
            yield_now().await;
        }
    });
    let error = simulation.run_until(task.unwrap()).map(|_: Result<(), _>| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_panic_that_nobody_awaits_ends_the_run() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let server = simulation.spawn("server", async { panic!("no room") }).map(kept).unwrap();
    let place = server.spawned_at().to_string();
    drop(server);
    let client = simulation.spawn("client", asleep(Duration::from_secs(1))).unwrap();
    let error = simulation.run_until(client).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("host server") && text.contains("no room"), "{text}");
    assert!(text.contains(&place) && text.contains("tolerating_panics"), "{text}");
    assert!(simulation.world().now() < Duration::from_secs(1), "at once");
    assert!(!text.contains("nothing can go on"), "{text}");
    // It is told of once.
    simulation.run_until(async {}).unwrap();

    simulation.spawn("server", async { panic!("again") }).map(kept).map(drop).unwrap();
    assert!(simulation.run_for(Duration::from_secs(1)).unwrap_err().to_string().contains("again"));
    simulation.spawn("server", async { panic!("thrice") }).map(kept).map(drop).unwrap();
    assert!(simulation.run_until_idle().unwrap_err().to_string().contains("thrice"));
}

#[test]
fn a_panic_in_a_task_of_a_task_ends_the_run_too() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let client = simulation.spawn("a", async {
        drop(kept(minato::task::spawn_blocking(|| panic!("in a job"))));
        sleep(Duration::from_secs(1)).await;
    });
    let text = simulation.run_until(client.unwrap()).unwrap_err().to_string();
    assert!(text.contains("in a job"), "{text}");
}

#[test]
fn a_panic_whose_handle_is_left_alone_ends_the_run_at_its_end() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let _server = simulation.spawn("server", async { panic!("no room") }).map(kept).unwrap();
    let client = simulation.spawn("client", asleep(Duration::from_secs(1))).unwrap();
    let text = simulation.run_until(client).unwrap_err().to_string();
    assert!(text.contains("no room"), "{text}");
    assert_eq!(simulation.world().now(), Duration::from_secs(1));
}

/// A handle of a task that only panics.
fn kept(handle: minato::task::JoinHandle<()>) -> minato::task::JoinHandle<()> {
    handle
}

#[test]
fn a_panic_that_is_awaited_belongs_to_whoever_awaits() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let supervisor = simulation.spawn("a", async {
        let worker = kept(minato::spawn(async { panic!("restart me") }));
        sleep(Duration::from_secs(1)).await;
        worker.await.unwrap_err().is_panic()
    });
    assert!(simulation.run_until(supervisor.unwrap()).unwrap().unwrap());
    let task = simulation.spawn("a", async { panic!("mine") }).map(kept).unwrap();
    assert!(simulation.run_until(task).unwrap().unwrap_err().is_panic());
}

#[test]
fn a_run_may_go_on_after_panics() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1).tolerating_panics();
    simulation.spawn("server", async { panic!("so what") }).map(kept).map(drop).unwrap();
    let client = simulation.spawn("client", async { 1 }).unwrap();
    assert_eq!(simulation.block_on(client).unwrap(), 1);
    simulation.run_until_idle().unwrap();
}
