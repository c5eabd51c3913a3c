//! Sweeps: finding a bug, replaying it in another process, shrinking it; and what a sweep itself
//! refuses.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use minato::net::UdpSocket;
use minato::sim::{self, Fault, FaultKind, Order, Plan, Scenario, Swarm, Sweep};
use minato::time::{sleep, timeout};

use crate::kit::child::own_name;
use crate::kit::{child_command, is_child};

const MILLI: Duration = Duration::from_millis(1);

/// What can happen to a service that talks by datagrams and has no disk that is full.
const HERE: [FaultKind; 9] = [
    FaultKind::Cut,
    FaultKind::Clog,
    FaultKind::Loss,
    FaultKind::Duplicate,
    FaultKind::Reorder,
    FaultKind::Corrupt,
    FaultKind::Slow,
    FaultKind::Crash,
    FaultKind::Pause,
];

/// A counter on two hosts. The primary answers when the backup has the new value; a wrong one also
/// when it has asked three times in vain.
fn counter(sim: &mut Scenario, is_wrong: bool) {
    let (stored, acknowledged) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    // The cell is the disk of the backup.
    let disk = stored.clone();
    sim.host("backup", move |_| {
        let disk = disk.clone();
        async move {
            let socket = UdpSocket::bind("0.0.0.0:7000").await?;
            let mut value = [0];
            loop {
                let (_, from) = socket.recv_from(&mut value).await?;
                disk.set(value[0].max(disk.get()));
                socket.send_to(&value, from).await?;
            }
            #[allow(unreachable_code, reason = "it tells the type")]
            io::Result::Ok(())
        }
    });
    sim.host("primary", move |_| async move {
        let socket = UdpSocket::bind("0.0.0.0:7000").await?;
        let mut value = [0];
        loop {
            let (_, from) = socket.recv_from(&mut value).await?;
            let tries = if is_wrong { 3 } else { usize::MAX };
            for _ in 0..tries {
                if is_stored(value[0]).await? {
                    break;
                }
                sim::mark("tried again");
            }
            socket.send_to(&value, from).await?;
        }
        #[allow(unreachable_code, reason = "it tells the type")]
        io::Result::Ok(())
    });
    let answered = acknowledged.clone();
    sim.client("client", |_| async move {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.connect("primary:7000").await?;
        for value in 1..=20 {
            let mut answer = [0];
            while answer[0] != value {
                // A send to a host whose port nobody has gives an error with a later call.
                _ = socket.send(&[value]).await;
                _ = timeout(200 * MILLI, socket.recv(&mut answer)).await;
            }
            answered.set(value);
            sleep(20 * MILLI).await;
        }
        io::Result::Ok(())
    });
    sim.faults(Swarm::only(HERE).for_(Duration::from_secs(1)));
    sim.must_finish_within(Duration::from_secs(60));
    sim.always(move |_| match (acknowledged.get(), stored.get()) {
        (acknowledged, stored) if acknowledged <= stored => Ok(()),
        (acknowledged, stored) => Err(format!("{acknowledged} was acknowledged, {stored} stored")),
    });
}

/// Asks the backup to store a value, and waits a moment for its answer.
async fn is_stored(value: u8) -> io::Result<bool> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect("backup:7000").await?;
    socket.send(&[value]).await?;
    let mut answer = [0];
    let answered = timeout(30 * MILLI, socket.recv(&mut answer)).await;
    Ok(matches!(answered, Ok(Ok(_))))
}

fn right_counter(sim: &mut Scenario) {
    counter(sim, false);
}

fn wrong_counter(sim: &mut Scenario) {
    counter(sim, true);
}

/// The test that runs in the other process is this one, too.
fn sweep_of_wrong_counter() -> Sweep {
    sim::sweep(wrong_counter).seeds(0..60)
}

#[test]
fn a_right_service_passes_and_its_faults_strike() {
    let report = sim::sweep(right_counter).seeds(0..100).must_reach(["tried again"]).run();
    assert_eq!((report.seeds(), report.failed()), (100, 0));
    for kind in [FaultKind::Crash, FaultKind::Loss, FaultKind::Duplicate, FaultKind::Clog] {
        assert!(report.struck(kind) > 0, "{report}");
    }
    let line = report.to_string();
    assert!(line.starts_with("right_counter: 100 seeds, 0."), "{line}");
    assert!(line.contains("; marks: tried again "), "{line}");
}

#[test]
fn a_planted_bug_is_found_shrunk_and_replayed_in_another_process() {
    let name = own_name!(a_planted_bug_is_found_shrunk_and_replayed_in_another_process);
    if is_child(&name) {
        sweep_of_wrong_counter().run();
        return;
    }
    let failure = sweep_of_wrong_counter().try_run().unwrap_err();
    let text = failure.to_string();
    // 1. It says how many failed and why, and shows what is left of the plan.
    let failed = failure.failed_seeds().len();
    assert!(failed > 3, "{text}");
    assert!(
        text.starts_with(&format!("wrong_counter failed with {failed} of 60 seeds: ")),
        "{text}"
    );
    assert!(text.contains(" was acknowledged, "), "{text}");
    assert!(text.contains("\nsmallest: 1 fault (of "), "{text}");
    assert_eq!(failure.plan().unwrap().faults().len(), 1, "{text}");
    // 2. The line makes another process do the same.
    let line = failure.replay().unwrap();
    let command = format!("MINATO_SIM='{line}' cargo test {name}");
    assert!(text.contains(&command), "`{command}` is not in\n{text}");
    let replayed = child_command(&name).env("MINATO_SIM", line).output().unwrap();
    let output = String::from_utf8_lossy(&replayed.stderr);
    assert!(!replayed.status.success(), "{output}");
    assert!(output.contains("wrong_counter fails in this run: "), "{output}");
    assert!(output.contains(&format!("replayed: {line}")), "{output}");
    assert!(output.contains("the last steps of the run:"), "{output}");
    // 3. A line of a program that was another says so.
    let (case, _) = line.rsplit_once(" = ").unwrap();
    let changed = format!("{case} = 0badcafe");
    let replayed = child_command(&name).env("MINATO_SIM", changed).output().unwrap();
    let output = String::from_utf8_lossy(&replayed.stderr);
    assert!(output.contains("wrong_counter still fails in this run: "), "{output}");
    assert!(output.contains("the program has changed since the line was printed"), "{output}");
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let name = own_name!(the_result_does_not_depend_on_the_number_of_threads);
    if is_child(&name) {
        println!("{}", sweep_of_wrong_counter().try_run().unwrap_err());
        return;
    }
    let output = |jobs: &str| {
        let output = child_command(&name).env("MINATO_SIM_JOBS", jobs).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let report = text.split("finished in").next().unwrap().to_owned();
        assert!(report.contains("smallest: "), "{report}");
        report
    };
    assert_eq!(output("1"), output("3"));
}

#[test]
fn the_environment_says_which_faults_strike() {
    let name = own_name!(the_environment_says_which_faults_strike);
    if is_child(&name) {
        println!("{}", sim::sweep(right_counter).seeds(0..30).run());
        return;
    }
    let output = |variable, value| {
        let output = child_command(&name).env(variable, value).output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), text.concat())
    };
    let (passed, text) = output("MINATO_SIM_FAULTS", "loss");
    assert!(passed && text.contains("faults that struck: loss "), "{text}");
    assert!(!text.contains("crash "), "{text}");
    // A kind that the scenario leaves out stays out.
    let (passed, text) = output("MINATO_SIM_FAULTS", "accept-error");
    assert!(passed && text.contains("faults that struck: none"), "{text}");
    let (passed, text) = output("MINATO_SIM_FAULTS", "rain");
    assert!(!passed && text.contains("`rain` is no kind of fault that is drawn"), "{text}");
}

#[test]
fn a_test_of_several_scenarios_replays_the_one_of_the_line() {
    let name = own_name!(a_test_of_several_scenarios_replays_the_one_of_the_line);
    if is_child(&name) {
        let replayed = sim::sweep(right_counter).seeds(0..1).run();
        println!("{replayed}");
        sim::sweep(racing_tasks).seeds(0..1).run();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = child_command(&name);
    command.env("MINATO_SIM", "right_counter 3 no-faults");
    let alone = command.output().unwrap();
    let text = String::from_utf8(alone.stderr).unwrap();
    assert!(!alone.status.success() && text.contains("and this is racing_tasks"), "{text}");
    let asked = command.env("MINATO_SIM_EVENTS", folder.path().join("events")).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let text = String::from_utf8(asked.stdout).unwrap();
    assert!(text.contains("right_counter: 1 seeds"), "{text}");
}

/// Two tasks of one host, of which the second must not run first.
fn racing_tasks(sim: &mut Scenario) {
    sim.client("client", |_| async {
        let first = Rc::new(Cell::new(false));
        let second = first.clone();
        let sets = minato::task::spawn_local(async move { first.set(true) });
        let reads = minato::task::spawn_local(async move { second.get() });
        sets.await.unwrap();
        if reads.await.unwrap() { Ok(()) } else { Err("the second task ran first") }
    });
}

#[test]
fn orders_of_tasks_are_swept_and_named_in_the_line() {
    let sweep = |order| sim::sweep(racing_tasks).seeds(0..20).order(order).try_run();
    // 1. In this order they are right; in the others they are not.
    sweep(Order::Fifo).unwrap();
    for order in [Order::Drawn, Order::Random, Order::Pct { depth: 2, steps: 10 }] {
        let failure = sweep(order.clone()).unwrap_err();
        assert!(failure.reason().contains("the second task ran first"), "{failure}");
        let line = failure.replay().unwrap();
        let named = format!(" order={order} no-faults = ");
        assert_eq!(line.contains(&named), order != Order::Drawn, "{line}");
    }
    // 2. Of all orders the first that fails is found with any seed, and becomes a tape.
    let failure = sweep(Order::Exhaustive { runs: 100 }).unwrap_err();
    assert_eq!(failure.failed_seeds().len(), 20, "{failure}");
    assert!(failure.replay().unwrap().contains(" order=tape:"), "{failure}");
    assert!(failure.to_string().contains(".order(\"tape:"), "{failure}");
    // 3. Several orders are as many runs of each seed.
    let both = sim::sweep(racing_tasks).seeds(0..20).orders([Order::Fifo, Order::Random]);
    let failure = both.try_run().unwrap_err();
    assert!(failure.reason().contains(" of 40 seeds: "), "{failure}");
}

#[test]
fn a_sweep_that_did_not_try_what_it_was_to_try_fails() {
    let idle = |sim: &mut Scenario| {
        sim.client("client", |_| async {
            sleep(100 * MILLI).await;
            sim::mark("slept");
        });
        sim.host("server", |_| std::future::pending::<()>());
        sim.faults(Swarm::only([FaultKind::Loss, FaultKind::Pause]));
    };
    let failure = sim::sweep(idle).seeds(0..20).try_run().unwrap_err();
    let reason = "had faults that never struck anything with any seed: loss";
    assert!(failure.reason().starts_with(reason), "{failure}");
    let marks = ["slept", "woke", "ate"];
    let failure = sim::sweep(idle).seeds(0..20).must_reach(marks).try_run().unwrap_err();
    assert_eq!(failure.reason(), "reached no mark called woke, ate with any seed");
    assert!(failure.to_string().contains("marks: slept 20"), "{failure}");
}

#[test]
fn what_is_no_sweep_is_told() {
    let two = |sim: &mut Scenario| {
        sim.host("server", |_| std::future::pending::<()>());
        sim.client("client", |_| async {});
    };
    let millis = |count: u64| Duration::from_millis(count);
    let with = |fault: Fault| {
        let plan = Plan::from([fault.at(millis(0)).lasting(millis(1))]);
        sim::sweep(two).named("two").seeds(0..1).plan(plan).try_run().unwrap_err().to_string()
    };
    let unknown = with(Fault::crash("sever"));
    assert!(unknown.contains("no host of this scenario is called sever: it has server, client"));
    assert!(with(Fault::cut("client", "client")).contains("client and client are one host"));
    assert!(
        with(Fault::crash("client")).contains("client is a client, whose program cannot start")
    );
    for wrong in [-0.1, 1.5, f64::NAN] {
        let text = with(Fault::loss("client", "server", wrong));
        assert!(text.contains("a probability is from 0 to 1"), "{text}");
    }
    let text = sim::sweep(two).named("two").seeds(7..7).try_run().unwrap_err().to_string();
    assert_eq!(text, "two the range of seeds 7..7 is empty");
    let twice = |sim: &mut Scenario| {
        sim.host("a", |_| async {});
        sim.host("a", |_| async {});
    };
    let text = sim::sweep(twice).try_run().unwrap_err().to_string();
    assert!(text.contains("the host a has two programs"), "{text}");
    let drawn = move |sim: &mut Scenario| {
        two(sim);
        sim.faults(Swarm::only([FaultKind::Rule]));
    };
    let text = sim::sweep(drawn).try_run().unwrap_err().to_string();
    assert!(text.contains("a swarm draws no faults of the kind rule"), "{text}");
}

#[test]
fn a_line_that_cannot_be_replayed_is_told() {
    let name = own_name!(a_line_that_cannot_be_replayed_is_told);
    if is_child(&name) {
        sweep_of_wrong_counter().run();
        return;
    }
    for (line, told) in [
        ("another 3", "it is of the scenario another, and this is wrong_counter"),
        ("wrong_counter", "`wrong_counter`: a seed is to follow it"),
        ("wrong_counter 1 explode r1@1s", "`explode`: no fault has this name"),
        ("wrong_counter 1 crash r1@1s", "no host of this scenario is called r1"),
        ("wrong_counter 1 crash backup@1m", "`1m` is not a time such as 46.5ms"),
    ] {
        let replayed = child_command(&name).env("MINATO_SIM", line).output().unwrap();
        let output = String::from_utf8_lossy(&replayed.stderr);
        let why = format!("cannot replay MINATO_SIM='{line}': ");
        assert!(output.contains(&why) && output.contains(told), "{output}");
    }
    let seeds = child_command(&name).env("MINATO_SIM_SEEDS", "9..3").output().unwrap();
    assert!(
        String::from_utf8_lossy(&seeds.stderr).contains("MINATO_SIM_SEEDS: `9..3` has no seed")
    );
}

#[test]
fn what_the_seed_does_not_decide_is_named() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let by_a_static = |sim: &mut Scenario| {
        sim.client("client", |_| async {
            sleep(10 * MILLI).await;
            sleep(MILLI * (1 + RUNS.fetch_add(1, Ordering::Relaxed) as u32)).await;
        });
    };
    let by_a_clock = |sim: &mut Scenario| {
        sim.client("client", |_| async {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            sim::world().unwrap().note(format!("it is {now:?}"));
        });
    };
    let by_a_map = |sim: &mut Scenario| {
        sim.client("client", |_| async {
            let names: HashMap<u32, ()> = (0..100).map(|name| (name, ())).collect();
            let order: Vec<u32> = names.into_keys().collect();
            sim::world().unwrap().note(format!("{order:?}"));
        });
    };
    let told = |sweep: Sweep| {
        let text = sweep.seeds(3..5).try_run().unwrap_err().to_string();
        assert!(text.contains(" does something else when seed 3 is run again\n"), "{text}");
        text
    };
    let text = told(sim::sweep(by_a_static));
    assert!(text.contains("the first run ended with the hash ") && text.contains("11ms"), "{text}");
    let text = told(sim::sweep(by_a_clock));
    assert!(text.contains("the runs differ first in event "), "{text}");
    assert!(text.contains("\n  one: ") && text.contains("\n  other: "), "{text}");
    assert!(text.contains(" it is 1"), "{text}");
    assert!(told(sim::sweep(by_a_map)).contains(" 99"));
    // It is found as well where it is looked for alone, and not where a sweep is not to look.
    assert!(sim::sweep(by_a_clock).seeds(0..2).try_check_determinism().is_err());
    sim::sweep(by_a_clock).seeds(0..2).without_second_run().try_run().unwrap();
    sim::sweep(wrong_counter).seeds(0..5).check_determinism();
}
