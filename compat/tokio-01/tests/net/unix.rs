//! Unix sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use bytes::BytesMut;
use futures::{Future, Sink, Stream, future};
use tokio::codec::{Decoder, LinesCodec};
use tokio::io;
use tokio::net::{UnixDatagram, UnixDatagramFramed, UnixListener, UnixStream};
use tokio::reactor::Handle;

#[test]
fn a_connection_by_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("harbour");
    let listener = UnixListener::bind(&path).unwrap();
    assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
    assert!(listener.take_error().unwrap().is_none());
    let client = UnixStream::connect(&path);
    let accepted = listener.incoming().into_future().map_err(|(error, _)| error);
    let (client, (server, _)) = client.join(accepted).wait().unwrap();
    let server = server.unwrap();
    assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*path));
    assert!(server.take_error().unwrap().is_none());

    let (client, _) = io::write_all(client, b"ahoy").wait().unwrap();
    io::shutdown(client).wait().unwrap();
    assert_eq!(io::read_to_end(server, Vec::new()).wait().unwrap().1, b"ahoy");
}

#[test]
fn poll_accept_needs_no_exclusive_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("harbour");
    let listener = UnixListener::bind(&path).unwrap();
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let (server, from) = future::poll_fn(|| listener.poll_accept()).wait().unwrap();
    assert!(from.is_unnamed());
    assert_eq!(server.local_addr().unwrap().as_pathname(), Some(&*path));
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    future::poll_fn(|| listener.poll_accept_std()).wait().unwrap();
}

#[test]
fn a_connect_to_nobody_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let error = UnixStream::connect(directory.path().join("nobody")).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_pair_knows_its_user() {
    let (one, two) = UnixStream::pair().unwrap();
    let (first, second) = (one.peer_cred().unwrap(), two.peer_cred().unwrap());
    assert_eq!((first.uid, first.gid), (second.uid, second.gid));
    assert_eq!(first, second);
}

#[test]
fn echo_in_halves() {
    let (one, two) = UnixStream::pair().unwrap();
    let (reader, writer) = io::AsyncRead::split(two);
    let echo = io::copy(reader, writer)
        .and_then(|(copied, _, writer)| io::shutdown(writer).map(move |_| copied));
    let asking = io::write_all(one, b"ahoy")
        .and_then(|(one, _)| io::shutdown(one))
        .and_then(|one| io::read_to_end(one, Vec::new()));
    let (copied, (_, answer)) = echo.join(asking).wait().unwrap();
    assert_eq!((copied, &answer[..]), (4, &b"ahoy"[..]));
}

#[test]
fn sockets_of_std_become_non_blocking() {
    let (mut one, two) = std::os::unix::net::UnixStream::pair().unwrap();
    let two = UnixStream::from_std(two, &Handle::default()).unwrap();
    let polled = future::lazy(|| io::AsyncRead::poll_read(&mut &two, &mut [0]));
    assert!(polled.wait().unwrap().is_not_ready());
    one.write_all(b"a").unwrap();
    assert_eq!(&io::read_exact(&two, [0]).wait().unwrap().1, b"a");
    two.shutdown(Shutdown::Write).unwrap();
    assert_eq!(one.read(&mut [0]).unwrap(), 0);

    let (one, two) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let two = UnixDatagram::from_std(two, &Handle::default()).unwrap();
    let polled = future::lazy(|| two.poll_recv(&mut [0]).map(|polled| polled.is_ready()));
    assert!(!polled.wait().unwrap());
    one.send(b"a").unwrap();
    assert_eq!(future::poll_fn(|| two.poll_recv(&mut [0])).wait().unwrap(), 1);
}

#[test]
fn datagrams_by_value_and_by_polling() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (directory.path().join("ship"), directory.path().join("harbour"));
    let (ship, harbour) = (UnixDatagram::bind(&here).unwrap(), UnixDatagram::bind(&there).unwrap());
    let (ship, _) = ship.send_dgram(b"ahoy", &there).wait().unwrap();
    let (harbour, buf, len, from) = harbour.recv_dgram([0; 8]).wait().unwrap();
    assert_eq!((&buf[..len], from.as_str()), (&b"ahoy"[..], here.to_str().unwrap()));

    future::poll_fn(|| harbour.poll_send_to(b"there", &here)).wait().unwrap();
    let mut buf = [0; 8];
    let (len, from) = future::poll_fn(|| ship.poll_recv_from(&mut buf)).wait().unwrap();
    assert_eq!((&buf[..len], from.as_pathname()), (&b"there"[..], Some(&*there)));

    let nameless = UnixDatagram::unbound().unwrap();
    nameless.connect(&there).unwrap();
    future::poll_fn(|| nameless.poll_send(b"who")).wait().unwrap();
    let (_, _, len, from) = harbour.recv_dgram([0; 8]).wait().unwrap();
    assert_eq!((len, from.as_str()), (3, ""));
}

#[test]
fn an_error_of_send_dgram_leaves_everything() {
    let directory = tempfile::tempdir().unwrap();
    let nobody = directory.path().join("nobody");
    let mut sending = UnixDatagram::unbound().unwrap().send_dgram(b"ahoy", nobody.clone());
    let error = future::poll_fn(|| sending.poll()).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let (_socket, buf, path) = sending.into_parts().unwrap();
    assert_eq!((buf, path), (b"ahoy", nobody));
}

/// Only whole words, and nothing of what is too short.
struct Long;

impl Decoder for Long {
    type Item = usize;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<usize>> {
        Ok((src.len() > 4).then_some(src.len()))
    }
}

/// In tokio 0.1 the first of these datagrams ended the stream.
#[test]
fn a_datagram_without_a_frame_does_not_end_the_stream() {
    let (one, two) = UnixDatagram::pair().unwrap();
    for datagram in [&b"tiny"[..], b"long enough"] {
        future::poll_fn(|| one.poll_send(datagram)).wait().unwrap();
    }
    let mut frames = UnixDatagramFramed::<&str, _>::new(two, Long).wait();
    assert_eq!(frames.next().unwrap().unwrap().0, 11);
}

#[test]
fn frames_go_to_paths_and_come_with_them() {
    let directory = tempfile::tempdir().unwrap();
    let (here, there) = (directory.path().join("ship"), directory.path().join("harbour"));
    let ship = UnixDatagramFramed::new(UnixDatagram::bind(&here).unwrap(), LinesCodec::new());
    let mut harbour =
        UnixDatagramFramed::<&str, _>::new(UnixDatagram::bind(&there).unwrap(), LinesCodec::new());
    harbour.get_mut().take_error().unwrap();
    drop(ship.send(("ahoy".to_owned(), there)).wait().unwrap());
    let (line, from) = Stream::wait(harbour).next().unwrap().unwrap();
    assert_eq!((line.as_str(), from.as_pathname()), ("ahoy", Some(&*here)));
}
