//! The clock of a simulation: it goes to every deadline and past none, and does not stand still.

use std::future::pending;
use std::io::ErrorKind;
use std::time::Duration;

use minato::engine::Engine;
use minato::net::{TcpListener, TcpStream};
use minato::runtime::Builder;
use minato::sim::{Simulation, World};
use minato::task::yield_now;
use minato::time::{Instant, sleep, sleep_until, timeout};

use super::hosts::{ask, serve};
use crate::kit::watchdog;

/// Sleeps until instants at which a timer can fire; returns how late the latest of them was.
async fn lateness(start: Instant, sleeps: u32) -> Duration {
    let mut worst = Duration::ZERO;
    for _ in 0..sleeps {
        let due = start + Duration::from_millis((Instant::now() - start).as_millis() as u64 + 10);
        sleep_until(due).await;
        worst = worst.max(Instant::now() - due);
    }
    worst
}

#[test]
fn no_timer_is_late_beside_hosts_that_talk_and_hosts_that_idle() {
    let _watchdog = watchdog();
    for seed in 0..20 {
        let mut simulation = Simulation::new(seed);
        drop(simulation.spawn("server", serve(7000)).unwrap());
        drop(simulation.spawn("client", ask("server:7000".into(), 100)).unwrap());
        drop(simulation.spawn("bystander", pending::<()>()).unwrap());
        let alarm =
            simulation.spawn("alarm", async { lateness(Instant::now(), 100).await }).unwrap();
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
        drop(simulation.spawn(name, spin(Duration::from_millis(30))).unwrap());
        let alarm = simulation.spawn(other, lateness_off_the_grid()).unwrap();
        assert_eq!(simulation.run_until(alarm).unwrap().unwrap(), Duration::ZERO, "{other}");
    }
    let engine = Engine::sim(World::new(1).host("alone"));
    let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
    let late = runtime.block_on(async {
        drop(minato::spawn(spin(Duration::from_millis(30))));
        lateness_off_the_grid().await
    });
    assert_eq!(late, Duration::ZERO);
}

/// Sleeps, at times that are no whole milliseconds: those at which packets arrive.
async fn lateness_off_the_grid() -> Duration {
    let start = Instant::now();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut worst = Duration::ZERO;
    for _ in 0..2 {
        let stream = TcpStream::connect(address).await.unwrap();
        listener.accept().await.unwrap();
        drop(stream);
        worst = worst.max(lateness(start, 1).await);
    }
    worst
}

#[test]
fn a_duration_without_end_never_passes() {
    let _watchdog = watchdog();
    // Longer than the clock of a world, or than any.
    for time in [Duration::MAX, Duration::from_secs(600 * 365 * 24 * 3600)] {
        let mut simulation = Simulation::new(1).with_time_limit(Duration::MAX);
        let task = simulation.spawn("a", async move { sleep(time).await });
        let error = simulation.run_until(task.unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock, "{error}");
        assert_eq!(simulation.world().now(), Duration::ZERO);

        let mut simulation = Simulation::new(1);
        let task = simulation.spawn("a", async move {
            let listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
            timeout(time, listener.accept()).await.map(drop)
        });
        let error = simulation.run_until(task.unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock, "{error}");
        simulation.run_for(Duration::from_secs(1)).unwrap();
        assert_eq!(simulation.run_until_idle().unwrap_err().kind(), ErrorKind::Deadlock);
    }
}

#[test]
fn the_end_of_the_clock_is_a_deadlock() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1).with_time_limit(Duration::MAX);
    let task = simulation.spawn("a", async {
        loop {
            sleep(Duration::from_secs(100 * 365 * 24 * 3600)).await;
        }
    });
    let error = simulation.run_until(task.unwrap()).map(|_: Result<(), _>| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadlock, "{error}");
    assert_eq!(simulation.world().now().as_secs(), 500 * 365 * 24 * 3600);
    simulation.run_for(Duration::MAX).unwrap();
}

#[test]
fn a_stopped_clock_does_not_jump_to_what_never_comes() {
    let _watchdog = watchdog();
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let (send, receive) = futures::channel::oneshot::channel();
        let sleeper = minato::spawn(timeout(Duration::MAX, receive));
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            send.send(5).unwrap();
        });
        assert_eq!(sleeper.await.unwrap(), Ok(Ok(5)));
        assert_eq!(Instant::now(), start);
    });
}

/// A host that does not answer, reached by its name.
#[test]
fn a_name_is_one_address_and_so_one_attempt_to_connect() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let (a, b) = (simulation.world().host("a"), simulation.world().host("b"));
    simulation.world().partition(&a, &b);
    let client = simulation.spawn("a", TcpStream::connect("b:80")).unwrap();
    let ended = simulation.run_until(client).unwrap().unwrap();
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(simulation.world().now().as_secs(), 127);
}
