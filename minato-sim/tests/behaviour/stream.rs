//! Connecting, and bytes from one end to the other.

use super::common::*;
use minato_sim::{Readiness, World};
use std::io::{IoSlice, IoSliceMut};
use std::net::IpAddr;

#[test]
fn bytes_arrive_in_order_and_whole() {
    let Pair { world, client, server, .. } = pair();
    assert_eq!(client.send(b"one ").unwrap(), 4);
    assert_eq!(client.send_vectored(&[IoSlice::new(b"two "), IoSlice::new(b"three")]).unwrap(), 9);
    assert_eq!(errno(receive(&server, 64)), EAGAIN, "it takes time");
    settle(&world);
    assert_eq!(receive(&server, 5).unwrap(), b"one t");
    let (mut first, mut second) = ([0; 3], [0; 16]);
    let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(server.recv_vectored(&mut buffers).unwrap(), 8);
    assert_eq!((&first, &second[..5]), (b"wo ", &b"three"[..]));
    assert_eq!(errno(receive(&server, 64)), EAGAIN);
}

#[test]
fn a_peek_leaves_the_bytes_and_a_recv_takes_them() {
    let Pair { world, client, server, .. } = pair();
    client.send(b"abc").unwrap();
    settle(&world);
    assert_eq!(server.peek(&mut blank::<2>()).unwrap(), 2);
    assert_eq!(server.peek(&mut blank::<8>()).unwrap(), 3);
    let mut buffer = blank::<8>();
    assert_eq!(server.recv(&mut buffer).unwrap(), 3);
    assert_eq!(errno(server.peek(&mut buffer)), EAGAIN);
}

#[test]
fn both_ends_know_each_others_addresses() {
    let Pair { a, b, client, server, .. } = pair();
    assert_eq!(client.peer_addr().unwrap(), (b.ip(), 7000).into());
    assert_eq!(server.local_addr().unwrap(), (b.ip(), 7000).into());
    assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
    assert_eq!(server.peer_addr().unwrap().ip(), a.ip());
}

#[test]
fn connecting_takes_a_round_trip_and_is_told_by_readiness() {
    let world = World::new(3);
    let (a, b) = (world.host("a"), world.host("b"));
    let _listener = listener(&b, 80 + 7000, 1);
    let client = connecting(&a, &b, 7080);
    client.register(9).unwrap();
    assert_eq!(events(&a), [], "nothing is known while it connects");
    assert_eq!(errno(client.connect((b.ip(), 7080).into())), EALREADY);
    assert_eq!(errno(client.send(b"x")), EAGAIN);
    assert_eq!(errno(receive(&client, 1)), EAGAIN);
    assert_eq!(errno(client.peer_addr()), ENOTCONN);
    settle(&world);
    assert_eq!(events(&a), [(9, Readiness::WRITABLE)]);
    assert!(client.take_error().unwrap().is_none());
    assert_eq!(errno(client.connect((b.ip(), 7080).into())), EISCONN);
}

#[test]
fn nobody_listens() {
    let world = World::new(3);
    let (a, b) = (world.host("a"), world.host("b"));
    let client = connecting(&a, &b, 7000);
    settle(&world);
    let closed = Readiness::READABLE
        | Readiness::WRITABLE
        | Readiness::READ_CLOSED
        | Readiness::WRITE_CLOSED
        | Readiness::ERROR;
    assert_eq!(client.readiness(), closed);
    assert_eq!(client.take_error().unwrap().unwrap().raw_os_error(), Some(ECONNREFUSED));
    assert!(client.take_error().unwrap().is_none(), "an error is told once");
    assert_eq!(errno(client.connect((b.ip(), 7000).into())), ECONNABORTED);
    let _listener = listener(&b, 7000, 1);
    assert_eq!(errno(client.connect((b.ip(), 7000).into())), EINPROGRESS, "then it may try again");
    settle(&world);
    assert_eq!(client.readiness(), Readiness::WRITABLE);
}

#[test]
fn nobody_has_the_address() {
    let world = World::new(3);
    let a = world.host("a");
    let client = stream(&a);
    assert_eq!(errno(client.connect(address("192.0.2.1:80"))), EINPROGRESS);
    settle(&world);
    assert_eq!(client.take_error().unwrap().unwrap().raw_os_error(), Some(EHOSTUNREACH));
    assert!(world.now().as_nanos() > 0);
}

#[test]
fn a_host_can_talk_to_itself_by_any_of_its_addresses() {
    let world = World::new(3);
    let a = world.host("a");
    let listener = listener(&a, 7000, 8);
    for ip in ["127.0.0.1".parse().unwrap(), a.ip(), "127.1.2.3".parse::<IpAddr>().unwrap()] {
        let client = stream(&a);
        assert_eq!(errno(client.connect((ip, 7000).into())), EINPROGRESS);
        settle(&world);
        let (server, peer) = listener.accept().unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert_eq!(server.local_addr().unwrap(), (ip, 7000).into());
    }
}

#[test]
fn a_dual_stack_listener_shows_v4_clients_as_mapped() {
    use minato_sim::{Family, Kind, SocketOption};
    for only_v6 in [false, true] {
        let world = World::new(3);
        let (a, b) = (world.host("a"), world.host("b"));
        let listener = b.socket(Family::V6, Kind::Stream).unwrap();
        listener.set_option(SocketOption::OnlyV6(only_v6)).unwrap();
        listener.bind(address("[::]:7000")).unwrap();
        listener.listen(4).unwrap();
        let v4 = connecting(&a, &b, 7000);
        let v6 = a.socket(Family::V6, Kind::Stream).unwrap();
        assert_eq!(errno(v6.connect((b.ip_v6(), 7000).into())), EINPROGRESS);
        settle(&world);
        assert!(v6.take_error().unwrap().is_none());
        let refused = v4.take_error().unwrap().map(|error| error.raw_os_error().unwrap());
        assert_eq!(refused, only_v6.then_some(ECONNREFUSED));
        let mut peers = Vec::new();
        while let Ok((_, peer)) = listener.accept() {
            assert!(peer.is_ipv6());
            peers.push(peer.ip().to_canonical());
        }
        assert!(peers.contains(&a.ip_v6()));
        assert_eq!(peers.contains(&a.ip()), !only_v6);
    }
}

#[test]
fn verbs_of_a_socket_without_a_connection() {
    let world = World::new(3);
    let a = world.host("a");
    let socket = stream(&a);
    assert_eq!(errno(receive(&socket, 1)), ENOTCONN);
    assert_eq!(errno(socket.send(b"x")), EPIPE);
    assert_eq!(errno(socket.shutdown(std::net::Shutdown::Both)), ENOTCONN);
    assert_eq!(errno(socket.peer_addr()), ENOTCONN);
    assert_eq!(errno(socket.accept()), EINVAL);
    assert_eq!(socket.local_addr().unwrap(), address("0.0.0.0:0"));
    assert_eq!(errno(socket.connect(address("[::1]:1"))), EAFNOSUPPORT);
}

#[test]
fn a_full_send_buffer_takes_part_then_nothing_and_tells_when_there_is_room() {
    let world = World::builder().send_buffer(1000).receive_buffer(500).build();
    let Pair { world, a, client, server, .. } = pair_in(world);
    client.register(1).unwrap();
    assert_eq!(events(&a), [(1, Readiness::WRITABLE)]);
    assert_eq!(client.send(&[1; 4000]).unwrap(), 1000);
    assert_eq!(errno(client.send(&[1; 1])), EAGAIN);
    settle(&world);
    assert_eq!(server.readiness(), Readiness::READABLE | Readiness::WRITABLE);
    // 500 bytes have arrived, so that half of the send buffer is free.
    assert_eq!(events(&a), [(1, Readiness::WRITABLE)]);
    assert_eq!(client.send(&[1; 4000]).unwrap(), 500);
    assert_eq!(errno(client.send(&[1; 1])), EAGAIN);
    settle(&world);
    assert_eq!(events(&a), [], "the window is closed until somebody reads");
    assert_eq!(receive(&server, 100).unwrap().len(), 100);
    settle(&world);
    assert_eq!(events(&a), [], "too little to be worth an update");
    assert_eq!(receive(&server, 400).unwrap().len(), 400);
    settle(&world);
    assert_eq!(events(&a), [(1, Readiness::WRITABLE)]);
}

#[test]
fn forced_bytes_go_out_beyond_the_send_buffer() {
    let world = World::builder().send_buffer(10).build();
    let Pair { world, client, server, .. } = pair_in(world);
    client.force_send(&[5; 100]).unwrap();
    assert_eq!(errno(client.send(&[5])), EAGAIN);
    drop(client);
    settle(&world);
    assert_eq!(receive(&server, 1000).unwrap(), [5; 100]);
    assert_eq!(receive(&server, 1000).unwrap(), [], "then the end");
}
