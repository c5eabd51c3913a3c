//! A socket that connects to its own address.

use super::common::*;
use minato_sim::{Readiness, SocketOption, World};
use std::net::Shutdown;
use std::time::Duration;

/// A connection of a socket to itself.
fn to_itself(world: &World, bind: &str) -> minato_sim::Socket {
    let socket = stream(&world.host("a"));
    socket.bind(address(bind)).unwrap();
    let port = socket.local_addr().unwrap().port();
    assert_eq!(errno(socket.connect(([127, 0, 0, 1], port).into())), EINPROGRESS);
    settle(world);
    assert!(socket.take_error().unwrap().is_none());
    socket
}

#[test]
fn a_socket_may_connect_to_itself_and_reads_what_it_writes() {
    for bind in ["127.0.0.1:0", "0.0.0.0:0", "127.0.0.1:7000"] {
        let world = World::new(1);
        let socket = to_itself(&world, bind);
        assert_eq!(socket.local_addr().unwrap(), socket.peer_addr().unwrap());
        assert_eq!(socket.readiness(), Readiness::WRITABLE);
        socket.send(b"hello").unwrap();
        settle(&world);
        assert_eq!(receive(&socket, 64).unwrap(), b"hello");
        assert_eq!(errno(receive(&socket, 64)), EAGAIN);
        socket.send(b"last").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        settle(&world);
        assert_eq!(receive(&socket, 64).unwrap(), b"last");
        assert_eq!(receive(&socket, 64).unwrap(), b"");
        assert_eq!(errno(socket.send(b"x")), EPIPE);
        assert_eq!(errno(socket.peer_addr()), ENOTCONN);
        drop(socket);
        settle(&world);
        assert_eq!((world.open_sockets(), world.open_connections()), (0, 0));
    }
}

/// The famous fault of loops that connect until somebody listens.
#[test]
fn a_client_that_tries_again_and_again_meets_itself_one_day() {
    let world = World::new(1);
    let a = world.host("a");
    let to = address("127.0.0.1:32800");
    let attempt = || {
        let client = stream(&a);
        assert_eq!(errno(client.connect(to)), EINPROGRESS);
        settle(&world);
        (client.take_error().unwrap().is_none(), client.local_addr().unwrap())
    };
    let attempts: Vec<_> = (0..40).map(|_| attempt()).collect();
    let met: Vec<_> = attempts.iter().filter(|(connected, _)| *connected).collect();
    assert_eq!(met, [&(true, to)]);
}

#[test]
fn a_window_of_ones_own_is_a_window() {
    let world = World::builder().send_buffer(100).receive_buffer(50).build();
    let socket = to_itself(&world, "127.0.0.1:0");
    assert_eq!(socket.send(&[1; 1000]).unwrap(), 100);
    settle(&world);
    assert_eq!(receive(&socket, 1000).unwrap().len(), 50);
    settle(&world);
    assert_eq!(receive(&socket, 1000).unwrap().len(), 50);
}

#[test]
fn nothing_is_left_of_one_that_is_dropped_with_bytes_under_way() {
    for linger in [None, Some(Duration::ZERO)] {
        for settled in [false, true] {
            let world = World::new(1);
            let socket = to_itself(&world, "127.0.0.1:0");
            socket.set_option(SocketOption::Keepalive(true)).unwrap();
            socket.set_option(SocketOption::Linger(linger)).unwrap();
            socket.send(b"nobody").unwrap();
            if settled {
                while world.advance(Some(Duration::from_secs(1))) {}
            }
            drop(socket);
            settle(&world);
            assert_eq!((world.open_sockets(), world.open_connections()), (0, 0));
        }
    }
}
