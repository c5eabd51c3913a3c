//! Ctrl-C: a graceful end, and an immediate one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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
    assert!(ended.stderr.contains("still open"), "{}", ended.stderr);
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
