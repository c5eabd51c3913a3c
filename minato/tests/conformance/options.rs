//! C54 to C59: socket options and sizes.

use std::time::Duration;

use minato::net::tcp::TcpKeepalive;
use minato::net::{TcpSocket, TcpStream, UdpSocket};

use super::{conformance, say, went};
use crate::kit::{At, net};

conformance! {
    54 sizes_that_were_asked_for "What a buffer has after 10,000 bytes were asked for";
    55 sizes_by_default "What buffers have by default";
    56 values_out_of_range "Values that an option does not take";
    57 what_a_connection_inherits "A connection has the options of its listener";
    58 options_of_another_family "Options of the other family";
    59 times_of_keepalive "Keepalive keeps its times";
}

async fn sizes_that_were_asked_for(at: At) {
    let stream = TcpSocket::new_v4().unwrap();
    stream.set_send_buffer_size(10_000).unwrap();
    stream.set_recv_buffer_size(10_000).unwrap();
    let asked = "after 10,000 were asked for";
    went(&at, &format!("the send buffer of a stream {asked}"), &stream.send_buffer_size());
    went(&at, &format!("the receive buffer of a stream {asked}"), &stream.recv_buffer_size());
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.set_recv_buffer_size(10_000).unwrap();
    went(&at, "the receive buffer of datagrams", &socket.recv_buffer_size());
    socket.set_recv_buffer_size(1).unwrap();
    went(&at, "the smallest", &socket.recv_buffer_size());
}

async fn sizes_by_default(at: At) {
    let stream = TcpSocket::new_v4().unwrap();
    let size = stream.send_buffer_size().unwrap();
    say(&at, "the send buffer of a new stream is 16 KiB", size == 16_384);
    say(&at, "the receive buffer of a new stream", stream.recv_buffer_size().unwrap());
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    say(&at, "the receive buffer of datagrams", socket.recv_buffer_size().unwrap());
}

async fn values_out_of_range(at: At) {
    let (socket, listener) = (TcpSocket::new_v4().unwrap(), net::listener().await);
    for ttl in [0, 1, 255, 256] {
        went(&at, &format!("a time to live of {ttl}"), &listener.set_ttl(ttl));
    }
    went(&at, "time to live", &listener.ttl());
    for service in [0, 0x10, 0xff] {
        went(&at, &format!("service {service}"), &socket.set_tos_v4(service));
        went(&at, "is then", &socket.tos_v4());
    }
    for seconds in [0, 1, 32_767, 32_768] {
        let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(seconds));
        let set = socket.set_tcp_keepalive(&keepalive);
        went(&at, &format!("keepalive after {seconds} s"), &set);
    }
    for retries in [0, 1, 127, 128] {
        let keepalive = TcpKeepalive::new().with_retries(retries);
        went(&at, &format!("{retries} retries"), &socket.set_tcp_keepalive(&keepalive));
    }
    for time in [Duration::ZERO, Duration::from_millis(1), Duration::from_secs(3)] {
        went(&at, &format!("a linger of {time:?}"), &socket.set_linger(Some(time)));
        went(&at, "is then", &socket.linger());
    }
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for ttl in [0, 255, 256] {
        went(&at, &format!("multicasts live {ttl}"), &socket.set_multicast_ttl_v4(ttl));
    }
}

async fn what_a_connection_inherits(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_keepalive(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    listener.set_ttl(42).unwrap();
    let (client, server) = net::pair_with(&listener).await;
    went(&at, "no delay", &server.nodelay());
    went(&at, "keepalive", &server.keepalive());
    went(&at, "time to live", &server.ttl());
    went(&at, "quick acknowledgements", &server.quickack());
    went(&at, "the client has its own", &client.nodelay());
}

async fn options_of_another_family(at: At) {
    let v4 = TcpSocket::new_v4().unwrap();
    went(&at, "IPv6 only, of IPv4", &v4.set_only_v6(true));
    went(&at, "read", &v4.only_v6());
    went(&at, "traffic class of IPv4", &v4.set_tclass_v6(8));
    let v6 = TcpSocket::new_v6().unwrap();
    went(&at, "IPv6 only", &v6.only_v6());
    v6.bind("[::1]:0".parse().unwrap()).unwrap();
    went(&at, "too late", &v6.set_only_v6(true));
    went(&at, "traffic class", &v6.set_tclass_v6(0x23));
    went(&at, "is then", &v6.tclass_v6());
    let group = "ff02::1".parse().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    went(&at, "a group of IPv6, of IPv4", &socket.join_multicast_v6(&group, 0));
}

async fn times_of_keepalive(at: At) {
    let (client, _server) = net::pair().await;
    went(&at, "off at first", &TcpStream::keepalive(&client));
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(10))
        .with_interval(Duration::from_secs(2))
        .with_retries(3);
    went(&at, "set", &client.set_keepalive(Some(&keepalive)));
    went(&at, "on", &TcpStream::keepalive(&client));
    went(&at, "time", &client.keepalive_time());
    went(&at, "off", &client.set_keepalive(None));
    went(&at, "it is", &TcpStream::keepalive(&client));
}
