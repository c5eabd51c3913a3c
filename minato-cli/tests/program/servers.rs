//! The echo and the proxy, over both protocols.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::process::Server;

/// How long an answer may take before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(20);

fn exchange_stream(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let sent: Vec<u8> = (0..300_007_u32).map(|at| (at * 31 / 7) as u8).collect();
    let mut sending = stream.try_clone().unwrap();
    let bytes = sent.clone();
    let sender = std::thread::spawn(move || {
        sending.write_all(&bytes).unwrap();
        sending.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    sender.join().unwrap();
    assert_eq!(sent.len(), received.len());
    assert!(sent == received, "the bytes differ");
}

fn datagram_client(address: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn exchange_datagram(socket: &UdpSocket, sent: &[u8]) -> io::Result<()> {
    socket.send(sent)?;
    let mut buffer = [0; 70_000];
    let len = socket.recv(&mut buffer)?;
    assert_eq!(&buffer[..len], sent);
    Ok(())
}

#[test]
fn the_echo_echoes_streams_and_datagrams() {
    let server = Server::start(&["echo", "127.0.0.1:0", "--workers", "2"]);
    exchange_stream(server.address);
    let client = datagram_client(server.address);
    for datagram in [&b"ahoy"[..], b"", &[7; 40_001]] {
        exchange_datagram(&client, datagram).unwrap();
    }
}

#[test]
fn the_echo_listens_on_names_and_version_six() {
    exchange_stream(Server::start(&["echo", "localhost:0"]).address);
    // A machine without version six refuses this, and says so.
    if UdpSocket::bind("[::1]:0").is_ok() {
        exchange_stream(Server::start(&["echo", "[::1]:0"]).address);
    }
}

#[test]
fn the_proxy_relays_streams_and_datagrams() {
    let echo = Server::start(&["echo", "127.0.0.1:0"]);
    let target = echo.address.to_string();
    let proxy = Server::start(&["proxy", "127.0.0.1:0", &target]);
    exchange_stream(proxy.address);
    exchange_stream(proxy.address);

    // Each client gets its own answers, in whatever order they talk.
    let clients = [datagram_client(proxy.address), datagram_client(proxy.address)];
    for sender in [0, 1, 1, 0, 1] {
        exchange_datagram(&clients[sender], format!("client {sender}").as_bytes()).unwrap();
    }
}

#[test]
fn datagram_clients_are_bounded_and_forgotten_when_idle() {
    let echo = Server::start(&["echo", "127.0.0.1:0"]);
    let target = echo.address.to_string();
    let limits = ["--udp-clients", "1", "--idle", "1"];
    let proxy = Server::start(&[&["proxy", "127.0.0.1:0", &target][..], &limits].concat());
    let (first, second) = (datagram_client(proxy.address), datagram_client(proxy.address));
    exchange_datagram(&first, b"first").unwrap();

    // The second one is not served while the first one is known; its datagrams are dropped, and
    // from some later time on they are not.
    second.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut dropped = 0;
    while exchange_datagram(&second, b"second").is_err() {
        dropped += 1;
        assert!(dropped < 1_000, "the first client is never forgotten");
    }
    assert!(dropped > 0, "there were two clients at a time");
}

#[test]
fn a_target_that_refuses_is_named_and_others_are_served_on() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = target.local_addr().unwrap();
    drop(target);
    let mut proxy = Server::start(&["proxy", "127.0.0.1:0", &address.to_string()]);
    let mut client = TcpStream::connect(proxy.address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0, "the connection ends");
    let complaint = proxy.complaint();
    assert!(complaint.contains(&format!("cannot reach {address}")), "{complaint}");

    // Once the target is there, the same proxy reaches it.
    let target = TcpListener::bind(address).unwrap();
    let mut client = TcpStream::connect(proxy.address).unwrap();
    client.write_all(b"still there?").unwrap();
    let (mut server, _) = target.accept().unwrap();
    let mut question = [0; 12];
    server.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"still there?");
}
