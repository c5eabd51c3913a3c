//! The register in simulated worlds, with everything that can go wrong between its hosts.

use std::env;
use std::process::{Command, Output};
use std::time::Duration;

use minato::sim::{Host, Scenario, Swarm, sweep};
use register::{Bugs, Client, History, PORT, replica, workload};

/// Three replicas, two clients, and faults for a second.
fn cluster(sim: &mut Scenario, bugs: Bugs) {
    for n in 0..3 {
        let program = move |host: Host| async move { replica(host.disk("register")?, bugs).await };
        sim.host(format!("r{n}"), program);
    }
    let history = History::default();
    for id in 0..2 {
        let history = history.clone();
        sim.client(format!("c{id}"), move |_| {
            let replicas = (0..3).map(|n| format!("r{n}:{PORT}"));
            workload(Client::new(id, replicas, bugs), id, 30, history)
        });
    }
    sim.faults(Swarm::all().intensity(3.0).for_(Duration::from_secs(1)));
    sim.must_finish_within(Duration::from_secs(60));
    sim.finally(move || history.check());
}

#[test]
fn register() {
    let bugs = Bugs::of_environment().unwrap();
    sweep(move |sim| cluster(sim, bugs)).named("register").seeds(0..100).run();
}

/// Runs the test above in another process.
fn run(variables: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "register", "--nocapture", "--test-threads=2"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, words)
}

/// What stands between two texts.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// A bug is found, its smallest plan has at most three faults, and its line fails in the same way.
fn is_found(bug: &str, seeds: &str) {
    let (output, words) = run(&[("REGISTER_BUG", bug), ("MINATO_SIM_SEEDS", seeds)]);
    assert!(!output.status.success(), "{bug} was not found: {words}");
    let reason = between(&words, " seeds: ", "\n").unwrap_or_default();
    assert!(reason.contains(" is newer than "), "{words}");
    let faults = between(&words, "smallest: ", " fault").unwrap_or_default();
    let line = between(&words, "MINATO_SIM='", "'").unwrap_or_default();
    eprintln!("{bug}: {line}");
    assert!(faults.parse::<u32>().is_ok_and(|count| (1..=3).contains(&count)), "{words}");

    let (output, words) = run(&[("REGISTER_BUG", bug), ("MINATO_SIM", line)]);
    assert!(!output.status.success(), "{bug} is not found again by {line}: {words}");
    assert!(words.contains("register fails in this run: "), "{words}");
    let (output, words) = run(&[("MINATO_SIM", line)]);
    assert!(!output.status.success() && words.contains("the program has changed"), "{words}");
}

#[test]
#[ignore = "it takes minutes without optimization"]
fn an_answer_that_comes_too_late_is_found() {
    is_found("stale_answers", "300");
}

#[test]
#[ignore = "it takes minutes without optimization"]
fn a_read_that_is_not_stored_is_found() {
    is_found("no_write_back", "3000");
}

#[test]
#[ignore = "it takes minutes without optimization"]
fn an_answer_before_the_disk_has_it_is_found() {
    is_found("lazy_disk", "3000");
}

#[test]
#[ignore = "it takes minutes without optimization"]
fn the_right_version_survives_ten_thousand_seeds() {
    let (output, words) = run(&[("MINATO_SIM_SEEDS", "10000")]);
    assert!(output.status.success(), "{words}");
    eprintln!("{words}");
}

#[test]
fn a_bug_that_is_none_is_named() {
    let (output, words) = run(&[("REGISTER_BUG", "no_such")]);
    assert!(!output.status.success() && words.contains("there is no bug `no_such`"), "{words}");
}
