//! Who may bind what.

use super::common::*;
use minato_sim::{Family, Kind, SocketOption, World};
use std::net::Shutdown;
use std::time::Duration;

#[test]
fn an_address_is_taken_once() {
    let world = World::new(1);
    let a = world.host("a");
    let _listener = listener(&a, 7000, 1);
    let second = stream(&a);
    assert_eq!(errno(second.bind(address("127.0.0.1:7000"))), EADDRINUSE);
    second.set_option(SocketOption::ReuseAddress(true)).unwrap();
    assert_eq!(errno(second.bind(address("127.0.0.1:7000"))), EADDRINUSE, "somebody listens");
    bound(&a, 7000);
    listener(&world.host("b"), 7000, 1);
}

#[test]
fn different_addresses_share_a_port() {
    let world = World::new(1);
    let a = world.host("a");
    let (one, two) = (stream(&a), stream(&a));
    one.bind(address("127.0.0.1:7000")).unwrap();
    two.bind((a.ip(), 7000).into()).unwrap();
    let v6 = a.socket(Family::V6, Kind::Stream).unwrap();
    assert_eq!(errno(v6.bind(address("[::]:7000"))), EADDRINUSE, "it would take IPv4 too");
    v6.set_option(SocketOption::OnlyV6(true)).unwrap();
    v6.bind(address("[::]:7000")).unwrap();
}

#[test]
fn bad_addresses() {
    let world = World::new(1);
    let a = world.host("a");
    let socket = stream(&a);
    assert_eq!(errno(socket.bind(address("10.0.0.2:7000"))), EADDRNOTAVAIL);
    assert_eq!(errno(socket.bind(address("0.0.0.0:80"))), EACCES);
    assert_eq!(errno(socket.bind(address("[::]:7000"))), EAFNOSUPPORT);
    socket.bind(address("0.0.0.0:0")).unwrap();
    assert_eq!(errno(socket.bind(address("0.0.0.0:0"))), EINVAL, "once is enough");
    let open = World::builder().privileged_ports(true).build();
    stream(&open.host("a")).bind(address("0.0.0.0:80")).unwrap();
}

#[test]
fn free_ports_are_distinct_and_run_out() {
    let world = World::new(1);
    let a = world.host("a");
    let sockets: Vec<_> = (32_768..=60_999)
        .map(|expected| {
            let socket = datagram(&a);
            socket.bind(address("0.0.0.0:0")).unwrap();
            assert_eq!(socket.local_addr().unwrap().port(), expected);
            socket
        })
        .collect();
    assert_eq!(errno(datagram(&a).bind(address("0.0.0.0:0"))), EADDRINUSE);
    assert_eq!(errno(datagram(&a).send_to(b"x", address("127.0.0.1:9"))), EADDRNOTAVAIL);
    drop(sockets);
    datagram(&a).bind(address("0.0.0.0:0")).unwrap();
}

#[test]
fn the_port_of_a_connection_that_was_closed_here_first_waits_a_minute() {
    let Pair { world, b, client, server, listener, .. } = pair();
    drop(listener);
    server.shutdown(Shutdown::Write).unwrap();
    settle(&world);
    drop(client);
    settle(&world);
    let try_bind = |reuse| {
        let socket = stream(&b);
        socket.set_option(SocketOption::ReuseAddress(reuse)).unwrap();
        errno(socket.bind(address("0.0.0.0:7000")))
    };
    assert_eq!(try_bind(false), EADDRINUSE, "the connection is still there");
    drop(server);
    assert_eq!(try_bind(false), EADDRINUSE, "and leaves its port in the waiting state");
    while world.advance(Some(world.now() + Duration::from_secs(61))) {}
    assert_eq!(try_bind(false), 0);
}

#[test]
fn a_restarted_server_with_reuse_address_gets_its_port_at_once() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let start = || {
        let socket = stream(&b);
        socket.set_option(SocketOption::ReuseAddress(true)).unwrap();
        socket.bind(address("0.0.0.0:7000")).and_then(|()| socket.listen(8)).map(|()| socket)
    };
    let listener = start().unwrap();
    let client = connecting(&a, &b, 7000);
    settle(&world);
    let (server, _) = listener.accept().unwrap();
    assert_eq!(errno(start()), EADDRINUSE);
    drop((server, listener));
    settle(&world);
    start().unwrap();
    drop(client);
}

#[test]
fn a_reset_leaves_no_port_behind() {
    let Pair { world, b, client, server, listener, .. } = pair();
    drop(listener);
    server.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop((client, server));
    settle(&world);
    stream(&b).bind(address("0.0.0.0:7000")).unwrap();
}
