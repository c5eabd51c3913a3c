//! One datagram for many.

use super::common::*;
use minato_sim::{Host, Socket, SocketOption, World};
use std::net::{Ipv4Addr, SocketAddr};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

fn member(host: &Host) -> Socket {
    let socket = bound(host, 7000);
    socket.set_option(SocketOption::JoinV4(GROUP, Ipv4Addr::UNSPECIFIED)).unwrap();
    socket
}

fn got(socket: &Socket) -> usize {
    std::iter::from_fn(|| socket.recv(&mut blank::<64>()).ok()).count()
}

#[test]
fn a_multicast_reaches_the_members() {
    let world = World::new(1);
    let (a, b, c) = (world.host("a"), world.host("b"), world.host("c"));
    let (home, away, stranger) = (member(&a), member(&b), bound(&c, 7000));
    let sender = datagram(&a);
    let to = SocketAddr::from((GROUP, 7000));
    sender.send_to(b"x", to).unwrap();
    settle(&world);
    assert_eq!([got(&home), got(&away), got(&stranger)], [1, 1, 0]);
    sender.set_option(SocketOption::MulticastLoopV4(false)).unwrap();
    sender.send_to(b"x", to).unwrap();
    settle(&world);
    assert_eq!([got(&home), got(&away)], [0, 1]);
    sender.set_option(SocketOption::MulticastLoopV4(true)).unwrap();
    sender.set_option(SocketOption::MulticastTtlV4(0)).unwrap();
    sender.send_to(b"x", to).unwrap();
    settle(&world);
    assert_eq!([got(&home), got(&away)], [1, 0]);
    home.set_option(SocketOption::LeaveV4(GROUP, Ipv4Addr::UNSPECIFIED)).unwrap();
    sender.send_to(b"x", to).unwrap();
    settle(&world);
    assert_eq!(got(&home), 0);
}

#[test]
fn joining_has_rules() {
    let world = World::new(1);
    let socket = member(&world.host("a"));
    let any = Ipv4Addr::UNSPECIFIED;
    assert_eq!(errno(socket.set_option(SocketOption::JoinV4(GROUP, any))), EADDRINUSE);
    let other = Ipv4Addr::new(239, 9, 9, 9);
    assert_eq!(errno(socket.set_option(SocketOption::LeaveV4(other, any))), EADDRNOTAVAIL);
    let unicast = SocketOption::JoinV4(Ipv4Addr::new(10, 0, 0, 1), any);
    assert_eq!(errno(socket.set_option(unicast)), EINVAL);
    let interface = SocketOption::JoinV4(other, Ipv4Addr::new(10, 0, 0, 99));
    assert_eq!(errno(socket.set_option(interface)), 19, "ENODEV");
}

#[test]
fn a_broadcast_needs_the_option() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (home, away) = (bound(&a, 7000), bound(&b, 7000));
    let sender = datagram(&a);
    let to = address("255.255.255.255:7000");
    assert_eq!(errno(sender.send_to(b"x", to)), EACCES);
    assert_eq!(errno(sender.connect(to)), EACCES);
    sender.set_option(SocketOption::Broadcast(true)).unwrap();
    sender.send_to(b"x", to).unwrap();
    settle(&world);
    assert_eq!([got(&home), got(&away)], [1, 1]);
}

/// Measured on Linux, where a socket on 127.0.0.1 sends by the loopback interface whatever the
/// options for multicasts say.
#[test]
fn a_socket_on_the_loopback_reaches_members_of_the_loopback() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let join = |host: &Host, port, interface| {
        let socket = bound(host, port);
        socket.set_option(SocketOption::JoinV4(GROUP, interface)).unwrap();
        socket
    };
    let inside = join(&a, 7000, Ipv4Addr::LOCALHOST);
    let other_host = join(&b, 7000, Ipv4Addr::LOCALHOST);
    let sender = datagram(&a);
    sender.bind(address("127.0.0.1:0")).unwrap();
    for option in [
        SocketOption::MulticastLoopV4(true),
        SocketOption::MulticastLoopV4(false),
        SocketOption::MulticastTtlV4(0),
    ] {
        sender.set_option(option).unwrap();
        sender.send_to(b"x", (GROUP, 7000).into()).unwrap();
        settle(&world);
        assert_eq!([got(&inside), got(&other_host)], [1, 0], "{option:?}");
    }
    inside.set_option(SocketOption::JoinV4(Ipv4Addr::new(239, 9, 9, 9), a_v4(&a))).unwrap();
    sender.send_to(b"x", (Ipv4Addr::new(239, 9, 9, 9), 7000).into()).unwrap();
    datagram(&a).send_to(b"x", (GROUP, 7000).into()).unwrap();
    settle(&world);
    assert_eq!(got(&inside), 0, "a membership is of one interface");
    sender.connect((GROUP, 7000).into()).unwrap();
    assert_eq!(sender.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
}

fn a_v4(host: &Host) -> Ipv4Addr {
    host.ip().to_string().parse().unwrap()
}

#[test]
fn a_broadcast_from_the_loopback_stays_there() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (home, away) = (bound(&a, 7000), bound(&b, 7000));
    let sender = datagram(&a);
    sender.bind(address("127.0.0.1:0")).unwrap();
    sender.set_option(SocketOption::Broadcast(true)).unwrap();
    sender.send_to(b"x", address("255.255.255.255:7000")).unwrap();
    settle(&world);
    assert_eq!([got(&home), got(&away)], [1, 0]);
    assert_eq!(errno(sender.send_to(b"x", (b.ip(), 7000).into())), EINVAL);
}

#[test]
fn a_membership_of_one_socket_serves_all_sockets_of_its_host() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let sockets: Vec<_> = (0..2)
        .map(|_| {
            let socket = datagram(&b);
            socket.set_option(SocketOption::ReuseAddress(true)).unwrap();
            socket.bind(address("0.0.0.0:7000")).unwrap();
            socket
        })
        .collect();
    let join = SocketOption::JoinV4(GROUP, Ipv4Addr::UNSPECIFIED);
    let send = || {
        datagram(&a).send_to(b"x", (GROUP, 7000).into()).unwrap();
        settle(&world);
        [got(&sockets[0]), got(&sockets[1])]
    };
    sockets[0].set_option(join).unwrap();
    assert_eq!(send(), [1, 1]);
    let third = datagram(&b);
    third.set_option(join).unwrap();
    sockets[0].set_option(SocketOption::LeaveV4(GROUP, Ipv4Addr::UNSPECIFIED)).unwrap();
    assert_eq!(send(), [1, 1], "the third is a member, on whatever port");
    drop(third);
    assert_eq!(send(), [0, 0], "a close leaves all groups");
}
