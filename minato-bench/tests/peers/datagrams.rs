//! Servers of datagrams.

use std::io::{ErrorKind, IoSlice};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use minato_bench::peer::QUESTION;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use crate::kit::{LIMIT, RAW, Server, all, message, peer};

fn udp_client(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.address).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

/// Receives; a process that was stopped and continued is interrupted where it waits with a limit.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> usize {
    loop {
        match socket.recv(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            received => return received.unwrap(),
        }
    }
}

#[test]
fn datagrams_come_back() {
    for peer in all() {
        let mut ways = vec![&["udp-echo"][..]];
        if peer.batch {
            ways.push(&["udp-echo", "--batch"]);
        } else {
            peer.lacks(&["udp-echo", "--batch"]);
        }
        for way in ways {
            let server = peer.serve(way);
            let client = udp_client(&server);
            for size in [1, 64, 1200, 64] {
                client.send(&message(size)).unwrap();
                let mut answer = [0; 2000];
                let len = receive(&client, &mut answer);
                assert!(answer[..len] == message(size), "{}: {len} of {size}", server.name);
            }
            assert_eq!(server.end(), "");
        }
    }
}

#[test]
fn datagrams_are_counted() {
    for peer in all() {
        let mut ways = vec![&["udp-sink"][..]];
        if peer.batch {
            ways.push(&["udp-sink", "--batch"]);
        }
        for way in ways {
            let server = peer.serve(way);
            let client = udp_client(&server);
            for _ in 0..20 {
                client.send(&message(64)).unwrap();
            }
            // On loopback a datagram is in the receiver's queue when `send` returns.
            wait_until_counted(&server);
            let told = server.end();
            assert_eq!(told, "received 20\n", "{}", peer.program);
        }
    }
}

#[test]
fn a_sink_tells_its_count_to_who_asks() {
    for peer in all().into_iter().chain([peer(RAW, "epoll", false, true)]) {
        let mut ways = vec![&["udp-sink"][..]];
        if peer.batch {
            ways.push(&["udp-sink", "--batch"]);
        }
        for way in ways {
            let server = peer.serve(way);
            let (client, other) = (udp_client(&server), udp_client(&server));
            for sent in [5_u64, 20] {
                for _ in 0..5 {
                    client.send(&message(64)).unwrap();
                }
                assert_eq!(ask_for_count(&client), sent, "{} {way:?}", server.name);
                for _ in 0..10 {
                    other.send(&message(1200)).unwrap();
                }
            }
            assert_eq!(ask_for_count(&other), 30, "{} {way:?}", server.name);
            assert_eq!(server.end(), "received 30\n");
        }
    }
}

/// The sink takes the datagrams in the order in which they came, so the count is that of before.
fn ask_for_count(socket: &UdpSocket) -> u64 {
    socket.send(&QUESTION).unwrap();
    let mut answer = [0; 8];
    assert_eq!(receive(socket, &mut answer), 8);
    u64::from_le_bytes(answer)
}

/// A bulk receive gives the question and what came before it as one message.
#[test]
fn a_question_that_is_joined_to_datagrams_is_found() {
    for peer in all().into_iter().chain([peer(RAW, "epoll", false, true)]) {
        if !peer.batch {
            continue;
        }
        let server = peer.serve(&["udp-sink", "--batch"]);
        let client = udp_client(&server);
        let segments = [ControlMessage::UdpGsoSegments(&64)];
        let joined = [message(64).as_slice(), &message(64), &QUESTION].concat();
        let parts = [IoSlice::new(&joined)];
        let (flags, to) = (MsgFlags::empty(), None::<&()>);
        sendmsg(client.as_raw_fd(), &parts, &segments, flags, to).unwrap();
        let mut answer = [0; 8];
        assert_eq!(receive(&client, &mut answer), 8);
        assert_eq!(u64::from_le_bytes(answer), 2, "{}", server.name);
        server.end();
    }
}

/// Until the server has taken every datagram from its socket and all its threads sleep again, which
/// they do only after counting.
fn wait_until_counted(server: &Server) {
    for _ in 0..3000 {
        if is_drained(server.address.port()) && sleeps(server.child.id()) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{}: datagrams stay in the queue", server.name);
}

/// Whether nothing is in the receive queue of the UDP socket at `port`.
fn is_drained(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/udp").unwrap();
    let local = format!(":{port:04X} 00000000:0000 ");
    // The system leaves lines out if other sockets come or go while it writes the list.
    let line = sockets.lines().find(|line| line.contains(&local));
    line.is_some_and(|line| line.contains(" 07 00000000:00000000 "))
}

/// Whether every thread of the process is in state S.
fn sleeps(process: u32) -> bool {
    std::fs::read_dir(format!("/proc/{process}/task")).unwrap().all(|thread| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
    })
}
