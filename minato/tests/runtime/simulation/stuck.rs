//! A simulated task that blocks its thread is named on standard error.

use std::future::pending;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use minato::engine::Engine;
use minato::io::AsyncWriteExt;
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::runtime::Builder;
use minato::sim::{Simulation, World};
use minato::time::{interval, sleep, timeout};
use pollster::block_on;

use crate::kit::{child_command, is_child, watchdog};

const MILLI: Duration = Duration::from_millis(1);

/// Foreign waits that never end within a simulated task, each under the name of its host.
const WAITS: [(&str, fn()); 12] = [
    ("sleep", || block_on(sleep(MILLI))),
    ("futures-sleep", || futures::executor::block_on(sleep(MILLI))),
    ("timeout", || drop(block_on(timeout(MILLI, pending::<()>())))),
    ("interval", || {
        block_on(async {
            let mut ticks = interval(MILLI);
            ticks.tick().await;
            ticks.tick().await;
        });
    }),
    ("accept", || {
        block_on(async { drop(TcpListener::bind("0.0.0.0:7000").await.unwrap().accept().await) });
    }),
    ("connect", || {
        block_on(async {
            let _listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
            drop(TcpStream::connect("connect:7000").await);
        });
    }),
    ("recv", || {
        block_on(async {
            let socket = UdpSocket::bind("0.0.0.0:7000").await.unwrap();
            drop(socket.recv(&mut [0]).await);
        });
    }),
    ("write-full", || {
        block_on(async {
            let _listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
            let mut stream = TcpStream::connect("write-full:7000").await.unwrap();
            drop(stream.write_all(&vec![0; 1 << 24]).await);
        });
    }),
    ("join", || drop(block_on(minato::spawn(async {})))),
    ("job", || drop(block_on(minato::task::spawn_blocking(|| ())))),
    ("channel", || {
        let (send, receive) = futures::channel::oneshot::channel::<()>();
        minato::spawn(async move { send.send(()) });
        _ = block_on(receive);
    }),
    ("other-rt", || {
        Builder::new_current_thread().build().unwrap().block_on(sleep(MILLI));
    }),
];

#[test]
fn a_foreign_wait_in_a_simulated_task_is_reported() {
    const NAME: &str = "simulation::stuck::a_foreign_wait_in_a_simulated_task_is_reported";
    if is_child(NAME) {
        return hang();
    }
    let _watchdog = watchdog();
    let mut child = child_command(NAME).env("MINATO_SIM_STUCK_MS", "50").spawn().unwrap();
    let mut missing: Vec<&str> = WAITS.iter().map(|(name, _)| *name).collect();
    missing.extend(["a-task", "a-root"]);
    let mut reports = 0;
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some((_, who)) = line.split_once("minato: host ") else { continue };
        let (host, what) = who.split_once(", ").unwrap();
        assert!(what.contains("simulation/stuck.rs:") && what.contains("block_on"), "{line}");
        assert_eq!(what.starts_with("the future of block_on at "), host == "a-root", "{line}");
        missing.retain(|name| *name != host);
        reports += 1;
        if missing.is_empty() {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(missing.is_empty(), "there was no report about {missing:?}");
    assert_eq!(reports, WAITS.len() + 2, "each is reported once");
}

/// Runs everything that never ends, each on a thread of its own.
fn hang() {
    let mut threads: Vec<_> = WAITS
        .map(|(name, wait)| {
            std::thread::spawn(move || {
                let mut simulation = Simulation::new(1);
                let task = simulation.spawn(name, async move { wait() }).unwrap();
                drop(simulation.run_until(task));
            })
        })
        .into();
    // On a runtime with the simulated engine: in a task, and in the future itself.
    let runtime = |name| {
        let engine = Engine::sim(World::new(1).host(name));
        Builder::new_current_thread().engine(engine).build().unwrap()
    };
    threads.push(std::thread::spawn(move || {
        runtime("a-task").block_on(async {
            drop(minato::spawn(async { block_on(sleep(MILLI)) }).await);
        });
    }));
    threads.push(std::thread::spawn(move || {
        runtime("a-root").block_on(async { block_on(sleep(MILLI)) });
    }));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
