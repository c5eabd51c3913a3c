//! Hosts that are paused: their kernels go on, and nothing of their programs runs.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::sim::{self, Condition, Simulation};
use minato::time::{Instant, interval, sleep};

use crate::kit::watchdog;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn nothing_runs_while_a_host_is_paused_and_due_timers_fire_when_it_goes_on() {
    let _watchdog = watchdog();
    for seed in 0..20 {
        let mut simulation = Simulation::new(seed);
        let ticks = Rc::new(Cell::new(0));
        let count = ticks.clone();
        simulation
            .program("host", move || {
                let count = count.clone();
                async move {
                    let mut every = interval(millis(10));
                    loop {
                        every.tick().await;
                        count.set(count.get() + 1);
                    }
                }
            })
            .unwrap();
        simulation.run_for(millis(95)).unwrap();
        assert_eq!(ticks.get(), 10);
        let host = simulation.world().host("host");
        host.pause().unwrap();
        simulation.run_for(millis(1000)).unwrap();
        assert_eq!((ticks.get(), host.condition()), (10, Condition::Paused));
        // What is spawned on it waits, too.
        let late = simulation.spawn("host", async { Instant::now() }).unwrap();
        simulation.run_for(millis(1)).unwrap();
        assert!(!late.is_finished());
        host.resume().unwrap();
        simulation.run_for(Duration::ZERO).unwrap();
        // All ticks that were due come at once.
        assert_eq!(ticks.get(), 110);
        assert!(late.is_finished());
        simulation.run_for(millis(100)).unwrap();
        assert_eq!(ticks.get(), 120);
    }
}

#[test]
fn the_kernel_of_a_paused_host_goes_on() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    simulation
        .spawn("server", async {
            let listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
            let datagrams = UdpSocket::bind("0.0.0.0:7000").await.unwrap();
            sleep(millis(10)).await;
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            let mut buf = [0; 16];
            let len = datagrams.recv(&mut buf).await.unwrap();
            assert_eq!((text.as_str(), &buf[..len]), ("hello", &b"datagram"[..]));
        })
        .unwrap();
    simulation.run_for(millis(5)).unwrap();
    simulation.world().host("server").pause().unwrap();
    let client = simulation.spawn("client", async {
        // The kernel takes the connection into the backlog, and acknowledges the bytes.
        let mut stream = TcpStream::connect("server:7000").await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        stream.shutdown().await.unwrap();
        let datagrams = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        datagrams.send_to(b"datagram", "server:7000").await.unwrap();
        // And it refuses what nobody waits for.
        TcpStream::connect("server:7001").await.unwrap_err().kind()
    });
    let refused = simulation.block_on(client.unwrap()).unwrap();
    assert_eq!(refused, std::io::ErrorKind::ConnectionRefused);
    simulation.run_for(Duration::from_secs(10)).unwrap();
    simulation.world().host("server").resume().unwrap();
    simulation.run_until_idle().unwrap();
}

#[test]
fn a_host_can_pause_itself_and_crash_while_it_is_paused() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let (starts, ends) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (begun, ended) = (starts.clone(), ends.clone());
    simulation
        .program("host", move || {
            let (begun, ended) = (begun.clone(), ended.clone());
            async move {
                begun.set(begun.get() + 1);
                if begun.get() == 1 {
                    sim::host().unwrap().pause().unwrap();
                }
                minato::task::yield_now().await;
                ended.set(ended.get() + 1);
            }
        })
        .unwrap();
    simulation.run_for(millis(1)).unwrap();
    assert_eq!((starts.get(), ends.get()), (1, 0));
    let host = simulation.world().host("host");
    host.crash().unwrap();
    host.restart().unwrap();
    simulation.run_until_idle().unwrap();
    assert_eq!((starts.get(), ends.get()), (2, 1));
    assert_eq!(host.condition(), Condition::Running);
}

#[test]
fn a_run_that_waits_for_a_paused_host_says_so() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let task = simulation.spawn("sleepy", async {}).unwrap();
    simulation.world().host("sleepy").pause().unwrap();
    let error = simulation.run_until(task).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Deadlock);
    assert!(error.to_string().contains("host sleepy is paused"), "{error}");
}
