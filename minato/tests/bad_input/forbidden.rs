//! Hidden threads that are forbidden: what would need one says so, and names the place.

use std::future::poll_fn;
use std::io::ErrorKind;

use minato::io::AsyncReadExt;
use minato::net::{TcpListener, TcpStream};
use minato::runtime::Builder;

use crate::kit::child::{in_child, in_child_with, own_name};
use crate::kit::net;

fn assert_forbidden<T: std::fmt::Debug>(result: std::io::Result<T>) {
    let error = result.expect_err("a hidden thread was used");
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(text.contains("background reactor") && text.contains("forbidden"), "{text}");
    assert!(text.contains(file!()), "{text:?} does not name the place");
}

fn nothing_hidden() {
    let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    assert_forbidden(pollster::block_on(listener.accept()).map(drop));
    assert_forbidden(pollster::block_on(poll_fn(|cx| listener.poll_accept(cx))).map(drop));

    // What need not wait works.
    let peer = std::net::TcpStream::connect(address).unwrap();
    let (mut server, _) = pollster::block_on(listener.accept()).unwrap();
    assert_forbidden(pollster::block_on(server.readable()));
    assert_forbidden(pollster::block_on(server.peek(&mut [0; 4])));
    assert_forbidden(pollster::block_on(server.read(&mut [0; 4])));
    drop(peer);
    assert_eq!(pollster::block_on(server.read(&mut [0; 4])).unwrap(), 0);

    let peer = std::net::TcpStream::connect(address).unwrap();
    let server = TcpStream::from_std(peer).unwrap();
    assert_forbidden(pollster::block_on(server.readable()));

    // So does every other kind of socket.
    let socket = pollster::block_on(minato::net::UdpSocket::bind("127.0.0.1:0")).unwrap();
    assert_forbidden(pollster::block_on(socket.recv(&mut [0; 4])));
    let (one, _other) = minato::net::UnixStream::pair().unwrap();
    assert_forbidden(pollster::block_on(one.readable()));
    let (reader, _writer) = std::io::pipe().unwrap();
    let reader = minato::net::AsyncFd::from_owner(reader).unwrap();
    assert_forbidden(pollster::block_on(reader.readable()).map(drop));

    // Inside a runtime nothing is hidden.
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(net::pair().await) });
    let reactor = minato::reactor::Reactor::new().unwrap().background().unwrap();
    pollster::block_on(async {
        let listener = TcpListener::bind_on(reactor.handle(), "127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connecting = TcpStream::connect_on(reactor.handle(), address);
        let (client, accepted) = futures::join!(connecting, listener.accept());
        drop((client.unwrap(), accepted.unwrap()));
    });
}

#[test]
fn by_a_call() {
    in_child(own_name!(by_a_call), || {
        minato::runtime::forbid_implicit();
        nothing_hidden();
    });
}

#[test]
fn by_the_environment() {
    let forbid = |command: &mut std::process::Command| {
        command.env("MINATO_FORBID_IMPLICIT", "1");
    };
    in_child_with(own_name!(by_the_environment), forbid, nothing_hidden);
}

#[test]
fn a_connect_names_its_place_too() {
    in_child(own_name!(a_connect_names_its_place_too), || {
        minato::runtime::forbid_implicit();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        assert_forbidden(pollster::block_on(connecting));
    });
}

/// That a name cannot be looked up for want of a thread, as `call` says, which names this file.
#[track_caller]
fn assert_no_look_up<T>(call: impl Future<Output = std::io::Result<T>>) {
    let text =
        pollster::block_on(call).map(drop).expect_err("a hidden thread was used").to_string();
    assert!(text.contains("for name look-ups") && text.contains("forbidden"), "{text}");
    assert!(text.contains("forbidden.rs"), "{text:?} does not name the place");
}

#[test]
fn a_look_up_is_an_error_that_names_its_place() {
    in_child(own_name!(a_look_up_is_an_error_that_names_its_place), || {
        minato::runtime::forbid_implicit();
        let name = "localhost:80";
        assert_no_look_up(minato::net::lookup_host(name));
        assert_no_look_up(TcpListener::bind(name));
        assert_no_look_up(TcpStream::connect(name));
        assert_no_look_up(minato::net::UdpSocket::bind(name));
        let socket = pollster::block_on(minato::net::UdpSocket::bind("127.0.0.1:0")).unwrap();
        assert_no_look_up(socket.connect(name));
        assert_no_look_up(socket.send_to(b"x", name));
        // With handles of a reactor the look-up needs a thread all the same.
        let reactor = minato::reactor::Reactor::new().unwrap();
        let handle = reactor.handle();
        assert_no_look_up(TcpListener::bind_on(&handle, name));
        assert_no_look_up(TcpStream::connect_on(&handle, name));
        assert_no_look_up(minato::net::UdpSocket::bind_on(&handle, name));
        // Within a runtime its own threads do it.
        let runtime = Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(minato::net::lookup_host(name)).unwrap().count() > 0);
    });
}

#[test]
fn a_pause_is_an_error_that_names_its_place() {
    in_child(own_name!(a_pause_is_an_error_that_names_its_place), || {
        minato::runtime::forbid_implicit();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        // A queue that is full, of which the system gives no event.
        let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let listener = listener.unwrap();
        listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        let _queued = std::os::unix::net::UnixStream::connect(&path).unwrap();
        assert_forbidden(pollster::block_on(minato::net::UnixStream::connect(&path)));
        // A program that chose a reactor for what is outside has a place for the pause.
        let reactor = minato::reactor::Reactor::new().unwrap();
        reactor.set_fallback().unwrap();
        let background = reactor.background().unwrap();
        let connect = std::pin::pin!(minato::net::UnixStream::connect(&path));
        let in_time = minato::time::timeout(std::time::Duration::from_millis(50), connect);
        assert!(pollster::block_on(in_time).is_err());
        drop(background);
    });
}
