//! One seed is one run: nothing that a run shows depends on what the process did before.

use std::future::pending;

use minato::sim::Simulation;
use minato::time::{Instant, sleep};

use super::hosts::{ask, serve};
use crate::kit::watchdog;

/// All that a run shows of itself.
fn run(seed: u64) -> (String, u64, Vec<String>) {
    let mut simulation = Simulation::new(seed);
    let world = simulation.world().clone();
    simulation.spawn("server", serve(7000)).unwrap();
    simulation.spawn("client", ask("server:7000".into(), 5)).unwrap();
    simulation.spawn("idle", pending::<()>()).unwrap();
    let record = world.clone();
    let task = simulation.spawn("idle", async move {
        let child = minato::spawn(pending::<()>());
        let job = minato::task::spawn_blocking(|| ());
        record.note(format!("{:?} {:?} {:?}", Instant::now(), child.id(), job.id()));
        job.await.unwrap();
        sleep(std::time::Duration::from_secs(1)).await;
        record.note(format!("{:?}", Instant::now()));
        pending::<()>().await;
    });
    let error = simulation.run_until(task.unwrap()).unwrap_err().to_string();
    (error, world.trace_hash(), world.record().tail(10))
}

#[test]
fn two_runs_in_one_process_print_and_trace_the_same() {
    let _watchdog = watchdog();
    let first = run(1);
    // What is counted for the whole process moves on.
    minato::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        minato::spawn(async {}).await.unwrap();
    });
    assert_eq!(first, run(1));
    assert_ne!(first.1, run(2).1);
    assert!(first.0.contains("task 2.1, spawned at"), "{}", first.0);
}
