//! C21 to C40: connecting, binding and listening.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use minato::net::{TcpListener, TcpSocket, TcpStream};

use super::{conformance, say, streams::read, went};
use crate::kit::{At, net};

conformance! {
    21 nobody_listens "A port where nobody listens refuses";
    22 targets_that_are_no_host "Port 0, groups and everybody are no targets of a connect";
    23 another_family "Addresses of the other family";
    24 addresses_that_cannot_be_bound "What cannot be bound";
    25 an_address_in_use "A listener has its port for itself";
    26 shared_ports "Ports are shared if both sides say so";
    27 the_minute_after_a_close "The port of who closed first waits for a minute";
    28 who_closed_first "The port of who closed second is free";
    29 a_full_backlog "A backlog of n takes n + 1";
    30 itself "A socket can connect to itself";
    31 both_families "An IPv6 listener takes IPv4 by mapped addresses";
    32 one_family "Unless it keeps to IPv6";
    33 families_side_by_side "Listeners of both families on one port";
    34 the_unspecified_address "A connect to no address reaches this host";
    35 names_that_nobody_has "The kind of error of an unknown name";
    36 the_order_of_accepts "Connections are accepted in their order";
    37 addresses_of_both_ends "Both ends agree on their addresses";
    38 a_port_of_the_systems_choice "Port 0 is a free one, and another one each time";
    39 a_socket_without_a_connection "What a socket says before it is connected";
    40 a_listener_of_a_port_that_was_left "A port is free as its listener has gone";
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn bound(address: SocketAddr, set_up: impl Fn(&TcpSocket)) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    set_up(&socket);
    socket.bind(address)?;
    Ok(socket)
}

fn plainly(_: &TcpSocket) {}

/// A port on which nobody listens.
async fn free_port() -> u16 {
    net::listener().await.local_addr().unwrap().port()
}

async fn nobody_listens(at: At) {
    let port = free_port().await;
    went(&at, "connect", &TcpStream::connect(loopback(port)).await.map(drop));
    went(&at, "again", &TcpStream::connect(loopback(port)).await.map(drop));
    let by_v6 = TcpStream::connect(SocketAddr::new("::1".parse().unwrap(), port)).await;
    went(&at, "by IPv6", &by_v6.map(drop));
}

async fn targets_that_are_no_host(at: At) {
    for (what, address) in [("port 0", "127.0.0.1:0"), ("a group", "224.0.0.1:9")] {
        let address: SocketAddr = address.parse().unwrap();
        went(&at, what, &TcpSocket::new_v4().unwrap().connect(address).await.map(drop));
    }
}

async fn another_family(at: At) {
    let port = free_port().await;
    let v6 = SocketAddr::new("::1".parse().unwrap(), port);
    let mapped = SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), port);
    let v4 = || TcpSocket::new_v4().unwrap();
    went(&at, "an IPv4 socket to IPv6", &v4().connect(v6).await.map(drop));
    went(&at, "bound to IPv6", &v4().bind(v6));
    let socket = TcpSocket::new_v6().unwrap();
    went(&at, "an IPv6 socket bound to IPv4", &socket.bind(loopback(port)));
    went(&at, "to a mapped address", &socket.connect(mapped).await.map(drop));
    let strict = TcpSocket::new_v6().unwrap();
    strict.set_only_v6(true).unwrap();
    went(&at, "one that keeps to IPv6", &strict.connect(mapped).await.map(drop));
}

async fn addresses_that_cannot_be_bound(at: At) {
    let elsewhere = "192.0.2.1:0".parse().unwrap();
    went(&at, "an address of others", &bound(elsewhere, plainly).map(drop));
    let socket = bound(loopback(0), plainly).unwrap();
    went(&at, "twice", &socket.bind(loopback(0)));
    let group = "224.0.0.1:0".parse().unwrap();
    let socket = bound(group, plainly).unwrap();
    say(&at, "a group", socket.local_addr().unwrap().ip());
    let listener = net::listener().await;
    let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    say(&at, "which connects from", stream.local_addr().unwrap().ip());
    let everybody = "255.255.255.255:0".parse().unwrap();
    say(&at, "everybody", bound(everybody, plainly).and_then(|it| it.local_addr()).unwrap().ip());
    let (client, _server) = net::pair().await;
    let mine = client.local_addr().unwrap();
    went(&at, "the port of a connection", &bound(mine, plainly).map(drop));
}

async fn an_address_in_use(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    went(&at, "bound plainly", &bound(address, plainly).map(drop));
    let reusing = |socket: &TcpSocket| socket.set_reuseaddr(true).unwrap();
    went(&at, "with reuse of the address", &bound(address, reusing).map(drop));
    let any = SocketAddr::from(([0, 0, 0, 0], address.port()));
    went(&at, "on all addresses", &bound(any, plainly).map(drop));
    let other = SocketAddr::from(([127, 0, 0, 2], address.port()));
    went(&at, "on another address", &bound(other, plainly).map(drop));
    went(&at, "as a listener", &TcpListener::bind(address).await.map(drop));
}

async fn shared_ports(at: At) {
    let sharing = |socket: &TcpSocket| socket.set_reuseport(true).unwrap();
    let one = bound(loopback(0), sharing).unwrap();
    let address = one.local_addr().unwrap();
    let one = one.listen(8).unwrap();
    went(&at, "who does not share", &bound(address, plainly).map(drop));
    let two = bound(address, sharing).unwrap().listen(8);
    say(&at, "who shares listens", two.is_ok());
    let reusing = |socket: &TcpSocket| socket.set_reuseaddr(true).unwrap();
    went(&at, "who only reuses", &bound(address, reusing).map(drop));
    let _client = TcpStream::connect(address).await.unwrap();
    at.deliver().await;
    let accepted = |listener: &TcpListener| usize::from(listener.try_accept().is_ok());
    say(&at, "one of them accepts", accepted(&one) + accepted(&two.unwrap()));
    // Bound, and not yet listening.
    let first = bound(loopback(0), reusing).unwrap();
    let address = first.local_addr().unwrap();
    let second = bound(address, reusing);
    say(&at, "two that reuse are bound", second.is_ok());
    say(&at, "the first may listen", first.listen(8).is_ok());
    went(&at, "the second may not", &second.unwrap().listen(8).map(drop));
}

/// Closes a connection from its server's end first, or last; returns the address of the server.
async fn closed(at: &At, server_first: bool) -> SocketAddr {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let (client, server) = net::pair_with(&listener).await;
    drop(listener);
    let (first, second) = if server_first { (server, client) } else { (client, server) };
    drop(first);
    at.deliver().await;
    went(at, "the second sees the end", &read(&second));
    drop(second);
    at.deliver().await;
    address
}

async fn the_minute_after_a_close(at: At) {
    let address = closed(&at, true).await;
    went(&at, "bound plainly", &bound(address, plainly).map(drop));
    let reusing = |socket: &TcpSocket| socket.set_reuseaddr(true).unwrap();
    went(&at, "bound again", &bound(address, reusing).and_then(|it| it.listen(1)).map(drop));
    went(&at, "as a listener", &TcpListener::bind(address).await.map(drop));
    went(&at, "a connect is refused", &TcpStream::connect(address).await.map(drop));
}

async fn who_closed_first(at: At) {
    let address = closed(&at, false).await;
    went(&at, "bound plainly", &bound(address, plainly).map(drop));
}

async fn a_full_backlog(at: At) {
    for backlog in [0_u32, 1, 3] {
        let listener = bound(loopback(0), plainly).unwrap().listen(backlog).unwrap();
        let address = listener.local_addr().unwrap();
        let mut connected = 0;
        let mut kept = Vec::new();
        for _ in 0..backlog + 3 {
            let mut connecting = Box::pin(TcpStream::connect(address));
            for _ in 0..3 {
                if let std::task::Poll::Ready(stream) = futures::poll!(&mut connecting) {
                    stream.unwrap();
                    connected += 1;
                    break;
                }
                at.deliver().await;
            }
            kept.push(connecting);
        }
        say(&at, &format!("with a backlog of {backlog} connect"), connected);
    }
}

async fn itself(at: At) {
    let socket = bound(loopback(0), plainly).unwrap();
    let address = socket.local_addr().unwrap();
    let stream = socket.connect(address).await;
    say(&at, "it connects", stream.is_ok());
    let stream = stream.unwrap();
    say(&at, "to itself", stream.peer_addr().unwrap() == stream.local_addr().unwrap());
    went(&at, "write", &stream.try_write(b"echo"));
    at.deliver().await;
    went(&at, "read", &read(&stream));
}

async fn both_families(at: At) {
    let listener = TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = TcpStream::connect(loopback(port)).await.unwrap();
    let (server, from) = listener.accept().await.unwrap();
    let client_port = client.local_addr().unwrap().port();
    let mapped = SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), client_port);
    say(&at, "the client is mapped", from == mapped);
    say(&at, "the server is", server.local_addr().unwrap().ip());
    say(&at, "the client sees", client.peer_addr().unwrap().ip());
}

async fn one_family(at: At) {
    let strict = |socket: &TcpSocket| socket.set_only_v6(true).unwrap();
    let listener = bound("[::]:0".parse().unwrap(), strict).unwrap().listen(8).unwrap();
    let port = listener.local_addr().unwrap().port();
    went(&at, "IPv4", &TcpStream::connect(loopback(port)).await.map(drop));
    let v6 = SocketAddr::new("::1".parse().unwrap(), port);
    went(&at, "IPv6", &TcpStream::connect(v6).await.map(drop));
}

async fn families_side_by_side(at: At) {
    let v4 = bound("0.0.0.0:0".parse().unwrap(), plainly).unwrap();
    let port = v4.local_addr().unwrap().port();
    let any_v6 = SocketAddr::new("::".parse().unwrap(), port);
    went(&at, "an IPv6 socket beside it", &bound(any_v6, plainly).map(drop));
    let strict = |socket: &TcpSocket| socket.set_only_v6(true).unwrap();
    went(&at, "one that keeps to IPv6", &bound(any_v6, strict).map(drop));
    let one_v6 = SocketAddr::new("::1".parse().unwrap(), port);
    went(&at, "one on its loopback", &bound(one_v6, plainly).map(drop));
}

async fn the_unspecified_address(at: At) {
    let listener = net::listener().await;
    let port = listener.local_addr().unwrap().port();
    let client = TcpStream::connect(SocketAddr::from(([0, 0, 0, 0], port))).await;
    say(&at, "it connects to", client.and_then(|it| it.peer_addr()).map(|peer| peer.ip()).ok());
}

async fn names_that_nobody_has(at: At) {
    let error = TcpStream::connect("no-such-host.invalid:9").await.unwrap_err();
    say(&at, "the error has a number", error.raw_os_error().is_some());
    say(&at, "its kind is one with a name", format!("{:?}", error.kind()) != "Uncategorized");
}

async fn the_order_of_accepts(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(TcpStream::connect(address).await.unwrap());
    }
    at.deliver().await;
    let mut in_order = true;
    for client in &clients {
        let (_, from) = listener.accept().await.unwrap();
        in_order &= from == client.local_addr().unwrap();
    }
    say(&at, "in order", in_order);
    went(&at, "no more", &listener.try_accept().map(drop));
}

async fn addresses_of_both_ends(at: At) {
    let (client, server) = net::pair().await;
    let same = |one: io::Result<SocketAddr>, two: io::Result<SocketAddr>| {
        one.is_ok() && one.unwrap() == two.unwrap()
    };
    say(&at, "the client's", same(client.local_addr(), server.peer_addr()));
    say(&at, "the server's", same(server.local_addr(), client.peer_addr()));
}

async fn a_port_of_the_systems_choice(at: At) {
    let sockets: Vec<_> = (0..20).map(|_| bound(loopback(0), plainly).unwrap()).collect();
    let mut ports: Vec<_> =
        sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
    ports.sort_unstable();
    ports.dedup();
    say(&at, "different ones", ports.len());
    say(&at, "in the range", ports.iter().all(|port| (32_768..61_000).contains(port)));
}

async fn a_socket_without_a_connection(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    went(&at, "its address", &socket.local_addr());
    went(&at, "its error", &socket.take_error());
    let listener = socket.listen(1).unwrap();
    say(&at, "a listen without a bind has a port", listener.local_addr().unwrap().port() != 0);
    went(&at, "nobody waits", &listener.try_accept().map(drop));
    let mut accepting = pin!(listener.accept());
    say(&at, "an accept waits", futures::poll!(&mut accepting).is_pending());
}

async fn a_listener_of_a_port_that_was_left(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    went(&at, "bound plainly", &bound(address, plainly).map(drop));
}
