//! Connections that end by a reset.

use super::common::*;
use minato_sim::{Readiness, SocketOption, World};
use std::net::Shutdown;
use std::time::Duration;

const RESET: [Readiness; 5] = [
    Readiness::READABLE,
    Readiness::WRITABLE,
    Readiness::READ_CLOSED,
    Readiness::WRITE_CLOSED,
    Readiness::ERROR,
];

fn all(bits: &[Readiness]) -> Readiness {
    bits.iter().fold(Readiness::EMPTY, |all, bit| all | *bit)
}

#[test]
fn closing_with_unread_bytes_resets() {
    let Pair { world, a, client, server, .. } = pair();
    client.register(1).unwrap();
    events(&a);
    client.send(b"unread").unwrap();
    settle(&world);
    drop(server);
    settle(&world);
    assert_eq!(events(&a), [(1, all(&RESET))]);
    assert_eq!(errno(receive(&client, 64)), ECONNRESET);
    assert_eq!(receive(&client, 64).unwrap(), b"", "the error is told once");
    assert_eq!(errno(client.send(b"x")), EPIPE);
    assert_eq!(errno(client.peer_addr()), ENOTCONN);
    assert_eq!(errno(client.shutdown(Shutdown::Write)), ENOTCONN);
}

#[test]
fn a_zero_linger_resets() {
    let Pair { world, client, server, .. } = pair();
    server.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    server.send(b"gone").unwrap();
    drop(server);
    settle(&world);
    assert_eq!(errno(client.send(b"x")), ECONNRESET, "a send also takes the error");
    assert_eq!(errno(client.send(b"x")), EPIPE);
}

#[test]
fn bytes_that_arrived_before_a_reset_can_be_read() {
    let Pair { world, client, server, .. } = pair();
    server.send(b"arrived").unwrap();
    settle(&world);
    server.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop(server);
    settle(&world);
    assert_eq!(receive(&client, 64).unwrap(), b"arrived");
    assert_eq!(errno(receive(&client, 64)), ECONNRESET);
}

#[test]
fn sending_to_a_closed_peer_fails_the_second_time() {
    let Pair { world, client, server, .. } = pair();
    drop(server);
    settle(&world);
    assert_eq!(receive(&client, 64).unwrap(), b"");
    assert_eq!(client.send(b"into the void").unwrap(), 13);
    settle(&world);
    assert!(client.readiness().contains(Readiness::ERROR | Readiness::WRITE_CLOSED));
    assert_eq!(errno(client.send(b"again")), EPIPE);
    assert_eq!(receive(&client, 64).unwrap(), b"", "the end of the stream hides the reset");
}

#[test]
fn a_close_that_crosses_bytes_resets_their_sender() {
    let Pair { world, client, server, .. } = pair();
    client.send(b"crossing").unwrap();
    drop(server);
    settle(&world);
    assert_eq!(errno(client.send(b"x")), EPIPE);
    drop(client);
    assert_eq!(world.open_connections(), 0);
}

#[test]
fn bytes_under_way_arrive_before_the_reset() {
    let Pair { world, client, server, .. } = pair();
    client.send(&[1; 1000]).unwrap();
    client.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop(client);
    settle(&world);
    assert_eq!(receive(&server, 2000).unwrap(), [1; 1000]);
    assert_eq!(errno(receive(&server, 64)), ECONNRESET);
    assert_eq!(receive(&server, 64).unwrap(), b"", "the error is told once");
}

#[test]
fn bytes_that_a_reset_sender_had_no_window_for_are_lost() {
    let Pair { world, client, server, .. } = pair_in(World::builder().receive_buffer(10).build());
    client.send(&[1; 100]).unwrap();
    settle(&world);
    client.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop(client);
    assert_eq!(receive(&server, 100).unwrap(), [1; 10]);
    settle(&world);
    assert_eq!(errno(receive(&server, 64)), ECONNRESET);
}

#[test]
fn bytes_under_way_to_a_sender_of_a_reset_vanish() {
    let Pair { world, client, server, .. } = pair();
    client.send(b"crossing the reset").unwrap();
    server.set_option(SocketOption::Linger(Some(Duration::ZERO))).unwrap();
    drop(server);
    settle(&world);
    assert_eq!(errno(receive(&client, 64)), ECONNRESET);
    drop(client);
    settle(&world);
    assert_eq!(world.open_connections(), 0);
}
