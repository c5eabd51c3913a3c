//! Options: what is set reads back, and has its effect.

use std::io::ErrorKind;
use std::time::Duration;

use minato::io::AsyncReadExt;
use minato::net::tcp::TcpKeepalive;
use minato::net::{TcpSocket, TcpStream};

use crate::kit::{At, cases, net};

cases! {
    flags_read_back [];
    streams_have_the_defaults_of_the_system [];
    keepalive_with_times [];
    keepalive_off_again [];
    impossible_values_are_errors [];
    a_linger_is_rounded_up_to_a_second [];
    a_linger_that_nobody_can_count_is_refused [];
    keepalive_below_a_second_says_so [];
    buffer_sizes_read_back_and_bound [];
    an_accepted_stream_has_the_options_of_its_listener [];
    a_port_can_be_shared_by_two_listeners [];
    a_port_cannot_be_taken_twice [];
    only_v6_is_for_v6 [];
    a_type_of_service_reads_back [];
    quick_acknowledgements_read_back [];
    a_zero_linger_is_one_of_its_own [];
    a_device_is_none_at_first [];
    take_error_without_an_error [];
}

async fn flags_read_back(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    for on in [true, false] {
        socket.set_reuseaddr(on).unwrap();
        socket.set_reuseport(on).unwrap();
        socket.set_keepalive(on).unwrap();
        socket.set_nodelay(on).unwrap();
        assert_eq!(socket.reuseaddr().unwrap(), on);
        assert_eq!(socket.reuseport().unwrap(), on);
        assert_eq!(socket.keepalive().unwrap(), on);
        assert_eq!(socket.nodelay().unwrap(), on);
    }
    for linger in [Some(Duration::from_secs(3)), Some(Duration::ZERO), None] {
        socket.set_linger(linger).unwrap();
        assert_eq!(socket.linger().unwrap(), linger);
    }
    at.note_result("unbound", &socket.local_addr());
}

async fn streams_have_the_defaults_of_the_system(at: At) {
    let (client, _server) = net::pair().await;
    at.note_result("nodelay", &client.nodelay());
    at.note_result("linger", &client.linger());
    at.note_result("keepalive", &client.keepalive());
    at.note_result("ttl", &client.ttl());
    client.set_nodelay(true).unwrap();
    client.set_ttl(42).unwrap();
    assert!(client.nodelay().unwrap());
    assert_eq!(client.ttl().unwrap(), 42);
}

/// Of a stream, the two bits that tell of congestion are the system's.
async fn a_type_of_service_reads_back(at: At) {
    let (v4, v6) = (TcpSocket::new_v4().unwrap(), TcpSocket::new_v6().unwrap());
    for (set, read) in [(0, 0), (96, 96), (0xfe, 0xfc)] {
        v4.set_tos_v4(set).unwrap();
        assert_eq!(v4.tos_v4().unwrap(), read);
        v6.set_tclass_v6(set).unwrap();
        assert_eq!(v6.tclass_v6().unwrap(), read);
    }
    at.note_result("a class of IPv4", &v4.tclass_v6());
    at.note_result("setting one", &v4.set_tclass_v6(96));
    at.note_result("too large a class", &v6.set_tclass_v6(256));
    v6.set_tclass_v6(u32::MAX).unwrap();
    assert_eq!(v6.tclass_v6().unwrap(), 0);
    #[allow(deprecated, reason = "the names before")]
    {
        v4.set_tos(64).unwrap();
        assert_eq!(v4.tos().unwrap(), 64);
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
async fn quick_acknowledgements_read_back(at: At) {
    let (client, _server) = net::pair().await;
    at.note_result("at first", &client.quickack());
    for on in [false, true] {
        client.set_quickack(on).unwrap();
        assert_eq!(client.quickack().unwrap(), on);
    }
}

async fn a_zero_linger_is_one_of_its_own(_: At) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_zero_linger().unwrap();
    assert_eq!(socket.linger().unwrap(), Some(Duration::ZERO));
    let (client, mut server) = net::pair().await;
    client.set_zero_linger().unwrap();
    drop(client);
    let error = server.read(&mut [0; 4]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
async fn a_device_is_none_at_first(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    assert_eq!(socket.device().unwrap(), None);
    socket.bind_device(None).unwrap();
    let error = socket.bind_device(Some(b"no such")).unwrap_err();
    if at.place.is_simulated() {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("SO_BINDTODEVICE"), "{error}");
    } else {
        assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
    }
}

async fn keepalive_with_times(at: At) {
    let times = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(7))
        .with_retries(3);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_tcp_keepalive(&times).unwrap();
    assert!(socket.keepalive().unwrap());
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let (client, _accepted) = futures::join!(socket.connect(address), listener.accept());
    let client = client.unwrap();
    assert!(client.keepalive().unwrap());
    assert_eq!(client.keepalive_time().unwrap(), Some(Duration::from_secs(60)));
    if !at.place.is_simulated() {
        // What the kernel has; there is no way to ask a stream for the other two.
        let socket = socket2::SockRef::from(&client);
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(7));
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
    }
}

async fn keepalive_off_again(_: At) {
    let (client, _server) = net::pair().await;
    client.set_keepalive(Some(&TcpKeepalive::new())).unwrap();
    assert!(client.keepalive().unwrap());
    client.set_keepalive(None).unwrap();
    assert!(!client.keepalive().unwrap());
}

async fn impossible_values_are_errors(at: At) {
    let (client, _server) = net::pair().await;
    let zero = TcpKeepalive::new().with_time(Duration::ZERO);
    at.note_result("no time", &client.set_keepalive(Some(&zero)));
    let zero = TcpKeepalive::new().with_interval(Duration::ZERO);
    at.note_result("no interval", &client.set_keepalive(Some(&zero)));
    let zero = TcpKeepalive::new().with_retries(0);
    at.note_result("no retries", &client.set_keepalive(Some(&zero)));
    let many = TcpKeepalive::new().with_retries(1000);
    at.note_result("too many retries", &client.set_keepalive(Some(&many)));
    let long = TcpKeepalive::new().with_time(Duration::from_secs(1 << 20));
    at.note_result("too long a time", &client.set_keepalive(Some(&long)));
    at.note_result("left off", &client.keepalive());
    at.note_result("a large ttl", &client.set_ttl(256));
    at.note_result("no ttl", &client.set_ttl(0));
}

/// The system counts whole seconds, and none of them means: throw the bytes away.
async fn a_linger_is_rounded_up_to_a_second(at: At) {
    let millis = Duration::from_millis;
    for (linger, kept) in [
        (Duration::from_nanos(1), 1),
        (millis(999), 1),
        (millis(1000), 1),
        (millis(1001), 2),
        (Duration::from_secs(u16::MAX.into()), u64::from(u16::MAX)),
    ] {
        let kept = Some(Duration::from_secs(kept));
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_linger(Some(linger)).unwrap();
        assert_eq!(socket.linger().unwrap(), kept);
        let (client, mut server) = net::pair().await;
        client.set_linger(Some(linger)).unwrap();
        assert_eq!(client.linger().unwrap(), kept);
        drop(client);
        // The end, and no reset.
        assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "after {linger:?}");
    }
    let (client, mut server) = net::pair().await;
    client.set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    at.deliver().await;
    let reset = server.read(&mut [0]).await.unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
}

async fn a_linger_that_nobody_can_count_is_refused(_: At) {
    let (client, _server) = net::pair().await;
    let socket = TcpSocket::new_v4().unwrap();
    let most = Duration::from_secs(i32::MAX.unsigned_abs().into());
    for linger in [most + Duration::from_nanos(1), Duration::from_secs(1 << 32), Duration::MAX] {
        for error in [client.set_linger(Some(linger)), socket.set_linger(Some(linger))] {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains(&format!("{linger:?}")), "{error}");
        }
        assert_eq!(client.linger().unwrap(), None);
    }
}

async fn keepalive_below_a_second_says_so(_: At) {
    let (client, _server) = net::pair().await;
    let socket = TcpSocket::new_v4().unwrap();
    let half = Duration::from_millis(500);
    for keepalive in [TcpKeepalive::new().with_time(half), TcpKeepalive::new().with_interval(half)]
    {
        for error in [client.set_keepalive(Some(&keepalive)), socket.set_tcp_keepalive(&keepalive)]
        {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let text = error.to_string();
            assert!(text.contains("500ms") && text.contains("second"), "{text}");
        }
    }
    let longer = TcpKeepalive::new().with_time(Duration::from_millis(7900));
    client.set_keepalive(Some(&longer)).unwrap();
    assert_eq!(client.keepalive_time().unwrap(), Some(Duration::from_secs(7)));
}

async fn buffer_sizes_read_back_and_bound(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(32 * 1024).unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    // Linux takes twice the number, for its own needs.
    assert!(socket.send_buffer_size().unwrap() >= 32 * 1024);
    assert!(socket.recv_buffer_size().unwrap() >= 16 * 1024);
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let (client, accepted) = futures::join!(socket.connect(address), listener.accept());
    let (client, (mut server, _)) = (client.unwrap(), accepted.unwrap());
    assert!(client.send_buffer_size().unwrap() >= 32 * 1024);
    server.set_recv_buffer_size(16 * 1024).unwrap();
    let filled = net::fill(&client);
    assert!(filled < 16 << 20, "{filled} bytes were taken");
    at.deliver().await;
    net::read_all(&mut server, filled).await;
}

async fn an_accepted_stream_has_the_options_of_its_listener(_: At) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_keepalive(true).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(4).unwrap();
    listener.set_ttl(33).unwrap();
    assert_eq!(listener.ttl().unwrap(), 33);
    let (_client, server) = net::pair_with(&listener).await;
    assert!(server.nodelay().unwrap());
    assert!(server.keepalive().unwrap());
    assert_eq!(server.ttl().unwrap(), 33);
}

async fn a_port_can_be_shared_by_two_listeners(_: At) {
    let shared = |address| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(address).unwrap();
        socket.listen(64).unwrap()
    };
    let one = shared("127.0.0.1:0".parse().unwrap());
    let address = one.local_addr().unwrap();
    let two = shared(address);
    assert_eq!(two.local_addr().unwrap(), address);
    // Whoever gets a connection, each of them is accepted by somebody.
    for _ in 0..16 {
        let client = TcpStream::connect(address).await.unwrap();
        let accepted = futures::future::select(Box::pin(one.accept()), Box::pin(two.accept()));
        let (_, from) = accepted.await.factor_first().0.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    }
}

async fn a_port_cannot_be_taken_twice(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let again = minato::net::TcpListener::bind(address).await;
    at.note_result("again", &again.map(drop));
    let socket = TcpSocket::new_v4().unwrap();
    at.note_result("without SO_REUSEADDR", &socket.bind(address));
    // Of several addresses the first that can be had is taken.
    let addresses = [address, "127.0.0.1:0".parse().unwrap()];
    let other = minato::net::TcpListener::bind(&addresses[..]).await.unwrap();
    assert_ne!(other.local_addr().unwrap(), address);
}

async fn only_v6_is_for_v6(at: At) {
    let socket = TcpSocket::new_v4().unwrap();
    at.note_result("on IPv4", &socket.set_only_v6(true));
    if let Ok(socket) = TcpSocket::new_v6() {
        socket.set_only_v6(true).unwrap();
        assert!(socket.only_v6().unwrap());
    }
}

async fn take_error_without_an_error(at: At) {
    let (client, _server) = net::pair().await;
    at.note_result("of a stream", &client.take_error().map(|error| error.is_none()));
    let listener = net::listener().await;
    at.note_result("of a listener", &listener.take_error().map(|error| error.is_none()));
}
