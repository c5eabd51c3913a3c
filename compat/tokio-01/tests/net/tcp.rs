//! TCP.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use bytes::{Buf, IntoBuf};
use futures::{Async, Future, Stream, future};
use tokio::io::{self, AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::reactor::Handle;

use crate::kit::{loopback, tcp_and_std, tcp_listener, tcp_pair};

#[test]
fn both_ends_agree_on_their_addresses() {
    let (client, server) = tcp_pair();
    assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
    assert_eq!(server.local_addr().unwrap(), client.peer_addr().unwrap());
}

#[test]
fn poll_accept_tells_who_connected() {
    let mut listener = tcp_listener();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, from) = future::poll_fn(|| listener.poll_accept()).wait().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    assert_eq!(from, server.peer_addr().unwrap());
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, from) = future::poll_fn(|| listener.poll_accept_std()).wait().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    assert_eq!(server.peer_addr().unwrap(), from);
}

/// The attempt begins with the call, as in tokio 0.1.
#[test]
fn a_connect_need_not_be_polled_to_reach_the_listener() {
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    let connecting = TcpStream::connect(&listener.local_addr().unwrap());
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"ahoy").unwrap();
    let (_, buf) = connecting.and_then(|client| io::read_exact(client, [0; 4])).wait().unwrap();
    assert_eq!(&buf, b"ahoy");
}

#[test]
fn a_refused_connect_says_so() {
    let nobody = std::net::TcpListener::bind(loopback()).unwrap().local_addr().unwrap();
    let error = TcpStream::connect(&nobody).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(error.raw_os_error().is_some());
}

#[test]
fn a_connect_that_is_done_panics() {
    let listener = tcp_listener();
    let mut connecting = TcpStream::connect(&listener.local_addr().unwrap());
    future::poll_fn(|| connecting.poll()).wait().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| connecting.poll().map(drop))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"can't poll TCP stream twice"));
}

#[test]
fn a_bind_that_fails_says_so_at_once() {
    let listener = tcp_listener();
    let error = TcpListener::bind(&listener.local_addr().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_socket_of_std_becomes_non_blocking() {
    let listener = std::net::TcpListener::bind(loopback()).unwrap();
    let mut listener = TcpListener::from_std(listener, &Handle::default()).unwrap();
    let polled = future::lazy(|| listener.poll_accept().map(|polled| polled.is_ready()));
    assert!(!polled.wait().unwrap());

    let (client, peer) = tcp_and_std();
    let mut peer = TcpStream::from_std(peer, &Handle::default()).unwrap();
    let polled = future::lazy(|| peer.poll_read(&mut [0]));
    assert_eq!(polled.wait().unwrap(), Async::NotReady);
    drop(client);
}

#[test]
fn outside_a_task_only_what_must_wait_panics() {
    let (mut client, mut server) = tcp_and_std();
    assert_eq!(client.poll_write(b"a").unwrap(), Async::Ready(1));
    server.write_all(b"b").unwrap();
    assert_eq!(future::poll_fn(|| client.poll_peek(&mut [0])).wait().unwrap(), 1);
    assert_eq!(client.read(&mut [0]).unwrap(), 1);
    let panic = catch_unwind(AssertUnwindSafe(|| client.poll_read(&mut [0]))).unwrap_err();
    let text = panic.downcast_ref::<&str>().copied().map(String::from);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap();
    assert!(text.contains("no Task is currently running"), "{text}");
}

#[test]
#[allow(deprecated, reason = "they are still there")]
fn the_forms_of_std_say_would_block_within_a_task() {
    let mut listener = tcp_listener();
    let (mut client, _server) = tcp_and_std();
    future::lazy(|| {
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(listener.accept_std().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(client.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(client.try_clone().is_err());
        Ok::<_, ()>(())
    })
    .wait()
    .unwrap();
}

#[test]
fn peeking_takes_nothing_out() {
    let (mut client, mut server) = tcp_and_std();
    server.write_all(b"ahoy").unwrap();
    let mut buf = [0; 2];
    assert_eq!(future::poll_fn(|| client.poll_peek(&mut buf)).wait().unwrap(), 2);
    assert_eq!(&buf, b"ah");
    assert_eq!(&io::read_exact(client, [0; 4]).wait().unwrap().1, b"ahoy");
}

/// In tokio 0.1 the peer saw nothing of it, and went on to wait.
#[test]
fn io_shutdown_ends_the_stream_for_the_peer() {
    let (client, mut server) = tcp_and_std();
    let (client, _) = io::write_all(client, b"ahoy").wait().unwrap();
    let client = io::shutdown(client).wait().unwrap();
    let mut all = String::new();
    server.read_to_string(&mut all).unwrap();
    assert_eq!(all, "ahoy");
    server.write_all(b"there").unwrap();
    drop(server);
    assert_eq!(io::read_to_end(client, Vec::new()).wait().unwrap().1, b"there");
}

#[test]
fn either_side_can_be_ended_by_itself() {
    let (client, mut server) = tcp_and_std();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
}

/// A shutdown of a connection that the peer has reset is no error: it has ended.
#[test]
fn shutdown_after_a_reset_is_no_error() {
    let (client, server) = tcp_pair();
    server.set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    let error = io::read_to_end(&client, Vec::new()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    io::shutdown(&client).wait().unwrap();
}

#[test]
fn an_echo_in_halves_counts_every_byte() {
    const ROUNDS: usize = 200;
    let listener = tcp_listener();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || {
        let mut client = std::net::TcpStream::connect(address).unwrap();
        for _ in 0..ROUNDS {
            client.write_all(b"ping").unwrap();
            let mut buf = [0; 4];
            client.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"ping");
        }
    });
    let server = listener.incoming().wait().next().unwrap().unwrap();
    let (reader, writer) = server.split();
    let (copied, reader, writer) = io::copy(reader, writer).wait().unwrap();
    assert_eq!(copied, 4 * ROUNDS as u64);
    reader.unsplit(writer).peer_addr().unwrap();
    client.join().unwrap();
}

/// Three clients write a word each, and are gone.
fn three_words(listener: &TcpListener) -> thread::JoinHandle<()> {
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for word in ["star", "board", "!"] {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(word.as_bytes()).unwrap();
        }
    })
}

#[test]
fn connections_can_be_chained_and_limited() {
    let listener = tcp_listener();
    let clients = three_words(&listener);
    let mut accepted = listener.incoming().wait().map(Result::unwrap);
    let (one, two, three) =
        (accepted.next().unwrap(), accepted.next().unwrap(), accepted.next().unwrap());
    let all = io::read_to_end(one.chain(two).chain(three), Vec::new()).wait().unwrap().1;
    assert_eq!(all, b"starboard!");
    clients.join().unwrap();

    let listener = tcp_listener();
    let clients = three_words(&listener);
    let mut accepted = listener.incoming().wait().map(Result::unwrap);
    let one = accepted.next().unwrap();
    assert_eq!(io::read_to_end(one.take(2), Vec::new()).wait().unwrap().1, b"st");
    clients.join().unwrap();
}

#[test]
fn many_connections_are_served_by_one_task() {
    const CLIENTS: usize = 20;
    let listener = tcp_listener();
    let address = listener.local_addr().unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            thread::spawn(move || {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                client.write_all(&[number as u8; 32]).unwrap();
                client.shutdown(Shutdown::Write).unwrap();
                let mut all = Vec::new();
                client.read_to_end(&mut all).unwrap();
                assert_eq!(all, [number as u8; 32]);
            })
        })
        .collect();
    let served = listener
        .incoming()
        .map(|socket| {
            let (reader, writer) = socket.split();
            io::copy(reader, writer)
        })
        .buffer_unordered(CLIENTS)
        .take(CLIENTS as u64)
        .fold(0, |sum, (copied, ..)| future::ok::<_, io::Error>(sum + copied));
    assert_eq!(served.wait().unwrap(), 32 * CLIENTS as u64);
    clients.into_iter().for_each(|client| client.join().unwrap());
}

#[test]
fn all_pieces_of_a_buffer_go_out_with_one_call() {
    let (client, mut server) = tcp_and_std();
    let mut pieces = Buf::chain(b"star".into_buf(), b"board".into_buf());
    let written = future::poll_fn(|| (&client).write_buf(&mut pieces)).wait().unwrap();
    assert_eq!((written, pieces.remaining()), (9, 0));
    drop(client);
    let mut all = String::new();
    server.read_to_string(&mut all).unwrap();
    assert_eq!(all, "starboard");
}

#[test]
fn a_large_transfer_waits_for_room() {
    const LENGTH: usize = 4 << 20;
    let (client, server) = tcp_pair();
    let writing = io::write_all(client, vec![7; LENGTH]).map(drop);
    let reading = io::read_to_end(server, Vec::new());
    let ((), (_, all)) = writing.join(reading).wait().unwrap();
    assert_eq!(all.len(), LENGTH);
    assert!(all.iter().all(|byte| *byte == 7));
}

#[test]
fn options_are_those_of_the_system() {
    let (client, _server) = tcp_pair();
    assert!(!client.nodelay().unwrap());
    client.set_nodelay(true).unwrap();
    assert!(client.nodelay().unwrap());

    assert_eq!(client.keepalive().unwrap(), None);
    client.set_keepalive(Some(Duration::from_secs(77))).unwrap();
    assert_eq!(client.keepalive().unwrap(), Some(Duration::from_secs(77)));
    client.set_keepalive(None).unwrap();
    assert_eq!(client.keepalive().unwrap(), None);

    client.set_ttl(9).unwrap();
    assert_eq!(client.ttl().unwrap(), 9);
    client.set_linger(Some(Duration::from_secs(3))).unwrap();
    assert_eq!(client.linger().unwrap(), Some(Duration::from_secs(3)));
    client.set_linger(None).unwrap();
    assert_eq!(client.linger().unwrap(), None);

    client.set_recv_buffer_size(10_000).unwrap();
    client.set_send_buffer_size(20_000).unwrap();
    assert!(client.recv_buffer_size().unwrap() >= 10_000);
    assert!(client.send_buffer_size().unwrap() >= 20_000);

    let listener = tcp_listener();
    listener.set_ttl(5).unwrap();
    assert_eq!(listener.ttl().unwrap(), 5);
}

#[test]
fn a_socket_that_was_set_up_before_connects() {
    let listener = tcp_listener();
    let address = listener.local_addr().unwrap();
    let socket = minato::net::TcpSocket::new_v4().unwrap();
    socket.bind(loopback()).unwrap();
    let bound_to = socket.local_addr().unwrap();
    let descriptor = std::os::fd::AsFd::as_fd(&socket).try_clone_to_owned().unwrap();
    drop(socket);
    let socket = std::net::TcpStream::from(descriptor);
    let client = TcpStream::connect_std(socket, &address, &Handle::default()).wait().unwrap();
    assert_eq!(client.local_addr().unwrap(), bound_to);
}

#[test]
#[allow(deprecated, reason = "they are still there")]
fn the_old_names_of_the_futures_are_there() {
    fn connects(connecting: tokio::net::ConnectFuture) -> tokio::net::tcp::ConnectFuture {
        connecting
    }
    fn accepts(incoming: tokio::net::Incoming) -> tokio::net::tcp::Incoming {
        incoming
    }
    let listener = tcp_listener();
    let connecting = connects(TcpStream::connect(&listener.local_addr().unwrap()));
    let (_, accepted) = connecting
        .join(accepts(listener.incoming()).into_future().map_err(|(error, _)| error))
        .wait()
        .unwrap();
    assert!(accepted.0.is_some());
}
