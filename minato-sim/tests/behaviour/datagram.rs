//! Datagrams between two sockets.

use super::common::*;
use minato_sim::{Family, Kind, Readiness, Socket, SocketOption, World};
use std::io::IoSliceMut;
use std::net::{Shutdown, SocketAddr};

/// The next datagram: its bytes and where it is from.
fn take(socket: &Socket) -> Option<usize> {
    socket.recv_from(&mut blank::<2048>()).ok().map(|(count, _, _)| count)
}

#[test]
fn a_datagram_keeps_its_bounds_and_tells_its_sender() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let to = SocketAddr::from((b.ip(), 7000));
    assert_eq!(sender.send_to(b"hello", to).unwrap(), 5);
    assert_eq!(take(&receiver), None, "it takes time");
    settle(&world);
    let (count, truncated, from) = receiver.peek_from(&mut blank::<3>()).unwrap();
    assert_eq!((count, truncated), (3, true));
    assert_eq!(from, (a.ip(), sender.local_addr().unwrap().port()).into());
    assert_eq!(receiver.recv_from(&mut blank::<5>()).unwrap(), (5, false, from));
    assert_eq!(errno(receiver.recv_from(&mut blank::<5>())), EAGAIN);
}

#[test]
fn what_does_not_fit_is_lost() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    sender.send_to(b"too long", (b.ip(), 7000).into()).unwrap();
    settle(&world);
    let mut bytes = [0; 3];
    assert_eq!(receiver.recv_vectored(&mut [IoSliceMut::new(&mut bytes)]).unwrap(), 3);
    assert_eq!(&bytes, b"too");
    assert_eq!(take(&receiver), None);
}

#[test]
fn empty_datagrams_count() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    for _ in 0..2 {
        sender.send_to(b"", (b.ip(), 7000).into()).unwrap();
    }
    settle(&world);
    assert!(receiver.readiness().contains(Readiness::READABLE));
    assert_eq!([take(&receiver), take(&receiver), take(&receiver)], [Some(0), Some(0), None]);
}

#[test]
fn a_full_buffer_drops_the_new_ones() {
    // Up to 645 bytes a datagram counts as 1,280, and up to 197 as 832.
    let world = World::builder().datagram_buffer(1280 + 1280 + 832).build();
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let to = SocketAddr::from((b.ip(), 7000));
    for size in [400, 500, 600, 100] {
        sender.send_to(&vec![0; size], to).unwrap();
        settle(&world);
    }
    let sizes: Vec<_> = std::iter::from_fn(|| take(&receiver)).collect();
    assert_eq!(sizes, [400, 500, 100]);
    sender.send_to(&[0; 2000], to).unwrap();
    settle(&world);
    assert_eq!(take(&receiver), Some(2000), "an empty buffer takes any");
}

/// Counted on Linux 6.18.
#[test]
fn a_buffer_holds_as_many_datagrams_as_on_linux() {
    for (size, expected) in
        [(0, 256), (1, 256), (100, 256), (1000, 92), (1472, 92), (9000, 12), (65_507, 3)]
    {
        let world = World::new(1);
        let a = world.host("a");
        let (sender, receiver) = (datagram(&a), bound(&a, 7000));
        for _ in 0..300 {
            sender.send_to(&vec![0; size], address("127.0.0.1:7000")).unwrap();
        }
        settle(&world);
        let kept = || std::iter::from_fn(|| take(&receiver)).count();
        assert_eq!(kept(), expected, "of {size} bytes");
        // All that was charged is given back.
        for _ in 0..300 {
            sender.send_to(&vec![0; size], address("127.0.0.1:7000")).unwrap();
        }
        settle(&world);
        assert_eq!(kept(), expected, "of {size} bytes, the second time");
    }
}

#[test]
fn a_receive_buffer_that_is_asked_for_is_twice_as_large() {
    let world = World::new(1);
    let socket = datagram(&world.host("a"));
    for (asked, given) in [(0, 2304), (1152, 2304), (2000, 4000), (10_000, 20_000)] {
        socket.set_option(SocketOption::ReceiveBuffer(asked)).unwrap();
        assert_eq!(socket.options().receive_buffer, given);
    }
}

#[test]
fn datagrams_within_a_host_arrive_in_the_order_in_which_they_were_sent() {
    for seed in 0..16 {
        let world = World::new(seed);
        let a = world.host("a");
        let (one, two, receiver) = (datagram(&a), datagram(&a), bound(&a, 7000));
        for size in 1..=50 {
            let sender = if world.choose("sender", 0, 2) == 0 { &one } else { &two };
            let to = if size % 3 == 0 { (a.ip(), 7000).into() } else { address("127.0.0.1:7000") };
            sender.send_to(&vec![0; size], to).unwrap();
        }
        settle(&world);
        let sizes = std::iter::from_fn(|| take(&receiver));
        assert!(sizes.eq(1..=50), "seed {seed}");
    }
}

#[test]
fn sizes_have_a_limit() {
    let world = World::new(1);
    let a = world.host("a");
    let socket = datagram(&a);
    let to = address("127.0.0.1:9");
    assert_eq!(errno(socket.send_to(&vec![0; 65_508], to)), EMSGSIZE);
    assert_eq!(socket.send_to(&vec![0; 65_507], to).unwrap(), 65_507);
    let v6 = a.socket(Family::V6, Kind::Datagram).unwrap();
    let mapped = address("[::ffff:127.0.0.1]:9");
    for (to, most) in [(address("[::1]:9"), 65_527), (mapped, 65_507)] {
        assert_eq!(errno(v6.send_to(&vec![0; most + 1], to)), EMSGSIZE);
        assert_eq!(v6.send_to(&vec![0; most], to).unwrap(), most);
    }
    let small = World::builder().max_datagram(10).build();
    assert_eq!(errno(datagram(&small.host("a")).send_to(&[0; 11], to)), EMSGSIZE);
    socket.set_option(SocketOption::SendBuffer(100)).unwrap();
    assert_eq!(errno(socket.send_to(&[0; 101], to)), EMSGSIZE);
}

#[test]
fn a_connected_socket_has_one_peer() {
    let world = World::new(1);
    let (a, b, c) = (world.host("a"), world.host("b"), world.host("c"));
    let (first, other, server) = (bound(&a, 5000), bound(&c, 5000), bound(&b, 7000));
    assert_eq!(errno(first.send(b"x")), EDESTADDRREQ);
    assert_eq!(errno(first.peer_addr()), ENOTCONN);
    server.connect((a.ip(), 5000).into()).unwrap();
    assert_eq!(server.local_addr().unwrap(), (b.ip(), 7000).into());
    assert_eq!(server.peer_addr().unwrap(), (a.ip(), 5000).into());
    first.send_to(b"1", (b.ip(), 7000).into()).unwrap();
    other.send_to(b"22", (b.ip(), 7000).into()).unwrap();
    settle(&world);
    assert_eq!([take(&server), take(&server)], [Some(1), None]);
    server.connect((c.ip(), 5000).into()).unwrap();
    other.send_to(b"22", (b.ip(), 7000).into()).unwrap();
    settle(&world);
    assert_eq!(take(&server), Some(2), "it may be connected anew");
}

#[test]
fn a_closed_port_is_told_to_connected_senders_only() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (connected, free) = (datagram(&a), datagram(&a));
    connected.register(1).unwrap();
    events(&a);
    connected.connect((b.ip(), 7000).into()).unwrap();
    connected.send(b"x").unwrap();
    free.send_to(b"x", (b.ip(), 7000).into()).unwrap();
    settle(&world);
    assert!(events(&a)[0].1.contains(Readiness::ERROR));
    assert_eq!(errno(receive(&connected, 1)), ECONNREFUSED);
    assert_eq!(errno(receive(&connected, 1)), EAGAIN);
    assert_eq!(errno(receive(&free, 1)), EAGAIN);
    connected.connect(address("10.9.9.9:1")).unwrap();
    connected.send(b"x").unwrap();
    settle(&world);
    assert_eq!(errno(connected.send(b"x")), EHOSTUNREACH);
}

#[test]
fn a_shut_datagram_socket() {
    let world = World::new(1);
    let a = world.host("a");
    assert_eq!(errno(datagram(&a).shutdown(Shutdown::Both)), ENOTCONN);
    let socket = datagram(&a);
    socket.connect(address("127.0.0.1:9")).unwrap();
    socket.shutdown(Shutdown::Both).unwrap();
    assert_eq!(errno(receive(&socket, 8)), EAGAIN);
    assert_eq!(errno(socket.send(b"x")), EPIPE);
    assert!(socket.readiness().contains(Readiness::READ_CLOSED | Readiness::WRITE_CLOSED));
}

#[test]
fn datagrams_may_overtake_each_other_but_not_always() {
    let mut kept = 0;
    for seed in 0..32 {
        let world = World::new(seed);
        let (a, b) = (world.host("a"), world.host("b"));
        let (sender, receiver) = (datagram(&a), bound(&b, 7000));
        for size in [1, 2] {
            sender.send_to(&vec![0; size], (b.ip(), 7000).into()).unwrap();
        }
        settle(&world);
        let order = [take(&receiver), take(&receiver)];
        assert!(order == [Some(1), Some(2)] || order == [Some(2), Some(1)]);
        kept += usize::from(order[0] == Some(1));
    }
    assert!((1..32).contains(&kept), "kept the order in {kept} of 32 worlds");
}

#[test]
fn a_v6_socket_speaks_v4_by_mapped_addresses() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let socket = b.socket(Family::V6, Kind::Datagram).unwrap();
    socket.bind(address("[::]:7000")).unwrap();
    let v4 = bound(&a, 5000);
    v4.send_to(b"x", (b.ip(), 7000).into()).unwrap();
    settle(&world);
    let (_, _, from) = socket.recv_from(&mut blank::<8>()).unwrap();
    assert_eq!(from.to_string(), "[::ffff:10.0.0.1]:5000");
    socket.send_to(b"reply", from).unwrap();
    settle(&world);
    let (count, _, from) = v4.recv_from(&mut blank::<8>()).unwrap();
    assert_eq!((count, from), (5, (b.ip(), 7000).into()));
}

#[test]
fn a_world_may_send_datagrams_in_part_and_says_how_much() {
    let world = World::builder().datagram_part(3).build();
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let to = SocketAddr::from((b.ip(), 7000));
    assert_eq!(sender.send_to(b"too long", to).unwrap(), 3);
    assert_eq!(sender.send_to(b"two", to).unwrap(), 3);
    assert_eq!(sender.send_to(b"", to).unwrap(), 0);
    settle(&world);
    let mut lengths = [take(&receiver), take(&receiver), take(&receiver)];
    lengths.sort();
    assert_eq!(lengths, [Some(0), Some(3), Some(3)]);
}
