//! Shutting one direction or both, and closing.

use super::common::*;
use minato_sim::{Readiness, World};
use std::net::Shutdown;

#[test]
fn a_shut_writer_still_reads() {
    let Pair { world, b, client, server, .. } = pair();
    server.register(1).unwrap();
    events(&b);
    client.send(b"request").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(errno(client.send(b"more")), EPIPE);
    settle(&world);
    let open = Readiness::READABLE | Readiness::WRITABLE | Readiness::READ_CLOSED;
    assert_eq!(events(&b), [(1, open)]);
    assert_eq!(receive(&server, 64).unwrap(), b"request");
    assert_eq!(receive(&server, 64).unwrap(), b"");
    server.send(b"reply").unwrap();
    settle(&world);
    assert_eq!(receive(&client, 64).unwrap(), b"reply");
    assert_eq!(errno(receive(&client, 64)), EAGAIN);
    server.shutdown(Shutdown::Write).unwrap();
    settle(&world);
    assert_eq!(receive(&client, 64).unwrap(), b"");
    let closed = open | Readiness::WRITE_CLOSED;
    assert_eq!((client.readiness(), server.readiness()), (closed, closed));
    assert_eq!(errno(client.peer_addr()), ENOTCONN, "the connection is over");
    assert_eq!(errno(server.shutdown(Shutdown::Both)), ENOTCONN);
}

#[test]
fn the_end_comes_after_the_bytes_even_through_a_closed_window() {
    let world = World::builder().receive_buffer(10).build();
    let Pair { world, client, server, .. } = pair_in(world);
    client.send(&[3; 95]).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut all = Vec::new();
    loop {
        settle(&world);
        let bytes = receive(&server, 7).unwrap();
        if bytes.is_empty() {
            break;
        }
        all.extend(bytes);
    }
    assert_eq!(all, [3; 95]);
}

#[test]
fn a_shut_reader_sees_the_end_after_what_it_has() {
    let Pair { world, a, client, server, .. } = pair();
    server.send(b"early").unwrap();
    settle(&world);
    client.register(1).unwrap();
    events(&a);
    client.shutdown(Shutdown::Read).unwrap();
    let read_closed = Readiness::READABLE | Readiness::WRITABLE | Readiness::READ_CLOSED;
    assert_eq!(events(&a), [(1, read_closed)]);
    assert_eq!(receive(&client, 64).unwrap(), b"early");
    assert_eq!(receive(&client, 64).unwrap(), b"");
    server.send(b"late").unwrap();
    settle(&world);
    assert_eq!(receive(&client, 64).unwrap(), b"late", "as on Linux");
    client.send(b"still").unwrap();
    settle(&world);
    assert_eq!(receive(&server, 64).unwrap(), b"still");
}

#[test]
fn a_close_delivers_what_was_queued() {
    let Pair { world, client, server, .. } = pair();
    client.send(b"last words").unwrap();
    drop(client);
    settle(&world);
    assert_eq!(receive(&server, 64).unwrap(), b"last words");
    assert_eq!(receive(&server, 64).unwrap(), b"");
}

#[test]
fn both_may_close_at_once() {
    let Pair { world, client, server, listener, .. } = pair();
    client.send(b"x").unwrap();
    drop((client, server, listener));
    settle(&world);
    assert_eq!((world.open_sockets(), world.open_connections()), (0, 0), "{}", world.netstat());
}

#[test]
fn simultaneous_shutdowns_end_both_directions() {
    let Pair { world, client, server, .. } = pair();
    client.send(b"from client").unwrap();
    server.send(b"from server").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    settle(&world);
    assert_eq!(receive(&client, 64).unwrap(), b"from server");
    assert_eq!(receive(&client, 64).unwrap(), b"");
    assert_eq!(receive(&server, 64).unwrap(), b"from client");
    assert_eq!(receive(&server, 64).unwrap(), b"");
}

/// As on Linux: nobody will read what comes, and its sender is to know.
#[test]
fn bytes_for_one_who_has_shut_both_directions_reset() {
    let Pair { world, client, server, .. } = pair();
    server.send(b"on the way").unwrap();
    client.shutdown(Shutdown::Both).unwrap();
    settle(&world);
    assert_eq!(errno(receive(&client, 64)), ECONNRESET);
    assert_eq!(errno(server.send(b"x")), EPIPE);
}

#[test]
fn shutting_a_listener_for_reading_stops_it() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    let client = connecting(&a, &b, 7000);
    settle(&world);
    listener.shutdown(Shutdown::Read).unwrap();
    settle(&world);
    assert_eq!(client.take_error().unwrap().unwrap().raw_os_error(), Some(ECONNRESET));
    assert_eq!(errno(listener.accept()), EINVAL);
    listener.listen(4).unwrap();
    let _again = connecting(&a, &b, 7000);
    settle(&world);
    listener.accept().unwrap();
}

#[test]
fn giving_up_while_connecting() {
    let world = World::new(1);
    let (a, b) = (world.host("a"), world.host("b"));
    let listener = listener(&b, 7000, 4);
    drop(connecting(&a, &b, 7000));
    let shut = connecting(&a, &b, 7000);
    shut.shutdown(Shutdown::Both).unwrap();
    settle(&world);
    assert_eq!(errno(listener.accept()), EAGAIN);
    drop((shut, listener));
    assert_eq!(world.open_connections(), 0);
}
