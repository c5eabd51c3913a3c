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
