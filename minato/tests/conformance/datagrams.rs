//! C41 to C53: datagrams over UDP.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use minato::net::UdpSocket;

use super::{conformance, say, text, went};
use crate::kit::At;

conformance! {
    41 a_refusal_comes_back "A connected socket learns that nobody is there";
    42 a_refusal_of_a_stranger "A socket without a peer does not";
    43 the_order_within_a_host "Datagrams within a host keep their order";
    44 the_largest_datagram "How long a datagram can be";
    45 a_buffer_that_overflows "How many datagrams a buffer keeps";
    46 what_does_not_fit "A datagram is cut, an empty one is one";
    47 only_the_peer "A connected socket receives from its peer only";
    48 targets_that_cannot_be "What cannot be sent to";
    49 a_group_on_the_loopback "A multicast from a socket bound to the loopback";
    50 everybody "A broadcast needs leave";
    51 addresses_of_datagrams "Addresses before and after a bind, a connect and a send";
    52 shared_by_reuse "Who shares an address by reuse";
    53 looking_at_datagrams "A look leaves the datagram";
}

async fn bound(address: &str) -> UdpSocket {
    UdpSocket::bind(address).await.unwrap()
}

async fn pair() -> (UdpSocket, UdpSocket, SocketAddr) {
    let (one, two) = (bound("127.0.0.1:0").await, bound("127.0.0.1:0").await);
    let address = two.local_addr().unwrap();
    (one, two, address)
}

fn receive(socket: &UdpSocket) -> io::Result<String> {
    let mut buf = [0; 64];
    text(socket.try_recv(&mut buf), &buf)
}

/// Where nobody is.
async fn nowhere() -> SocketAddr {
    bound("127.0.0.1:0").await.local_addr().unwrap()
}

async fn a_refusal_comes_back(at: At) {
    let socket = bound("127.0.0.1:0").await;
    socket.connect(nowhere().await).await.unwrap();
    went(&at, "send", &socket.try_send(b"x"));
    at.deliver().await;
    went(&at, "receive", &receive(&socket));
    went(&at, "receive again", &receive(&socket));
    went(&at, "send again", &socket.try_send(b"x"));
    at.deliver().await;
    went(&at, "the third send", &socket.try_send(b"x"));
    at.deliver().await;
    went(&at, "error", &socket.take_error().map(|error| error.map(|error| error.kind())));
    went(&at, "and then", &receive(&socket));
}

async fn a_refusal_of_a_stranger(at: At) {
    let socket = bound("127.0.0.1:0").await;
    went(&at, "send", &socket.try_send_to(b"x", nowhere().await));
    at.deliver().await;
    went(&at, "receive", &receive(&socket));
    went(&at, "error", &socket.take_error());
}

async fn the_order_within_a_host(at: At) {
    let (one, two, address) = pair().await;
    for number in 0..100_u8 {
        one.send_to(&[number], address).await.unwrap();
    }
    at.deliver().await;
    let mut all = Vec::new();
    let mut buf = [0; 8];
    while two.try_recv(&mut buf).is_ok() {
        all.push(buf[0]);
    }
    say(&at, "in order", all == (0..100).collect::<Vec<_>>());
}

async fn the_largest_datagram(at: At) {
    let (one, _two, address) = pair().await;
    let bytes = vec![0; 70_000];
    for len in [65_507, 65_508, 70_000] {
        went(&at, &format!("{len} bytes"), &one.try_send_to(&bytes[..len], address));
        at.deliver().await;
    }
    let (one, two) = (bound("[::1]:0").await, bound("[::1]:0").await);
    for len in [65_507, 65_508, 65_527, 65_528] {
        let sent = one.try_send_to(&bytes[..len], two.local_addr().unwrap());
        went(&at, &format!("{len} bytes over IPv6"), &sent);
        at.deliver().await;
    }
}

async fn a_buffer_that_overflows(at: At) {
    for len in [0, 1, 100, 1000, 4000, 16_000] {
        let (one, two, address) = pair().await;
        let bytes = vec![0; len];
        for _ in 0..400 {
            one.send_to(&bytes, address).await.unwrap();
        }
        at.deliver().await;
        let mut kept = 0;
        while two.try_recv(&mut [0; 8]).is_ok() {
            kept += 1;
        }
        say(&at, &format!("of 400 with {len} bytes are kept"), kept);
    }
}

async fn what_does_not_fit(at: At) {
    let (one, two, address) = pair().await;
    for bytes in [&b"longer than four"[..], b"", b"next"] {
        went(&at, "send", &one.try_send_to(bytes, address));
    }
    at.deliver().await;
    let mut buf = [0; 4];
    went(&at, "it is cut", &text(two.try_recv(&mut buf), &buf));
    went(&at, "an empty one", &two.try_recv(&mut buf));
    went(&at, "the next one", &text(two.try_recv(&mut buf), &buf));
    went(&at, "no more", &two.try_recv(&mut buf));
}

async fn only_the_peer(at: At) {
    let (one, two, address) = pair().await;
    let stranger = bound("127.0.0.1:0").await;
    went(&at, "before the connect", &stranger.try_send_to(b"early", address));
    at.deliver().await;
    two.connect(one.local_addr().unwrap()).await.unwrap();
    went(&at, "what was there", &receive(&two));
    went(&at, "a stranger sends", &stranger.try_send_to(b"no", address));
    went(&at, "the peer sends", &one.try_send_to(b"yes", address));
    at.deliver().await;
    went(&at, "it receives", &receive(&two));
    went(&at, "and no more", &receive(&two));
    two.connect(stranger.local_addr().unwrap()).await.unwrap();
    went(&at, "another peer", &two.try_send(b"hello"));
    at.deliver().await;
    went(&at, "which receives", &receive(&stranger));
}

async fn targets_that_cannot_be(at: At) {
    let (one, ..) = pair().await;
    went(&at, "no peer", &one.try_send(b"x"));
    went(&at, "port 0", &one.try_send_to(b"x", "127.0.0.1:0".parse().unwrap()));
    went(&at, "IPv6", &one.try_send_to(b"x", "[::1]:9".parse().unwrap()));
    went(&at, "peer", &one.peer_addr());
    let v6 = bound("[::1]:0").await;
    let mapped = "[::ffff:127.0.0.1]:9".parse().unwrap();
    went(&at, "mapped, from the loopback", &v6.try_send_to(b"x", mapped));
    went(&at, "mapped, to connect to", &v6.connect(mapped).await);
    let any = bound("[::]:0").await;
    went(&at, "mapped, from anywhere", &any.try_send_to(b"x", mapped));
    let (target, group) = (bound("127.0.0.1:0").await, bound("224.0.0.1:0").await);
    went(&at, "from a group", &group.try_send_to(b"x", target.local_addr().unwrap()));
    at.deliver().await;
    let from = target.try_recv_from(&mut [0; 8]).map(|(_, from)| from.ip());
    went(&at, "which is", &from);
}

async fn a_group_on_the_loopback(at: At) {
    let group = Ipv4Addr::new(239, 1, 2, 3);
    let receiver = bound("0.0.0.0:0").await;
    let join = receiver.join_multicast_v4(group, Ipv4Addr::LOCALHOST);
    went(&at, "join", &join);
    let target = SocketAddr::from((group, receiver.local_addr().unwrap().port()));
    let sender = bound("127.0.0.1:0").await;
    went(&at, "interface", &sender.set_multicast_if_v4(Ipv4Addr::LOCALHOST));
    went(&at, "send", &sender.try_send_to(b"group", target));
    at.deliver().await;
    went(&at, "receive", &receive(&receiver));
    went(&at, "leave", &receiver.leave_multicast_v4(group, Ipv4Addr::LOCALHOST));
    went(&at, "send again", &sender.try_send_to(b"group", target));
    at.deliver().await;
    went(&at, "nobody receives", &receive(&receiver));
}

async fn everybody(at: At) {
    let socket = bound("0.0.0.0:0").await;
    let port = socket.local_addr().unwrap().port();
    let everybody = SocketAddr::from(([255, 255, 255, 255], port));
    went(&at, "without leave", &socket.try_send_to(b"x", everybody));
    went(&at, "leave", &socket.set_broadcast(true));
    say(&at, "is kept", socket.broadcast().unwrap());
}

async fn addresses_of_datagrams(at: At) {
    let socket = UdpSocket::unbound_v4().unwrap();
    went(&at, "new", &socket.local_addr());
    let target = bound("127.0.0.1:0").await;
    went(&at, "send", &socket.try_send_to(b"x", target.local_addr().unwrap()));
    let bound = socket.local_addr().unwrap();
    say(&at, "after a send", (bound.ip(), bound.port() != 0));
    socket.connect(target.local_addr().unwrap()).await.unwrap();
    let connected = socket.local_addr().unwrap();
    say(&at, "after a connect", (connected.ip(), connected.port() == bound.port()));
    say(&at, "peer", socket.peer_addr().unwrap() == target.local_addr().unwrap());
}

async fn shared_by_reuse(at: At) {
    let one = UdpSocket::unbound_v4().unwrap();
    one.set_reuseaddr(true).unwrap();
    one.bind_to("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = one.local_addr().unwrap();
    let two = UdpSocket::unbound_v4().unwrap();
    went(&at, "without it", &two.bind_to(address));
    two.set_reuseaddr(true).unwrap();
    went(&at, "with it", &two.bind_to(address));
    let any = UdpSocket::unbound_v4().unwrap();
    let everywhere = SocketAddr::from(([0, 0, 0, 0], address.port()));
    went(&at, "on all addresses", &any.bind_to(everywhere));
}

async fn looking_at_datagrams(at: At) {
    let (one, two, address) = pair().await;
    went(&at, "send", &one.try_send_to(b"datagram", address));
    at.deliver().await;
    let mut buf = [0; 4];
    went(&at, "a look", &text(two.try_peek(&mut buf), &buf));
    say(&at, "at its sender", two.try_peek_sender().unwrap() == one.local_addr().unwrap());
    went(&at, "it is there", &receive(&two));
    went(&at, "no more", &two.try_peek(&mut buf));
}
