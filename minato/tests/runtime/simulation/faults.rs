//! Faults of the network, as programs meet them.

use std::io::{self, ErrorKind};
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use minato::sim::{self, LookupFailure, PacketKind, Simulation, Verb, Verdict};
use minato::time::{Instant, sleep, timeout};

use super::hosts::{ask, serve};
use crate::kit::watchdog;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn no_seed_of_200_hangs_with_1_and_5_and_20_percent_of_loss() {
    let _watchdog = watchdog();
    for loss in [0.01, 0.05, 0.2] {
        for seed in 0..200 {
            let mut simulation = Simulation::new(seed);
            simulation.world().links().loss(loss).unwrap();
            drop(simulation.spawn("server", serve(7000)).unwrap());
            let client = async {
                // The server may not listen yet when the first packet comes.
                while ask("server:7000".into(), 50).await.is_err() {}
            };
            let client = simulation.spawn("client", client).unwrap();
            let result = simulation.run_until(client);
            result.unwrap_or_else(|error| panic!("seed {seed}, loss {loss}: {error}")).unwrap();
            assert!(loss < 0.05 || simulation.world().strikes().total() > 0);
        }
    }
}

/// Runs `client` on a host beside a server that echoes.
fn with_server<T: Send + 'static>(
    setup: impl FnOnce(&sim::World),
    client: impl Future<Output = T> + Send + 'static,
) -> T {
    let mut simulation = Simulation::new(1);
    drop(simulation.spawn("server", serve(7000)).unwrap());
    setup(simulation.world());
    let client = simulation.spawn("client", client).unwrap();
    simulation.run_until(client).unwrap().unwrap()
}

#[test]
fn a_look_up_takes_as_long_as_the_world_says() {
    let _watchdog = watchdog();
    let setup = |world: &sim::World| drop(world.dns().delay(3 * SECOND).unwrap());
    let client = async {
        let begun = Instant::now();
        let found: Vec<_> = lookup_host("server:7000").await.unwrap().collect();
        assert_eq!(found.len(), 1);
        assert_eq!(begun.elapsed(), 3 * SECOND);
        lookup_host("127.0.0.1:7000").await.map(drop).unwrap();
        assert_eq!(begun.elapsed(), 3 * SECOND, "an address needs no look-up");
        let late = timeout(SECOND, TcpStream::connect("server:7000")).await;
        assert!(late.is_err());
    };
    with_server(setup, client);
}

#[test]
fn a_look_up_that_fails_is_an_error_with_the_name_and_may_be_tried_again() {
    let _watchdog = watchdog();
    let setup = |world: &sim::World| world.dns().fail("server", LookupFailure::Temporary);
    let client = async {
        let error = TcpStream::connect("server:7000").await.unwrap_err().to_string();
        assert!(error.contains("'server'") && error.contains("Temporary failure"), "{error}");
        sim::world().unwrap().dns().mend("server");
        ask("server:7000".into(), 3).await
    };
    with_server(setup, client).unwrap();
}

#[test]
fn a_task_sets_rules_and_they_end_with_it() {
    let _watchdog = watchdog();
    let client = async {
        let world = sim::world().unwrap();
        sleep(SECOND).await;
        let rule = world.rule(|packet| match packet.kind() {
            PacketKind::Syn => Verdict::Drop,
            _ => Verdict::Pass,
        });
        let lost = timeout(10 * SECOND, TcpStream::connect("server:7000")).await;
        assert!(lost.is_err(), "no connection came about");
        drop(rule);
        ask("server:7000".into(), 3).await
    };
    with_server(|_| (), client).unwrap();
}

#[test]
fn a_reset_on_the_way_ends_both_ends() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let server = simulation.spawn("server", async {
        let listener = TcpListener::bind("0.0.0.0:7000").await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap_err().kind()
    });
    let client = simulation.spawn("client", async {
        sleep(SECOND).await;
        let mut stream = TcpStream::connect("server:7000").await.unwrap();
        sleep(SECOND).await;
        let world = sim::world().unwrap();
        assert_eq!(world.reset(&world.host("server"), &world.host("client")), 1);
        stream.read_u8().await.unwrap_err().kind()
    });
    for task in [server, client] {
        let kind = simulation.run_until(task.unwrap()).unwrap().unwrap();
        assert_eq!(kind, ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_server_without_descriptors_goes_on_once_there_are_some() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    let server = simulation.spawn("server", async {
        let listener = TcpListener::bind("0.0.0.0:7000").await?;
        sim::host().unwrap().limit_descriptors(Some(1));
        let refused = listener.accept().await.unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(24), "EMFILE");
        sleep(60 * SECOND).await;
        sim::host().unwrap().limit_descriptors(None);
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"welcome").await
    });
    let client = simulation.spawn("client", async {
        sleep(SECOND).await;
        let mut stream = TcpStream::connect("server:7000").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        io::Result::Ok(text)
    });
    simulation.run_until(server.unwrap()).unwrap().unwrap().unwrap();
    assert_eq!(simulation.run_until(client.unwrap()).unwrap().unwrap().unwrap(), "welcome");
}

#[test]
fn sends_and_connects_fail_when_they_are_told_to() {
    let _watchdog = watchdog();
    const ENOBUFS: i32 = 105;
    let client = async {
        sleep(SECOND).await;
        let host = sim::host().unwrap();
        host.fail(Verb::Connect, 7000, [ENOBUFS]);
        let error = TcpStream::connect("server:7000").await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ENOBUFS));
        host.fail(Verb::Send, 0, [ENOBUFS]);
        let socket = UdpSocket::bind("0.0.0.0:0").await.unwrap();
        let error = socket.send_to(b"x", "server:9").await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(ENOBUFS));
        assert_eq!(socket.send_to(b"x", "server:9").await.unwrap(), 1);
        ask("server:7000".into(), 3).await
    };
    with_server(|_| (), client).unwrap();
}

#[test]
fn a_datagram_can_come_twice() {
    let _watchdog = watchdog();
    let mut simulation = Simulation::new(1);
    simulation.world().links().duplicate(1.0).unwrap();
    let receiver = simulation.spawn("receiver", async {
        let socket = UdpSocket::bind("0.0.0.0:7000").await?;
        let mut buf = [0; 9];
        for _ in 0..2 {
            assert_eq!(socket.recv_from(&mut buf).await?.0, 5);
        }
        io::Result::Ok(timeout(SECOND, socket.recv_from(&mut buf)).await.is_err())
    });
    let sender = simulation.spawn("sender", async {
        sleep(SECOND).await;
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        socket.send_to(b"again", "receiver:7000").await
    });
    simulation.run_until(sender.unwrap()).unwrap().unwrap().unwrap();
    let none = simulation.run_until(receiver.unwrap()).unwrap().unwrap().unwrap();
    assert!(none, "it comes no third time");
}
