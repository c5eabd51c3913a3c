//! Sockets between the two APIs, with what is in flight.

use std::io::Write;

use futures::Future;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use tokio::bridge::{from_std, to_std};
use tokio::io;
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

use crate::kit::{loopback, tcp_and_std, tcp_listener, udp_pair};

#[test]
fn a_connection_goes_there_and_back_and_there() {
    let (old, mut peer) = tcp_and_std();
    let local = old.local_addr().unwrap();
    peer.write_all(b"one two three").unwrap();
    let (old, first) = io::read_exact(old, [0; 4]).wait().unwrap();
    let mut new = minato::net::TcpStream::from(old);
    let mut second = [0; 4];
    pollster::block_on(new.read_exact(&mut second)).unwrap();
    let old = TcpStream::from(new);
    assert_eq!(old.local_addr().unwrap(), local);
    let (_, third) = io::read_exact(old, [0; 5]).wait().unwrap();
    assert_eq!((&first, &second, &third), (b"one ", b"two ", b"three"));
}

#[test]
fn a_listener_keeps_its_queue() {
    let old = tcp_listener();
    let client = std::net::TcpStream::connect(old.local_addr().unwrap()).unwrap();
    let new = minato::net::TcpListener::from(old);
    let (_, from) = pollster::block_on(new.accept()).unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    let client = std::net::TcpStream::connect(new.local_addr().unwrap()).unwrap();
    let mut old = TcpListener::from(new);
    let (_, from) = futures::future::poll_fn(|| old.poll_accept()).wait().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
}

#[test]
fn datagrams_wait_for_either() {
    let (one, two) = udp_pair();
    let to = two.local_addr().unwrap();
    let (one, _) = one.send_dgram(b"one", &to).wait().unwrap();
    let new = minato::net::UdpSocket::from(two);
    let mut buf = [0; 8];
    assert_eq!(pollster::block_on(new.recv(&mut buf)).unwrap(), 3);
    one.send_dgram(b"four", &to).wait().unwrap();
    assert_eq!(UdpSocket::from(new).recv_dgram(buf).wait().unwrap().2, 4);
}

#[test]
fn unix_sockets_go_too() {
    let (one, two) = UnixStream::pair().unwrap();
    io::write_all(one, b"ahoy").wait().unwrap();
    let mut new = minato::net::UnixStream::from(two);
    let mut buf = [0; 2];
    pollster::block_on(new.read_exact(&mut buf)).unwrap();
    assert_eq!(&io::read_exact(UnixStream::from(new), [0; 2]).wait().unwrap().1, b"oy");

    let (one, two) = UnixDatagram::pair().unwrap();
    futures::future::poll_fn(|| one.poll_send(b"ahoy")).wait().unwrap();
    let new = minato::net::UnixDatagram::from(two);
    assert_eq!(UnixDatagram::from(new).recv_dgram([0; 8]).wait().unwrap().2, 4);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("harbour");
    let new = minato::net::UnixListener::from(UnixListener::bind(&path).unwrap());
    let client = UnixStream::connect(&path).wait().unwrap();
    let old = UnixListener::from(new);
    futures::future::poll_fn(|| old.poll_accept()).wait().unwrap();
    drop(client);
}

/// Code of either kind between code of the other: an old connection in new code, which gives what
/// it made of it to old code.
#[test]
fn old_within_new_within_old() {
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    let address = listener.local_addr().unwrap();
    let asking = from_std(async move {
        let old = to_std(TcpStream::connect(&address)).await?;
        let mut new = minato::net::TcpStream::from(old);
        new.write_all(b"anybody there?").await?;
        new.shutdown().await?;
        let (_, answer) = to_std(io::read_to_end(TcpStream::from(new), Vec::new())).await?;
        Ok::<_, io::Error>(answer)
    });
    let peer = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        assert_eq!(std::io::read_to_string(&mut peer).unwrap(), "anybody there?");
        peer.write_all(b"aye").unwrap();
    });
    assert_eq!(asking.map(|answer| answer.len()).wait().unwrap(), 3);
    peer.join().unwrap();
}
