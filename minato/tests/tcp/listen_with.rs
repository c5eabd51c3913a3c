//! Listening with options, in groups, and what accepted connections inherit.

use std::io::ErrorKind;
use std::time::Duration;

use futures::future::{join_all, select_all};
use minato::net::tcp::{Listen, TcpKeepalive};
use minato::net::{TcpListener, TcpSocket, TcpStream};

use crate::kit::{At, cases, net};

cases! {
    accepted_connections_inherit_options [];
    a_group_shares_one_port_and_all_of_it_is_used [];
    a_group_needs_a_port_that_is_free [];
    ipv6_alone_leaves_ipv4_free [];
    an_error_of_the_setup_is_that_of_the_address [];
    a_backlog_bounds_the_queue [];
}

async fn accepted_connections_inherit_options(at: At) {
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_retries(3);
    let listen = Listen::new().with_setup(move |socket, _| {
        socket.set_nodelay(true)?;
        socket.set_tcp_keepalive(&keepalive)?;
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_recv_buffer_size(20_000)?;
        socket.set_tos_v4(0x20)
    });
    let listener = listen.bind("127.0.0.1:0").await.unwrap();
    let (client, accepted) = net::fresh_pair_with(&listener).await;
    at.note(format!("{:?} {:?}", accepted.nodelay(), accepted.keepalive()));
    at.note(format!("{:?} {:?}", accepted.keepalive_time(), accepted.linger()));
    assert!(accepted.nodelay().unwrap() && accepted.keepalive().unwrap());
    assert_eq!(accepted.keepalive_time().unwrap(), Some(Duration::from_secs(60)));
    assert_eq!(accepted.linger().unwrap(), Some(Duration::ZERO));
    let plain = net::listener().await;
    let (_other, without) = net::fresh_pair_with(&plain).await;
    assert!(accepted.recv_buffer_size().unwrap() < without.recv_buffer_size().unwrap());
    assert!(!without.nodelay().unwrap() && !client.nodelay().unwrap());
}

async fn a_group_shares_one_port_and_all_of_it_is_used(at: At) {
    let group = Listen::new().bind_group("127.0.0.1:0", 4).await.unwrap();
    let address = group[0].local_addr().unwrap();
    assert!(group.iter().all(|listener| listener.local_addr().unwrap() == address));
    let connecting =
        at.beside(async move { join_all((0..200).map(|_| TcpStream::connect(address))).await });
    let mut accepted = [0; 4];
    let mut streams = Vec::new();
    for _ in 0..200 {
        let accepts = group.iter().map(|listener| Box::pin(listener.accept()));
        let (result, which, _) = select_all(accepts).await;
        accepted[which] += 1;
        streams.push(result.unwrap());
    }
    assert!(accepted.iter().all(|count| *count > 0), "{accepted:?}");
    assert!(connecting.await.iter().all(Result::is_ok));
    assert!(Listen::new().bind_group("127.0.0.1:0", 0).await.unwrap().is_empty());
}

async fn a_group_needs_a_port_that_is_free(at: At) {
    let taken = net::listener().await;
    let address = taken.local_addr().unwrap();
    let group = Listen::new().bind_group(address, 2).await;
    assert_eq!(group.as_ref().unwrap_err().kind(), ErrorKind::AddrInUse);
    at.note_result("taken", &group.map(drop));
    // The next address may be bound.
    let others = [address, "127.0.0.1:0".parse().unwrap()];
    assert_eq!(Listen::new().bind_group(&others[..], 2).await.unwrap().len(), 2);
    let listener = Listen::new().bind(&others[..]).await.unwrap();
    assert_ne!(listener.local_addr().unwrap(), address);
}

async fn ipv6_alone_leaves_ipv4_free(_: At) {
    let listen =
        Listen::new().with_setup(
            |socket, address| {
                if address.is_ipv6() { socket.set_only_v6(true) } else { Ok(()) }
            },
        );
    let v6 = match listen.bind("[::]:0").await {
        Ok(listener) => listener,
        // A machine without IPv6.
        Err(error) if error.kind() != ErrorKind::InvalidInput => {
            return println!("no IPv6: {error}");
        }
        Err(error) => panic!("{error}"),
    };
    let port = v6.local_addr().unwrap().port();
    let v4 = listen.bind(("0.0.0.0", port)).await.unwrap();
    let connected = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    assert_eq!(v4.accept().await.unwrap().1, connected.local_addr().unwrap());
}

async fn an_error_of_the_setup_is_that_of_the_address(at: At) {
    let refuse = Listen::new().with_setup(|socket, _| {
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_millis(1)))
    });
    let error = refuse.bind("127.0.0.1:0").await.unwrap_err();
    at.note(error.to_string());
    let device = Listen::new().with_setup(|socket, _| socket.bind_device(Some(b"no-such-device")));
    let error = device.bind_group("127.0.0.1:0", 3).await.unwrap_err();
    assert!(matches!(error.raw_os_error(), Some(libc::ENODEV | libc::EPERM) | None), "{error}");
    let picky = Listen::new().with_setup(|_, address| match address.port() {
        0 => Ok(()),
        _ => Err(std::io::Error::other("only port 0")),
    });
    let addresses = ["127.0.0.1:1", "127.0.0.1:0"].map(|address| address.parse().unwrap());
    picky.bind(&addresses[..]).await.unwrap();
    let error = picky.bind(&addresses[..1]).await.unwrap_err();
    assert_eq!(error.to_string(), "only port 0");
}

async fn a_backlog_bounds_the_queue(at: At) {
    let listener = Listen::new().with_backlog(1).bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limit = Duration::from_millis(300);
    let all = join_all((0..8).map(|_| minato::time::timeout(limit, TcpStream::connect(address))));
    let connected = all.await.into_iter().filter(Result::is_ok).count();
    assert_eq!(connected, 2, "one more than the backlog");
    at.note(format!("{connected}"));
}

/// The two ways to listen are one.
#[test]
fn bind_is_what_the_builder_does_by_default() {
    minato::run(async {
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let built = Listen::new().bind("127.0.0.1:0").await.unwrap();
        let by_hand = TcpSocket::new_v4().unwrap();
        by_hand.set_reuseaddr(true).unwrap();
        by_hand.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let by_hand = by_hand.listen(1024).unwrap();
        for listener in [&plain, &built, &by_hand] {
            let socket = socket2::SockRef::from(listener);
            assert!(socket.reuse_address().unwrap() && !socket.reuse_port().unwrap());
        }
        let group = Listen::new().bind_group("127.0.0.1:0", 2).await.unwrap();
        assert!(group.iter().all(|one| socket2::SockRef::from(one).reuse_port().unwrap()));
    });
}
