//! Socket options, and what they do.

use super::common::*;
use minato_sim::{Family, Kind, Packet, PacketKind, SocketOption, Verdict, World};
use std::time::Duration;

#[test]
fn options_are_remembered_and_inherited_by_accepted_sockets() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = stream(&b);
    listener.set_option(SocketOption::NoDelay(true)).unwrap();
    listener.set_option(SocketOption::TimeToLive(9)).unwrap();
    listener.set_option(SocketOption::ReceiveBuffer(700)).unwrap();
    listener.listen(1).unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = connecting(&a, &b, port);
    settle(&world);
    let (server, _) = listener.accept().unwrap();
    let options = server.options();
    assert_eq!((options.nodelay, options.ttl, options.receive_buffer), (true, 9, 700));
    assert!(!client.options().nodelay);
    assert_eq!(client.send(&[0; 5000]).unwrap(), 5000);
    settle(&world);
    assert_eq!(receive(&server, 5000).unwrap().len(), 700, "the window is the buffer");
}

#[test]
fn a_larger_receive_buffer_opens_the_window() {
    let world = World::builder().receive_buffer(10).build();
    let Pair { world, client, server, .. } = pair_in(world);
    client.send(&[0; 100]).unwrap();
    settle(&world);
    server.set_option(SocketOption::ReceiveBuffer(1000)).unwrap();
    settle(&world);
    assert_eq!(receive(&server, 1000).unwrap().len(), 100);
}

#[test]
fn a_larger_send_buffer_makes_room() {
    let world = World::builder().receive_buffer(1).send_buffer(10).build();
    let pair = pair_in(world);
    let Pair { a, client, .. } = &pair;
    client.register(1).unwrap();
    assert_eq!(client.send(&[0; 100]).unwrap(), 10);
    events(a);
    client.set_option(SocketOption::SendBuffer(1000)).unwrap();
    assert_eq!(events(a).len(), 1);
    assert_eq!(client.send(&[0; 100]).unwrap(), 100);
}

#[test]
fn values_out_of_range_are_refused() {
    let world = World::new(1);
    let a = world.host("a");
    let socket = stream(&a);
    for bad in [
        SocketOption::TimeToLive(0),
        SocketOption::TimeToLive(256),
        SocketOption::KeepaliveIdle(Duration::ZERO),
        SocketOption::KeepaliveInterval(Duration::from_secs(40_000)),
        SocketOption::KeepaliveRetries(0),
        SocketOption::MulticastTtlV4(256),
    ] {
        assert_eq!(errno(socket.set_option(bad)), EINVAL, "{bad:?}");
    }
    assert_eq!(errno(socket.set_option(SocketOption::OnlyV6(true))), 92, "ENOPROTOOPT");
    assert_eq!(errno(datagram(&a).set_option(SocketOption::NoDelay(true))), 95, "EOPNOTSUPP");
    let v6 = a.socket(Family::V6, Kind::Stream).unwrap();
    v6.bind(address("[::1]:0")).unwrap();
    assert_eq!(errno(v6.set_option(SocketOption::OnlyV6(true))), EINVAL, "too late");
}

#[test]
fn keepalive_finds_a_dead_path() {
    let pair = pair();
    let Pair { world, a, b, client, .. } = &pair;
    client.set_option(SocketOption::KeepaliveIdle(Duration::from_secs(10))).unwrap();
    client.set_option(SocketOption::KeepaliveInterval(Duration::from_secs(5))).unwrap();
    client.set_option(SocketOption::KeepaliveRetries(3)).unwrap();
    client.set_option(SocketOption::Keepalive(true)).unwrap();
    while world.advance(Some(Duration::from_secs(1000))) {}
    assert_eq!(errno(receive(client, 1)), EAGAIN, "answered");
    world.partition(a, b);
    while world.advance(Some(Duration::from_secs(1012))) {}
    assert_eq!(errno(receive(client, 1)), EAGAIN, "not given up yet");
    while world.advance(Some(Duration::from_secs(1040))) {}
    assert_eq!(errno(receive(client, 1)), ETIMEDOUT);
}

#[test]
fn keepalive_times_that_are_set_last_count_at_once() {
    let pair = pair();
    let Pair { world, a, b, client, .. } = &pair;
    // It would wait for two hours now.
    client.set_option(SocketOption::Keepalive(true)).unwrap();
    client.set_option(SocketOption::KeepaliveIdle(Duration::from_secs(10))).unwrap();
    client.set_option(SocketOption::KeepaliveInterval(Duration::from_secs(5))).unwrap();
    client.set_option(SocketOption::KeepaliveRetries(3)).unwrap();
    world.partition(a, b);
    while world.advance(Some(Duration::from_secs(20))) {}
    assert_eq!(errno(receive(client, 1)), EAGAIN, "not given up yet");
    while world.advance(Some(Duration::from_secs(30))) {}
    assert_eq!(errno(receive(client, 1)), ETIMEDOUT);
}

#[test]
fn keepalive_goes_on_if_the_reset_that_answers_it_is_lost() {
    let Pair { world, client, server, .. } = pair();
    client.set_option(SocketOption::KeepaliveIdle(Duration::from_secs(10))).unwrap();
    client.set_option(SocketOption::KeepaliveInterval(Duration::from_secs(5))).unwrap();
    client.set_option(SocketOption::Keepalive(true)).unwrap();
    let is_reset = |packet: &Packet<'_>| packet.kind() == PacketKind::Reset;
    let losing =
        world.rule(move |packet| if is_reset(packet) { Verdict::Drop } else { Verdict::Pass });
    server.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop(server);
    while world.advance(Some(Duration::from_secs(12))) {}
    assert_eq!(errno(receive(&client, 1)), EAGAIN, "both resets were lost");
    drop(losing);
    while world.advance(Some(Duration::from_secs(60))) {}
    assert_eq!(errno(receive(&client, 1)), ECONNRESET);
}

#[test]
fn a_linger_is_whole_seconds_rounded_up() {
    let world = World::new(1);
    let socket = stream(&world.host("a"));
    let longest = Duration::from_secs(i32::MAX as u64);
    for (asked, kept) in [
        (Duration::ZERO, Duration::ZERO),
        (Duration::from_nanos(1), Duration::from_secs(1)),
        (Duration::from_millis(999), Duration::from_secs(1)),
        (Duration::from_millis(2001), Duration::from_secs(3)),
        (longest, longest),
    ] {
        socket.set_option(SocketOption::Linger(Some(asked))).unwrap();
        assert_eq!(socket.options().linger, Some(kept), "{asked:?}");
    }
    for long in [longest + Duration::from_nanos(1), Duration::MAX] {
        assert_eq!(errno(socket.set_option(SocketOption::Linger(Some(long)))), EINVAL);
        assert_eq!(socket.options().linger, Some(longest), "it stays as it was");
    }
    socket.set_option(SocketOption::Linger(None)).unwrap();
    assert_eq!(socket.options().linger, None);
}

/// As on Linux: -1 in the call of the system.
#[test]
fn the_largest_number_of_hops_stands_for_the_default() {
    let world = World::new(1);
    let a = world.host("a");
    let (v4, v6) = (datagram(&a), a.socket(Family::V6, Kind::Datagram).unwrap());
    for option in [SocketOption::TimeToLive(9), SocketOption::TimeToLive(u32::MAX)] {
        v4.set_option(option).unwrap();
        v6.set_option(option).unwrap();
    }
    assert_eq!((v4.options().ttl, v6.options().ttl), (64, 64));
    v4.set_option(SocketOption::MulticastTtlV4(9)).unwrap();
    v4.set_option(SocketOption::MulticastTtlV4(u32::MAX)).unwrap();
    assert_eq!(v4.options().multicast_ttl_v4, 1);
    v6.set_option(SocketOption::MulticastHopsV6(9)).unwrap();
    v6.set_option(SocketOption::MulticastHopsV6(u32::MAX)).unwrap();
    assert_eq!(v6.options().multicast_hops_v6, 1);
    v6.set_option(SocketOption::TimeToLive(0)).unwrap();
    assert_eq!(errno(v4.set_option(SocketOption::TimeToLive(0))), EINVAL);
    assert_eq!(errno(v6.set_option(SocketOption::TimeToLive(u32::MAX - 1))), EINVAL);
}
