//! Datagrams with their ECN bits, destination and source, many at a time.

use super::common::*;
use minato_sim::{Family, Kind, Message, Socket, SocketOption, World};
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};

/// Receives up to `most` datagrams of up to 8 bytes.
fn take(socket: &Socket, most: usize) -> io::Result<Vec<(Vec<u8>, Message)>> {
    let mut memory = vec![[0; 8]; most];
    let mut buffers: Vec<_> = memory.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
    let mut messages = Vec::new();
    let received = socket.recv_messages(&mut buffers, |number, message| {
        assert_eq!(number, messages.len());
        messages.push(message);
    })?;
    assert_eq!(received, messages.len());
    Ok(memory.into_iter().zip(messages).map(|(b, m)| (b[..m.len].to_vec(), m)).collect())
}

#[test]
fn a_message_carries_its_bits_and_where_it_went() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (bound(&a, 5000), bound(&b, 7000));
    let to = SocketAddr::from((b.ip(), 7000));
    for ecn in 0..4 {
        assert_eq!(sender.send_message(&[ecn], to, ecn, None).unwrap(), 1);
        settle(&world);
    }
    let all = take(&receiver, 8).unwrap();
    assert_eq!(all.len(), 4);
    for (ecn, (bytes, message)) in (0..).zip(all) {
        assert_eq!(bytes, [ecn]);
        assert_eq!((message.ecn, message.truncated), (ecn, false));
        assert_eq!(message.from, (a.ip(), 5000).into());
        assert_eq!((message.to, message.interface), (b.ip(), 2));
    }
}

#[test]
fn plain_sends_have_no_bits_and_loopback_has_its_interface() {
    let world = World::new(1);
    let a = world.host("a");
    let socket = bound(&a, 7000);
    socket.send_to(b"plain", address("127.0.0.1:7000")).unwrap();
    settle(&world);
    let all = take(&socket, 1).unwrap();
    assert_eq!((all[0].1.ecn, all[0].1.interface), (0, 1));
    assert_eq!(all[0].1.to, Ipv4Addr::LOCALHOST);
}

#[test]
fn a_batch_takes_what_waits_and_no_more_than_fits() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (sender, receiver) = (datagram(&a), bound(&b, 7000));
    let to = SocketAddr::from((b.ip(), 7000));
    for bytes in [&b"1"[..], b"", b"a long story", b"4", b"5"] {
        sender.send_message(bytes, to, 0, None).unwrap();
        settle(&world);
    }
    let first = take(&receiver, 4).unwrap();
    let bytes: Vec<_> = first.iter().map(|(bytes, _)| &bytes[..]).collect();
    assert_eq!(bytes, [&b"1"[..], b"", b"a long s", b"4"]);
    let cut: Vec<_> = first.iter().map(|(_, message)| message.truncated).collect();
    assert_eq!(cut, [false, false, true, false]);
    assert_eq!(take(&receiver, 4).unwrap().len(), 1);
    assert_eq!(errno(take(&receiver, 4)), EAGAIN);
    assert_eq!(errno(take(&receiver, 0)), EINVAL);
}

#[test]
fn the_source_is_one_of_the_hosts_addresses() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (socket, receiver) = (bound(&a, 5000), bound(&b, 7000));
    let near = address("127.0.0.1:5000");
    for own in [a.ip(), address("127.0.0.9:0").ip()] {
        socket.send_message(b"x", near, 0, Some(own)).unwrap();
        settle(&world);
        assert_eq!(take(&socket, 1).unwrap()[0].1.from, (own, 5000).into());
    }
    let to = SocketAddr::from((b.ip(), 7000));
    socket.send_message(b"x", to, 0, Some(a.ip())).unwrap();
    settle(&world);
    assert_eq!(take(&receiver, 1).unwrap()[0].1.from, (a.ip(), 5000).into());
    assert_eq!(errno(socket.send_message(b"x", to, 0, Some(b.ip()))), ENETUNREACH);
    for wrong in ["127.0.0.1", "::1", "239.1.2.3", "255.255.255.255"] {
        let source = Some(wrong.parse().unwrap());
        assert_eq!(errno(socket.send_message(b"x", to, 0, source)), EINVAL, "{wrong}");
    }
    socket.send_message(b"x", to, 0, Some(Ipv4Addr::UNSPECIFIED.into())).unwrap();
    let v6 = a.socket(Family::V6, Kind::Datagram).unwrap();
    let to = SocketAddr::from((b.ip_v6(), 7000));
    assert_eq!(errno(v6.send_message(b"x", to, 0, Some(b.ip_v6()))), EINVAL);
}

#[test]
fn a_socket_of_both_families_shows_mapped_addresses() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let receiver = b.socket(Family::V6, Kind::Datagram).unwrap();
    receiver.bind(address("[::]:7000")).unwrap();
    datagram(&a).send_to(b"x", (b.ip(), 7000).into()).unwrap();
    settle(&world);
    let message = take(&receiver, 1).unwrap()[0].1;
    assert!(message.from.is_ipv6());
    assert_eq!(message.to.to_canonical(), b.ip());
    assert!(message.to.is_ipv6());
}

#[test]
fn an_error_that_waits_comes_before_the_datagrams() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let (socket, peer) = (bound(&a, 5000), bound(&b, 7000));
    socket.connect((b.ip(), 7000).into()).unwrap();
    peer.send_to(b"first", (a.ip(), 5000).into()).unwrap();
    settle(&world);
    drop(peer);
    socket.send(b"anybody?").unwrap();
    settle(&world);
    assert_eq!(errno(take(&socket, 4)), ECONNREFUSED);
    assert_eq!(take(&socket, 4).unwrap().len(), 1);
}

#[test]
fn a_group_is_the_destination() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let member = bound(&b, 7000);
    member.set_option(SocketOption::JoinV4(group, Ipv4Addr::UNSPECIFIED)).unwrap();
    datagram(&a).send_message(b"x", (group, 7000).into(), 2, None).unwrap();
    settle(&world);
    let message = take(&member, 1).unwrap()[0].1;
    assert_eq!((message.to, message.ecn), (group.into(), 2));
}

#[test]
fn streams_have_no_messages() {
    let pair = pair();
    let to = SocketAddr::from((pair.b.ip(), 7000));
    const EOPNOTSUPP: i32 = 95;
    assert_eq!(errno(pair.client.send_message(b"x", to, 0, None)), EOPNOTSUPP);
    assert_eq!(errno(take(&pair.client, 1)), EOPNOTSUPP);
}
