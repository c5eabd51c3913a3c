//! Who may bind what.

use super::common::*;
use minato_sim::{Family, Host, Kind, Socket, SocketOption, World};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
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
    assert_eq!(errno(socket.bind(address("[::]:7000"))), EAFNOSUPPORT);
    socket.bind(address("0.0.0.0:0")).unwrap();
    assert_eq!(errno(socket.bind(address("0.0.0.0:0"))), EINVAL, "once is enough");
}

#[test]
fn a_low_port_is_free_for_all_unless_the_world_forbids_it() {
    let world = World::new(1);
    stream(&world.host("a")).bind(address("0.0.0.0:80")).unwrap();
    let strict = World::builder().privileged_ports(false).build();
    let a = strict.host("a");
    assert_eq!(errno(stream(&a).bind(address("0.0.0.0:1023"))), EACCES);
    assert_eq!(errno(datagram(&a).bind(address("0.0.0.0:1"))), EACCES);
    stream(&a).bind(address("0.0.0.0:1024")).unwrap();
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

/// A connection to a listener on `at`, which is closed then; with `closed`, so is the connection.
fn used_port(world: &World, host: &Host, at: &str, options: &[SocketOption], closed: bool) -> Used {
    let listener = stream(host);
    for option in options {
        listener.set_option(*option).unwrap();
    }
    listener.bind(address(at)).unwrap();
    listener.listen(8).unwrap();
    let to = listener.local_addr().unwrap();
    let client = stream(host);
    let target = if to.ip().is_unspecified() { address("127.0.0.1:0").ip() } else { to.ip() };
    assert_eq!(errno(client.connect((target, to.port()).into())), EINPROGRESS);
    settle(world);
    let (server, _) = listener.accept().unwrap();
    if closed {
        drop(server);
        settle(world);
        drop(client);
        settle(world);
        return Used { port: to.port(), _open: None };
    }
    Used { port: to.port(), _open: Some((client, server)) }
}

struct Used {
    port: u16,
    _open: Option<(Socket, Socket)>,
}

#[test]
fn connections_of_ipv4_leave_the_port_to_an_ipv6_listener() {
    for closed in [false, true] {
        let world = World::new(1);
        let a = world.host("a");
        let used = used_port(&world, &a, "0.0.0.0:0", &[], closed);
        let v6 = a.socket(Family::V6, Kind::Stream).unwrap();
        v6.set_option(SocketOption::OnlyV6(true)).unwrap();
        v6.bind(address(&format!("[::]:{}", used.port))).unwrap();
        v6.listen(8).unwrap();
    }
}

#[test]
fn connections_of_one_address_leave_the_port_to_another_address() {
    for closed in [false, true] {
        let world = World::new(1);
        let a = world.host("a");
        let used = used_port(&world, &a, "127.0.0.2:0", &[], closed);
        let other = stream(&a);
        other.bind((Ipv4Addr::LOCALHOST, used.port).into()).unwrap();
        other.listen(8).unwrap();
        for ip in [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::UNSPECIFIED] {
            assert_eq!(errno(stream(&a).bind((ip, used.port).into())), EADDRINUSE, "{ip}");
        }
    }
}

#[test]
fn connections_share_their_port_by_an_option_that_both_sides_have() {
    const ADDRESS: SocketOption = SocketOption::ReuseAddress(true);
    const PORT: SocketOption = SocketOption::ReusePort(true);
    for closed in [false, true] {
        for (theirs, mine, result) in [
            (&[][..], &[][..], EADDRINUSE),
            (&[], &[ADDRESS, PORT], EADDRINUSE),
            (&[ADDRESS], &[], EADDRINUSE),
            (&[ADDRESS], &[ADDRESS], 0),
            (&[PORT], &[PORT], 0),
            (&[ADDRESS], &[PORT], EADDRINUSE),
            (&[PORT], &[ADDRESS], EADDRINUSE),
        ] {
            let world = World::new(1);
            let a = world.host("a");
            let used = used_port(&world, &a, "127.0.0.1:0", theirs, closed);
            let socket = stream(&a);
            for option in mine {
                socket.set_option(*option).unwrap();
            }
            let bound = errno(socket.bind((Ipv4Addr::LOCALHOST, used.port).into()));
            assert_eq!(bound, result, "closed: {closed}, theirs {theirs:?}, mine {mine:?}");
        }
    }
}

/// A stream on its way to a port of its own host, bound before to any address or not.
fn connecting_locally(host: &Host, bound_first: bool) -> Socket {
    let client = stream(host);
    if bound_first {
        client.bind(address("0.0.0.0:0")).unwrap();
    }
    assert_eq!(errno(client.connect(address("127.0.0.1:7000"))), EINPROGRESS);
    client
}

#[test]
fn a_client_holds_its_port_for_the_address_that_it_connects_from() {
    let world = World::new(1);
    let a = world.host("a");
    let _listener = listener(&a, 7000, 8);
    for bound_first in [false, true] {
        let client = connecting_locally(&a, bound_first);
        let port = client.local_addr().unwrap().port();
        assert_eq!(errno(stream(&a).bind((Ipv4Addr::LOCALHOST, port).into())), EADDRINUSE);
        stream(&a).bind((Ipv4Addr::new(127, 0, 0, 2), port).into()).unwrap();
    }
}

#[test]
fn a_failed_connect_leaves_the_socket_bound_as_it_was() {
    let world = World::new(1);
    let a = world.host("a");
    for bound_first in [false, true] {
        let client = connecting_locally(&a, bound_first);
        let port = client.local_addr().unwrap().port();
        settle(&world);
        assert_eq!(errno(client.connect(address("127.0.0.1:7000"))), ECONNREFUSED);
        assert_eq!(client.local_addr().unwrap().ip(), Ipv4Addr::UNSPECIFIED);
        let taken = errno(stream(&a).bind((Ipv4Addr::LOCALHOST, port).into()));
        assert_eq!(taken, if bound_first { EADDRINUSE } else { 0 });
        assert_eq!(errno(client.connect(address("127.0.0.1:7000"))), EINPROGRESS);
        assert_eq!(client.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
    }
}

#[test]
fn a_listen_beside_a_socket_that_does_not_share_any_more_fails() {
    let world = World::new(1);
    let a = world.host("a");
    let (one, two) = (stream(&a), stream(&a));
    for socket in [&one, &two] {
        socket.set_option(SocketOption::ReuseAddress(true)).unwrap();
        socket.bind(address("127.0.0.1:7000")).unwrap();
    }
    one.set_option(SocketOption::ReuseAddress(false)).unwrap();
    assert_eq!(errno(two.listen(1)), EADDRINUSE);
    one.set_option(SocketOption::ReuseAddress(true)).unwrap();
    two.listen(1).unwrap();
}

#[test]
fn the_whole_loopback_network_is_reached_from_its_first_address() {
    let world = World::new(1);
    let a = world.host("a");
    let _listener = listener(&a, 7000, 8);
    let local = |kind, to: IpAddr| {
        let socket = a.socket(SocketAddr::from((to, 0)).into(), kind).unwrap();
        drop(socket.connect((to, 7000).into()));
        socket.local_addr().unwrap().ip()
    };
    for kind in [Kind::Stream, Kind::Datagram] {
        for (to, from) in [
            (address("127.0.0.2:0").ip(), address("127.0.0.1:0").ip()),
            (address("127.1.2.3:0").ip(), address("127.0.0.1:0").ip()),
            (address("[::1]:0").ip(), address("[::1]:0").ip()),
            (a.ip(), a.ip()),
            (a.ip_v6(), a.ip_v6()),
        ] {
            assert_eq!(local(kind, to), from, "{kind:?} to {to}");
        }
    }
}

#[test]
fn a_datagram_socket_keeps_the_address_of_its_first_connect() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let socket = datagram(&a);
    socket.connect(address("127.0.0.1:9")).unwrap();
    assert_eq!(errno(socket.connect((b.ip(), 9).into())), EINVAL);
    assert_eq!(socket.local_addr().unwrap().ip(), Ipv4Addr::LOCALHOST);
}
