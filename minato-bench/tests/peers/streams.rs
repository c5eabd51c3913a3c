//! Servers of connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::thread;

use crate::kit::{COMPIO, MINATO, Peer, RAW, TOKIO, all, ask, ask_on_several, message, peer};

/// Those with a buffer for all connections.
fn lenders() -> Vec<Peer> {
    let raw = peer(RAW, "epoll", true, true);
    let mut lenders = all();
    lenders.retain(|peer| [MINATO, TOKIO, COMPIO].contains(&peer.program));
    lenders.push(raw);
    lenders
}

#[test]
fn echo_writes_back_what_it_reads() {
    for peer in all() {
        let server = peer.serve(&["echo"]);
        ask_on_several(&server, 5, 64);
        // More than the buffer holds.
        ask_on_several(&server, 2, 100_000);
        assert_eq!(server.end(), "");
        if peer.workers {
            let server = peer.serve(&["echo", "--workers", "2"]);
            ask_on_several(&server, 8, 1000);
            server.end();
        } else {
            peer.lacks(&["echo", "--workers", "2"]);
        }
    }
}

#[test]
fn echo_with_lent_buffers() {
    for peer in lenders() {
        let server = peer.serve(&["echo-lent"]);
        ask_on_several(&server, 5, 64);
        assert_eq!(server.end(), "");
    }
    for peer in all().iter().filter(|peer| !lenders().iter().any(|one| one.program == peer.program))
    {
        peer.lacks(&["echo-lent"]);
    }
}

/// A client that does not read what comes back has the server keep what it sent.
#[test]
fn what_a_slow_client_does_not_take_is_not_lost() {
    let sent = message(20_000_000);
    for peer in lenders() {
        let server = peer.serve(&["echo-lent"]);
        let mut stream = server.connect();
        let mut writer = stream.try_clone().unwrap();
        let sending = sent.clone();
        let writing = thread::spawn(move || writer.write_all(&sending));
        // Other connections use the buffer meanwhile.
        ask_on_several(&server, 2, 64);
        let mut received = vec![0; sent.len()];
        stream.read_exact(&mut received).unwrap();
        assert!(received == sent, "{}: the echo differs from what was sent", server.name);
        writing.join().unwrap().unwrap();
        server.end();
    }
}

#[test]
fn only_minato_spins() {
    for peer in all() {
        if peer.program == MINATO {
            let server = peer.serve(&["echo", "--spin"]);
            ask_on_several(&server, 2, 64);
            server.end();
        } else {
            peer.lacks(&["echo", "--spin"]);
        }
    }
}

#[test]
fn churn_closes_after_one_echo() {
    for peer in all() {
        let server = peer.serve(&["churn"]);
        for _ in 0..20 {
            let mut stream = server.connect();
            ask(&mut stream, b"once");
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).unwrap();
            assert!(rest.is_empty(), "{}: {rest:?}", server.name);
        }
        server.end();
    }
}

#[test]
fn idle_connections_are_answered() {
    for peer in all() {
        let server = peer.serve(&["idle"]);
        let idle: Vec<_> = (0..50).map(|_| server.connect()).collect();
        ask_on_several(&server, 3, 50);
        drop(idle);
        server.end();
    }
}

#[test]
fn a_blocking_request_is_answered_after_its_time() {
    for peer in all() {
        let server = peer.serve(&["blocked", "--block-ms", "20"]);
        ask_on_several(&server, 2, 64);
        ask(&mut server.connect(), b"\xffblocks");
        server.end();
    }
}

/// Echoes each of its connections, until the process ends.
fn target() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

#[test]
fn relay_forwards_both_ways_and_half_closes() {
    let target = target().to_string();
    for peer in all() {
        let server = peer.serve(&["relay", "--target", &target]);
        ask_on_several(&server, 3, 5000);
        let mut stream = server.connect();
        let sent = message(300_000);
        let mut writer = stream.try_clone().unwrap();
        let writing = thread::spawn(move || {
            writer.write_all(&sent).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        writing.join().unwrap();
        assert!(received == message(300_000), "{}: {} bytes", server.name, received.len());
        server.end();
    }
}
