//! Sweeps: finding a bug, replaying it in another process, shrinking it; and what a sweep itself
//! refuses.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use minato::net::UdpSocket;
use minato::sim::{self, FaultKind, Scenario, Swarm, Sweep};
use minato::time::{sleep, timeout};

use crate::kit::child::own_name;
use crate::kit::{child_command, is_child};

const MILLI: Duration = Duration::from_millis(1);

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
    sim.faults(Swarm::all().except(FaultKind::Reset).for_(Duration::from_secs(1)));
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
