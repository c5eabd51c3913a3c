//! To and from std's types and descriptors.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};

use crate::kit::{At, cases, net};

cases! {
    a_blocking_stream_of_std_is_made_non_blocking [Descriptors];
    a_blocking_listener_of_std_is_made_non_blocking [];
    a_stream_goes_on_in_std [Descriptors];
    a_stream_comes_back_from_std [];
    a_listener_goes_on_in_std [Descriptors];
    a_duplicate_keeps_no_registration [Descriptors];
    descriptors_can_be_had_by_trait [Descriptors];
    simulated_sockets_lend_no_descriptors [World];
}

async fn a_blocking_stream_of_std_is_made_non_blocking(at: At) {
    let listener = net::listener().await;
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let mut client = TcpStream::from_std(peer).unwrap();
    at.note_result("it would block", &client.try_read(&mut [0; 4]));
    client.write_all(b"there").await.unwrap();
    assert_eq!(net::read_all(&mut server, 5).await, b"there");
    server.write_all(b"back").await.unwrap();
    assert_eq!(net::read_all(&mut client, 4).await, b"back");
}

async fn a_blocking_listener_of_std_is_made_non_blocking(at: At) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    at.note_result("it would block", &listener.try_accept().map(drop));
    let (mut client, mut server) = net::pair_with(&listener).await;
    client.write_all(b"x").await.unwrap();
    assert_eq!(net::read_all(&mut server, 1).await, b"x");
}

async fn a_stream_goes_on_in_std(_: At) {
    let (client, mut server) = net::pair().await;
    let mut client = client;
    server.write_all(b"waited for").await.unwrap();
    // So that it has been registered.
    client.readable().await.unwrap();
    net::read_all(&mut client, 10).await;
    let mut client = client.into_std().unwrap();
    let error = client.read(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "it stays non-blocking");
    client.set_nonblocking(false).unwrap();
    // On a thread of its own, since this one is going to block.
    let answering = std::thread::spawn(move || {
        pollster::block_on(async {
            let bytes = net::read_all(&mut server, 4).await;
            server.write_all(&bytes).await.unwrap();
        });
        server
    });
    client.write_all(b"echo").unwrap();
    let mut echoed = [0; 4];
    client.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"echo");
    answering.join().unwrap();
}

async fn a_stream_comes_back_from_std(at: At) {
    let (mut client, mut server) = net::pair().await;
    for round in 0..5_u8 {
        let reading = at.beside(async move {
            let byte = net::read_all(&mut client, 1).await[0];
            (client, byte)
        });
        at.deliver().await;
        server.write_all(&[round]).await.unwrap();
        let (back, byte) = reading.await;
        assert_eq!(byte, round);
        let standard = back.into_std().unwrap();
        client = TcpStream::from_std(standard).unwrap();
    }
}

async fn a_listener_goes_on_in_std(_: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    drop(net::pair_with(&listener).await);
    let listener = listener.into_std().unwrap();
    listener.set_nonblocking(false).unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    let (accepted, from) = listener.accept().unwrap();
    assert_eq!(from, accepted.peer_addr().unwrap());
    assert_eq!(client.local_addr().unwrap(), from);
}

/// A duplicate keeps the system's registration alive past the close: a socket that is made then
/// must neither get the old one's events nor lose its own.
async fn a_duplicate_keeps_no_registration(at: At) {
    for _ in 0..20 {
        let (client, server) = net::pair().await;
        let mut client = client;
        let duplicate = server.as_fd().try_clone_to_owned().unwrap();
        let waiting = at.beside(async move {
            let mut server = server;
            let mut buf = [0; 1];
            server.read_exact(&mut buf).await.unwrap();
        });
        at.deliver().await;
        client.write_all(b"x").await.unwrap();
        waiting.await;
        let mut again = TcpStream::from_std(duplicate.into()).unwrap();
        let reading = at.beside(async move { net::read_all(&mut again, 1).await });
        at.deliver().await;
        client.write_all(b"y").await.unwrap();
        assert_eq!(reading.await, b"y");
    }
}

async fn descriptors_can_be_had_by_trait(_: At) {
    let listener = net::listener().await;
    assert_eq!(listener.as_raw_fd(), listener.as_fd().as_raw_fd());
    let (client, mut server) = net::pair_with(&listener).await;
    let raw = client.as_raw_fd();
    let descriptor = OwnedFd::from(client.into_std().unwrap());
    assert_eq!(descriptor.as_raw_fd(), raw);
    let mut client = TcpStream::try_from(descriptor).unwrap();
    client.write_all(b"x").await.unwrap();
    assert_eq!(net::read_all(&mut server, 1).await, b"x");
    let listener = TcpListener::try_from(listener.into_std().unwrap()).unwrap();
    drop(net::pair_with(&listener).await);
}

async fn simulated_sockets_lend_no_descriptors(_: At) {
    let (client, _server) = net::pair().await;
    let placeholder = client.as_fd().try_clone_to_owned().unwrap();
    let socket = socket2::Socket::from(placeholder);
    assert_eq!(socket.local_addr().unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
    assert_eq!(socket.send(b"x").unwrap_err().raw_os_error(), Some(libc::ENOTSOCK));
}
