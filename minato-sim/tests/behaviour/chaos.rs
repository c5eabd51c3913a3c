//! Any calls in any order: nothing panics, nothing is left behind, and the run can be repeated.

use super::common::*;
use minato_sim::{Family, Host, Kind, Socket, SocketOption, World};
use proptest::prelude::*;
use std::net::{IpAddr, Shutdown};
use std::time::Duration;

/// One call: which verb, on which socket, with which number.
type Call = (u8, usize, usize);

/// Few ports, so that calls meet.
fn port(number: usize) -> u16 {
    7000 + (number % 2) as u16
}

fn open(hosts: &[Host], sockets: &mut Vec<Socket>, number: usize) {
    let host = &hosts[number % hosts.len()];
    let family = if number.is_multiple_of(7) { Family::V6 } else { Family::V4 };
    let kind = if number.is_multiple_of(5) { Kind::Datagram } else { Kind::Stream };
    let socket = host.socket(family, kind).unwrap();
    socket.register(number as u64).unwrap();
    sockets.push(socket);
}

fn call(world: &World, hosts: &[Host], sockets: &mut Vec<Socket>, (verb, which, number): Call) {
    if sockets.is_empty() || verb == 0 {
        return open(hosts, sockets, number);
    }
    let which = which % sockets.len();
    let socket = &sockets[which];
    let host = &hosts[number % hosts.len()];
    let ip: IpAddr = match (socket.family(), number % 5) {
        (Family::V4, 0) => [127, 0, 0, 1].into(),
        (Family::V4, 1) => [192, 0, 2, 9].into(),
        (Family::V4, _) => host.ip(),
        _ => host.ip_v6(),
    };
    let how = [Shutdown::Read, Shutdown::Write, Shutdown::Both][number % 3];
    // Errors are expected; what is tested is that they are errors and nothing worse.
    match verb {
        1 => drop(socket.bind((ip, port(number)).into())),
        2 => {
            let any = if socket.family() == Family::V4 { "0.0.0.0:0" } else { "[::]:0" };
            let mut any = address(any);
            any.set_port(port(number));
            drop((socket.bind(any), socket.listen((number % 4) as i32)));
        }
        3 | 4 => drop(socket.connect((ip, port(which)).into())),
        5 | 6 => {
            if let Ok((accepted, _)) = socket.accept() {
                sockets.push(accepted);
            }
        }
        7 | 8 => drop(socket.send(&vec![1; number])),
        9 => drop(socket.send_to(&vec![1; number], (ip, port(which)).into())),
        10 | 11 => drop(receive(socket, number)),
        12 => drop(socket.shutdown(how)),
        13 => drop(sockets.swap_remove(which)),
        14 => {
            let zero = Some(Duration::ZERO);
            drop(socket.set_option(SocketOption::Linger(zero)));
        }
        15 => drop(socket.set_option(SocketOption::ReuseAddress(true))),
        16 => drop(socket.set_option(SocketOption::ReceiveBuffer(number))),
        17 => drop(socket.set_option(SocketOption::SendBuffer(number))),
        18 => drop(socket.set_option(SocketOption::Keepalive(number % 2 == 0))),
        19 => drop((socket.take_error(), socket.readiness(), socket.rearm())),
        20 => drop(socket.force_send(&vec![1; number])),
        21 => world.partition(host, &hosts[which % hosts.len()]),
        22 => world.heal(host, &hosts[which % hosts.len()]),
        23 => drop((events(host), world.netstat())),
        _ => {
            for _ in 0..number % 4 {
                world.advance(None);
            }
        }
    }
}

/// Makes the calls, closes everything, lets the world come to rest, and returns its hash.
fn run(seed: u64, calls: &[Call]) -> (u64, usize, usize) {
    let world = World::builder().seed(seed).send_buffer(300).receive_buffer(200).build();
    let hosts = [world.host("a"), world.host("b")];
    let mut sockets = Vec::new();
    for each in calls {
        call(&world, &hosts, &mut sockets, *each);
    }
    drop(sockets);
    settle(&world);
    (world.trace_hash(), world.open_sockets(), world.open_connections())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_panics_and_nothing_is_left_behind(
        seed: u64,
        calls in proptest::collection::vec((0..30_u8, 0..64_usize, 0..500_usize), 0..200),
    ) {
        let (hash, sockets, connections) = run(seed, &calls);
        prop_assert_eq!((sockets, connections), (0, 0));
        prop_assert_eq!(run(seed, &calls).0, hash);
    }
}
