//! Descriptors that are not what they are taken for, and none at all.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use minato::net::{TcpListener, TcpSocket, TcpStream};

use crate::kit::child::{in_child, own_name};
use crate::kit::{At, cases, net};

cases! {
    a_file_is_no_socket [Descriptors];
    a_datagram_socket_is_no_stream [Descriptors];
    a_unix_stream_is_no_tcp_stream [Descriptors];
}

async fn a_file_is_no_socket(_: At) {
    let file = || OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    for error in [
        TcpStream::try_from(file()).map(drop).unwrap_err(),
        TcpListener::try_from(file()).map(drop).unwrap_err(),
        TcpSocket::from_std_stream(file().into()).listen(1).map(drop).unwrap_err(),
        TcpSocket::from_std_stream(file().into()).set_nodelay(true).unwrap_err(),
    ] {
        assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK), "{error}");
    }
}

async fn a_datagram_socket_is_no_stream(_: At) {
    let socket = || OwnedFd::from(std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    for error in [
        TcpStream::try_from(socket()).map(drop).unwrap_err(),
        TcpListener::try_from(socket()).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let text = error.to_string();
        assert!(text.contains("Udp") && text.contains("Tcp"), "{text}");
    }
}

async fn a_unix_stream_is_no_tcp_stream(_: At) {
    let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let error = TcpStream::try_from(OwnedFd::from(one)).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = error.to_string();
    assert!(text.contains("UnixStream") && text.contains("Tcp"), "{text}");
}

/// Leaves the process without a free descriptor until the result is dropped.
fn use_all_up() -> Vec<std::fs::File> {
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: the pointer is to a live value of the right type.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect()
}

#[test]
fn no_descriptor_is_left() {
    in_child(own_name!(no_descriptor_is_left), || {
        let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (client, mut server) = net::pair().await;
            let spare = use_all_up();
            let short = Some(libc::EMFILE);
            let bound = TcpListener::bind("127.0.0.1:0").await.map(drop);
            assert_eq!(bound.unwrap_err().raw_os_error(), short);
            let connected = TcpStream::connect("127.0.0.1:9").await.map(drop);
            assert_eq!(connected.unwrap_err().raw_os_error(), short);
            let reactor = minato::reactor::Reactor::new().map(drop);
            assert_eq!(reactor.unwrap_err().raw_os_error(), short);
            let runtime = minato::runtime::Builder::new_current_thread().build().map(drop);
            assert_eq!(runtime.unwrap_err().raw_os_error(), short);
            // Who has a descriptor goes on.
            assert_eq!(client.try_write(b"on").unwrap(), 2);
            assert_eq!(net::read_all(&mut server, 2).await, b"on");
            drop(spare);
            drop(net::pair().await);
        });
    });
}

/// A wait outside every runtime needs a reactor, which needs descriptors: without them it is an
/// error, and when they are back it works.
#[test]
fn no_descriptor_is_left_for_the_hidden_reactor() {
    in_child(own_name!(no_descriptor_is_left_for_the_hidden_reactor), || {
        let listener = pollster::block_on(net::listener());
        let spare = use_all_up();
        let error = pollster::block_on(listener.accept()).map(drop).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
        drop(spare);
        drop(pollster::block_on(net::pair_with(&listener)));
    });
}
