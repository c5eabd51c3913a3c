//! Sockets of std and socket2 on a simulated host, and simulated sockets that visit std.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::time::Duration;

use minato::engine::Engine;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use minato::reactor::Reactor;
use minato::runtime::Builder;
use minato::sim::{Simulation, World};
use socket2::{Domain, SockRef, Socket, Type};

use crate::kit::{At, cases, net};

cases! {
    a_visit_to_std_loses_no_byte_and_no_option [];
    a_listener_visits_std_with_connections_that_wait [];
    a_waiter_is_woken_after_a_visit_to_std [];
    what_std_closes_is_closed [];
    a_duplicate_keeps_the_socket_open [];
    options_set_on_a_socket_of_std_are_taken_over [];
    a_socket_that_is_bound_can_still_connect [];
    a_port_that_is_taken_is_an_error [World];
    an_address_of_another_machine_is_an_error [World];
    what_cannot_be_simulated_is_an_error [World];
}

async fn a_visit_to_std_loses_no_byte_and_no_option(at: At) {
    let (mut client, mut server) = net::pair().await;
    server.set_nodelay(true).unwrap();
    client.write_all(b"early ").await.unwrap();
    at.deliver().await;
    let addresses = (server.local_addr().unwrap(), server.peer_addr().unwrap());
    let std = server.into_std().unwrap();
    assert!(std.nodelay().unwrap(), "what was set before is seen in std");
    std.set_ttl(7).unwrap();
    SockRef::from(&std).set_keepalive(true).unwrap();
    client.write_all(b"late").await.unwrap();
    at.deliver().await;
    server = TcpStream::from_std(std).unwrap();
    assert_eq!((server.local_addr().unwrap(), server.peer_addr().unwrap()), addresses);
    assert!(server.nodelay().unwrap());
    assert_eq!(server.ttl().unwrap(), 7);
    assert!(SockRef::from(&server).keepalive().unwrap_or(true));
    assert_eq!(net::read_all(&mut server, 10).await, b"early late");
    server.write_all(b"answer").await.unwrap();
    assert_eq!(net::read_all(&mut client, 6).await, b"answer");
}

async fn a_listener_visits_std_with_connections_that_wait(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let waiting = TcpStream::connect(address).await.unwrap();
    at.deliver().await;
    let listener = TcpListener::from_std(listener.into_std().unwrap()).unwrap();
    let (_, from) = listener.accept().await.unwrap();
    assert_eq!(from, waiting.local_addr().unwrap());
    drop(net::pair_with(&listener).await);
}

async fn a_waiter_is_woken_after_a_visit_to_std(at: At) {
    let (mut client, mut server) = net::pair().await;
    for round in 0..3_u8 {
        let mut back = TcpStream::from_std(server.into_std().unwrap()).unwrap();
        let reading = at.beside(async move {
            let byte = net::read_all(&mut back, 1).await[0];
            (back, byte)
        });
        at.deliver().await;
        client.write_all(&[round]).await.unwrap();
        let byte;
        (server, byte) = reading.await;
        assert_eq!(byte, round);
    }
}

async fn what_std_closes_is_closed(at: At) {
    let (mut client, server) = net::pair().await;
    let std = server.into_std().unwrap();
    at.deliver().await;
    drop(std);
    assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 0);
}

async fn a_duplicate_keeps_the_socket_open(at: At) {
    let (mut client, server) = net::pair().await;
    let std = server.into_std().unwrap();
    let duplicate = std.try_clone().unwrap();
    drop(std);
    at.deliver().await;
    let mut server = TcpStream::from_std(duplicate).unwrap();
    client.write_all(b"still").await.unwrap();
    assert_eq!(net::read_all(&mut server, 5).await, b"still");
}

async fn options_set_on_a_socket_of_std_are_taken_over(at: At) {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None).unwrap();
    socket.set_only_v6(true).unwrap();
    socket.set_tcp_nodelay(true).unwrap();
    socket.set_linger(Some(Duration::from_secs(3))).unwrap();
    socket.set_recv_buffer_size(9_000).unwrap();
    let loopback: std::net::SocketAddr = "[::1]:0".parse().unwrap();
    socket.bind(&loopback.into()).unwrap();
    socket.listen(8).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let listener = TcpListener::from_std(socket.into()).unwrap();
    assert_eq!(listener.local_addr().unwrap(), address);
    let (client, server) = net::pair_with(&listener).await;
    assert_eq!(client.peer_addr().unwrap(), address);
    // An accepted connection has what the listener had.
    assert!(server.nodelay().unwrap());
    assert_eq!(server.linger().unwrap(), Some(Duration::from_secs(3)));
    if at.place.is_simulated() {
        assert_eq!(server.recv_buffer_size().unwrap(), 9_000);
    }
}

async fn a_socket_that_is_bound_can_still_connect(_: At) {
    let listener = net::listener().await;
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    let loopback: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&loopback.into()).unwrap();
    let own = socket.local_addr().unwrap().as_socket().unwrap();
    let socket = TcpSocket::from_std_stream(socket.into());
    let address = listener.local_addr().unwrap();
    let connecting = socket.connect(address);
    let (client, accepted) = futures::join!(connecting, listener.accept());
    assert_eq!(client.unwrap().local_addr().unwrap(), own);
    assert_eq!(accepted.unwrap().1, own);
}

async fn a_port_that_is_taken_is_an_error(_: At) {
    let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = TcpListener::bind(std.local_addr().unwrap()).await.unwrap();
    let error = TcpListener::from_std(std).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(taken);
}

async fn an_address_of_another_machine_is_an_error(at: At) {
    let elsewhere = at.world.host("elsewhere");
    let other = Builder::new_current_thread().engine(Engine::sim(elsewhere)).build().unwrap();
    let std = net::listener().await.into_std().unwrap();
    let error = other.block_on(async { TcpListener::from_std(std) }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("elsewhere"), "{error}");
}

async fn what_cannot_be_simulated_is_an_error(_: At) {
    // Connected by the system.
    let real = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = std::net::TcpStream::connect(real.local_addr().unwrap()).unwrap();
    let error = TcpStream::from_std(connected).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("outside of the world"), "{error}");
    let (unix, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_eq!(UnixStream::from_std(unix).unwrap_err().kind(), ErrorKind::Unsupported);
    // Bound to a file of the machine.
    let directory = tempfile::tempdir().unwrap();
    let unix = std::os::unix::net::UnixDatagram::bind(directory.path().join("file")).unwrap();
    let error = UnixDatagram::from_std(unix).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("path of the machine"), "{error}");
    // One that is not bound is as good as a simulated one, and so is one that comes back.
    let unix = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let unix = UnixDatagram::from_std(unix).unwrap();
    let target = UnixDatagram::bind("/run/target").unwrap();
    let unix = UnixDatagram::from_std(unix.into_std().unwrap()).unwrap();
    unix.send_to(b"ahoy", "/run/target").await.unwrap();
    assert_eq!(target.recv(&mut [0; 8]).await.unwrap(), 4);
    // Of the wrong kind, and no socket at all.
    let error = UdpSocket::from_std(OwnedFd::from(real).into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = UdpSocket::from_std(OwnedFd::from(file).into()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
}

#[test]
fn outside_of_the_world_a_deputy_is_no_socket() {
    let world = World::new(1);
    let reactor = Reactor::with_engine(Engine::sim(world.host("alone"))).unwrap();
    let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::from_std_on(reactor.handle(), std).unwrap();
    let std = listener.into_std().unwrap();
    let error = TcpListener::from_std(std).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("simulated"), "{error}");
}

#[test]
fn the_end_of_a_host_closes_what_is_in_std() {
    let world = World::new(1);
    let runtime =
        Builder::new_current_thread().engine(Engine::sim(world.host("alone"))).build().unwrap();
    let std = runtime.block_on(async { net::listener().await.into_std().unwrap() });
    assert_eq!(world.open_sockets(), 1);
    drop(runtime);
    assert_eq!(world.open_sockets(), 0);
    drop(std);
}

/// Two hosts that have one port each, which on the machine only one of them could bind.
#[test]
fn hosts_take_sockets_of_std_without_a_port_of_the_machine() {
    let mut simulation = Simulation::new(3);
    let mut clients = Vec::new();
    for name in ["one", "two"] {
        let served = simulation.spawn(name, async {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            let std: std::net::TcpListener = socket.into();
            let listener = TcpSocket::from_std_stream(OwnedFd::from(std).into());
            listener.bind("0.0.0.0:80".parse().unwrap())?;
            let (mut stream, _) = listener.listen(1)?.accept().await?;
            stream.write_all(b"served").await
        });
        drop(served.unwrap());
        let client = simulation.spawn("client", async move {
            let std = TcpStream::connect((name, 80)).await?.into_std()?;
            let mut answer = Vec::new();
            TcpStream::from_std(std)?.read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        });
        clients.push(client.unwrap());
    }
    for client in clients {
        assert_eq!(simulation.block_on(client).unwrap().unwrap(), b"served");
    }
    simulation.run_for(Duration::from_secs(200)).unwrap();
    assert_eq!(simulation.world().open_sockets(), 0);
}
