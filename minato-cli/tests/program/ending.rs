//! Ctrl-C: a graceful end, and an immediate one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::process::Server;

fn connected_to(server: &Server) -> TcpStream {
    let mut client = TcpStream::connect(server.address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    exchange(&mut client);
    client
}

fn exchange(client: &mut TcpStream) {
    client.write_all(b"ahoy").unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ahoy");
}

#[test]
fn an_idle_server_ends_at_ctrl_c() {
    let echo = Server::start(&["echo", "127.0.0.1:0"]);
    let target = echo.address.to_string();
    let proxy = Server::start(&["proxy", "127.0.0.1:0", &target]);
    for server in [proxy, echo] {
        let address = server.address;
        server.interrupt();
        let ended = server.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(TcpListener::bind(address).is_ok(), "the port is still taken");
    }
}

#[test]
fn open_connections_are_served_to_their_end() {
    let mut server = Server::start(&["echo", "127.0.0.1:0", "--grace", "60"]);
    let mut client = connected_to(&server);
    server.interrupt();
    assert!(server.complaint().starts_with("stopping"));

    assert!(TcpStream::connect(server.address).is_err(), "a new connection was accepted");
    exchange(&mut client);
    drop(client);
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn connections_that_outstay_their_grace_are_cut() {
    let server = Server::start(&["echo", "127.0.0.1:0", "--grace", "0.1"]);
    let mut client = connected_to(&server);
    server.interrupt();
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("not everything"), "{}", ended.stderr);
    // Closed or reset, as the system likes.
    assert!(matches!(client.read(&mut [0; 4]), Ok(0) | Err(_)));
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    let mut server = Server::start(&["echo", "127.0.0.1:0", "--grace", "3600"]);
    let _client = connected_to(&server);
    server.interrupt();
    assert!(server.complaint().starts_with("stopping"));
    server.interrupt();
    assert_eq!(server.end().code, Some(130));
}

fn datagram_socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

/// They stand in the socket's queue when the program learns of Ctrl-C.
#[test]
fn datagrams_that_have_arrived_are_answered() {
    let server = Server::start(&["echo", "127.0.0.1:0", "--grace", "60"]);
    let client = datagram_socket();
    server.signal("-STOP");
    const COUNT: u8 = 100;
    for number in 0..COUNT {
        client.send_to(&[number], server.address).unwrap();
    }
    server.interrupt();
    server.signal("-CONT");
    let mut answer = [0; 8];
    for number in 0..COUNT {
        assert_eq!(client.recv(&mut answer).unwrap(), 1);
        assert_eq!(answer[0], number);
    }
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn an_answer_that_is_due_is_relayed_before_the_end() {
    let target = datagram_socket();
    let address = target.local_addr().unwrap().to_string();
    let mut proxy = Server::start(&["proxy", "127.0.0.1:0", &address, "--grace", "60"]);
    let client = datagram_socket();
    let mut buffer = [0; 64];
    // One that has its answer is not waited for.
    let answered = datagram_socket();
    answered.send_to(b"first", proxy.address).unwrap();
    let (_, from) = target.recv_from(&mut buffer).unwrap();
    target.send_to(b"answer", from).unwrap();
    answered.recv(&mut buffer).unwrap();

    client.send_to(b"question", proxy.address).unwrap();
    let (len, from) = target.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"question");
    proxy.interrupt();
    assert!(proxy.complaint().starts_with("stopping"));
    target.send_to(b"late answer", from).unwrap();
    let len = client.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"late answer");
    let ended = proxy.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn an_answer_that_never_comes_is_waited_for_as_long_as_the_grace() {
    let target = datagram_socket();
    let address = target.local_addr().unwrap().to_string();
    for (grace, second, code) in [("0.2", false, 0), ("3600", true, 130)] {
        let mut proxy = Server::start(&["proxy", "127.0.0.1:0", &address, "--grace", grace]);
        datagram_socket().send_to(b"question", proxy.address).unwrap();
        target.recv(&mut [0; 64]).unwrap();
        proxy.interrupt();
        assert!(proxy.complaint().starts_with("stopping"));
        if second {
            proxy.interrupt();
        }
        let ended = proxy.end();
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(ended.stderr.contains("not everything"), !second, "{ended:?}");
    }
}
