//! Event sources of mio 0.6.

#![cfg(feature = "mio-06")]

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use futures::{Async, Future, Stream, future};
use mio::unix::{EventedFd, UnixReady};
use mio::{Evented, Poll, PollOpt, Ready, Token};
use tokio::io;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixListener};
use tokio::reactor::{Handle, PollEvented2, Reactor, Registration};

/// A stream of std as an event source.
struct Source(UnixStream);

impl Evented for Source {
    fn register(&self, p: &Poll, t: Token, i: Ready, o: PollOpt) -> io::Result<()> {
        EventedFd(&self.0.as_raw_fd()).register(p, t, i, o)
    }

    fn reregister(&self, p: &Poll, t: Token, i: Ready, o: PollOpt) -> io::Result<()> {
        EventedFd(&self.0.as_raw_fd()).reregister(p, t, i, o)
    }

    fn deregister(&self, p: &Poll) -> io::Result<()> {
        EventedFd(&self.0.as_raw_fd()).deregister(p)
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Source {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Read for &Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buf)
    }
}

impl Write for &Source {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&self.0).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.0).flush()
    }
}

fn source() -> (Source, UnixStream) {
    let (one, two) = UnixStream::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    (Source(one), two)
}

#[test]
fn a_source_is_read_up_to_its_end() {
    let (source, mut peer) = source();
    let writing = thread::spawn(move || {
        for word in ["star", "board"] {
            peer.write_all(word.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    });
    let source = PollEvented2::new(source);
    let (source, all) = io::read_to_end(source, Vec::new()).wait().unwrap();
    assert_eq!(all, b"starboard");
    writing.join().unwrap();
    let mut inner = source.into_inner().unwrap();
    assert_eq!(inner.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_full_source_is_written_when_there_is_room() {
    const LENGTH: usize = 2 << 20;
    let (source, mut peer) = source();
    let source = PollEvented2::new(source);
    let reading = thread::spawn(move || {
        let mut all = Vec::new();
        peer.read_to_end(&mut all).unwrap();
        all.len()
    });
    let (source, _) = io::write_all(source, vec![7; LENGTH]).wait().unwrap();
    drop(io::shutdown(source).wait().unwrap());
    assert_eq!(reading.join().unwrap(), LENGTH);
}

#[test]
fn shared_sources_have_any_number_of_readers() {
    for _ in 0..200 {
        three_readers_of_one_source();
    }
}

fn three_readers_of_one_source() {
    let (source, mut peer) = source();
    let source = Arc::new(PollEvented2::new(source));
    let (waiting, waits) = mpsc::channel();
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (source, waiting) = (source.clone(), waiting.clone());
            thread::spawn(move || {
                let mut buf = [0];
                let reading = future::poll_fn(|| {
                    let polled = io::AsyncRead::poll_read(&mut &*source, &mut buf);
                    if let Ok(Async::NotReady) = polled {
                        waiting.send(()).unwrap();
                    }
                    polled
                });
                assert_eq!(reading.wait().unwrap(), 1);
                buf[0]
            })
        })
        .collect();
    for _ in 0..3 {
        waits.recv().unwrap();
    }
    peer.write_all(b"abc").unwrap();
    let mut all: Vec<u8> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, b"abc");
}

#[test]
fn readiness_is_taken_and_a_hang_up_stays() {
    let (source, mut peer) = source();
    let registration = Registration::new();
    assert!(registration.poll_read_ready().is_err(), "not registered");
    assert!(registration.register(&source).unwrap());
    assert!(!registration.register(&source).unwrap());
    peer.write_all(b"a").unwrap();
    let ready = future::poll_fn(|| registration.poll_read_ready()).wait().unwrap();
    assert!(ready.is_readable());
    assert_eq!(registration.take_read_ready().unwrap(), None, "it was taken");
    let ready = future::poll_fn(|| registration.poll_write_ready()).wait().unwrap();
    assert!(ready.is_writable());
    assert_eq!(registration.take_write_ready().unwrap(), None);

    drop(peer);
    let is_hup = |ready: Ready| UnixReady::from(ready).is_hup();
    let hung_up = || match future::poll_fn(|| registration.poll_read_ready()).wait() {
        Ok(ready) if is_hup(ready) => true,
        other => panic!("{other:?}"),
    };
    assert!(hung_up());
    assert!(registration.take_read_ready().unwrap().is_some_and(is_hup), "for good");
    assert!(registration.take_write_ready().unwrap().is_some_and(is_hup), "and for both");
    let mut registration = registration;
    registration.deregister(&source).unwrap();
    assert!(registration.take_read_ready().is_err());
}

#[test]
fn what_was_cleared_waits_for_the_next_event() {
    let (source, mut peer) = source();
    let source = PollEvented2::new(source);
    peer.write_all(b"a").unwrap();
    let readable = || future::poll_fn(|| source.poll_read_ready(Ready::readable())).wait();
    assert!(readable().unwrap().is_readable());
    assert!(readable().unwrap().is_readable(), "it is known until it is cleared");
    let cleared = future::lazy(|| {
        source.clear_read_ready(Ready::readable())?;
        source.poll_read_ready(Ready::readable())
    });
    assert_eq!(cleared.wait().unwrap(), Async::NotReady);
    peer.write_all(b"b").unwrap();
    assert!(readable().unwrap().is_readable());
}

#[test]
fn a_source_belongs_to_the_reactor_that_it_was_given() {
    let mut reactor = Reactor::new().unwrap();
    let (source, mut peer) = source();
    let source = PollEvented2::new_with_handle(source, &reactor.handle()).unwrap();
    let (done, is_done) = mpsc::channel();
    let reading = thread::spawn(move || {
        let result = io::read_exact(source, [0; 4]).wait().map(|(_, buf)| buf);
        done.send(()).unwrap();
        result
    });
    peer.write_all(b"ahoy").unwrap();
    while is_done.try_recv() == Err(mpsc::TryRecvError::Empty) {
        reactor.turn(Some(Duration::from_millis(5))).unwrap();
    }
    assert_eq!(&reading.join().unwrap().unwrap(), b"ahoy");
    assert!(reactor.is_idle(), "with the last source its nest is gone");
}

#[test]
fn when_its_reactor_ends_a_source_fails_and_does_not_hang() {
    let reactor = Reactor::new().unwrap();
    let (source, _peer) = source();
    let source = PollEvented2::new_with_handle(source, &reactor.handle()).unwrap();
    let (waiting, waits) = mpsc::channel();
    let reading = thread::spawn(move || {
        let reading = future::poll_fn(|| {
            let polled = source.poll_read_ready(Ready::readable());
            _ = waiting.send(());
            polled
        });
        reading.wait().map(drop)
    });
    waits.recv().unwrap();
    drop(reactor);
    assert!(reading.join().unwrap().is_err());
}

#[test]
fn a_socket_tells_its_readiness() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(&listener.local_addr().unwrap()).wait().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let ready = future::poll_fn(|| client.poll_write_ready()).wait().unwrap();
    assert!(ready.is_writable());
    let poll = |client: &TcpStream| client.poll_read_ready(Ready::readable());
    assert_eq!(future::lazy(|| poll(&client)).wait().unwrap(), Async::NotReady);
    server.write_all(b"ahoy").unwrap();
    assert!(future::poll_fn(|| poll(&client)).wait().unwrap().is_readable());
    // Reading until it would block clears it.
    future::lazy(|| {
        let mut buf = [0; 16];
        while io::AsyncRead::poll_read(&mut client, &mut buf)?.is_ready() {}
        Ok::<_, io::Error>(())
    })
    .wait()
    .unwrap();
    assert_eq!(future::lazy(|| poll(&client)).wait().unwrap(), Async::NotReady);
}

/// A reset shows before what was received is read, and takes none of it.
#[test]
fn a_hang_up_shows_before_the_data() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(&listener.local_addr().unwrap()).wait().unwrap();
    let (server, _) = listener.accept().unwrap();
    let mut server = TcpStream::from_std(server, &Handle::default()).unwrap();
    server.set_linger(Some(Duration::ZERO)).unwrap();
    server.write_all(b"ahoy").unwrap();
    drop(server);
    let hup = UnixReady::hup().into();
    let ready = future::poll_fn(|| client.poll_read_ready(hup)).wait().unwrap();
    assert!(UnixReady::from(ready).is_hup());
    future::poll_fn(|| client.poll_write_ready()).wait().unwrap();
    assert_eq!(&io::read_exact(&client, [0; 4]).wait().unwrap().1, b"ahoy");
}

#[test]
fn the_other_sockets_tell_too() {
    let (one, two) = UnixDatagram::pair().unwrap();
    assert!(future::poll_fn(|| one.poll_write_ready()).wait().unwrap().is_writable());
    future::poll_fn(|| one.poll_send(b"a")).wait().unwrap();
    let readable = future::poll_fn(|| two.poll_read_ready(Ready::readable()));
    assert!(readable.wait().unwrap().is_readable());

    let (one, two) = tokio::net::UnixStream::pair().unwrap();
    assert!(future::poll_fn(|| one.poll_write_ready()).wait().unwrap().is_writable());
    drop(one);
    let readable = future::poll_fn(|| two.poll_read_ready(Ready::readable()));
    assert!(UnixReady::from(readable.wait().unwrap()).is_hup());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("harbour");
    let listener = UnixListener::bind(&path).unwrap();
    let _client = UnixStream::connect(&path).unwrap();
    let readable = future::poll_fn(|| listener.poll_read_ready(Ready::readable()));
    assert!(readable.wait().unwrap().is_readable());
    listener.incoming().wait().next().unwrap().unwrap();

    let socket = UdpSocket::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    assert!(future::poll_fn(|| socket.poll_write_ready()).wait().unwrap().is_writable());
    let to = socket.local_addr().unwrap();
    let (socket, _) = socket.send_dgram(b"a", &to).wait().unwrap();
    let readable = future::poll_fn(|| socket.poll_read_ready(Ready::readable()));
    assert!(readable.wait().unwrap().is_readable());
}

#[test]
fn sources_work_on_a_runtime_of_minato() {
    let runtime = minato::runtime::Builder::new_current_thread().build().unwrap();
    let (source, mut peer) = source();
    let source = PollEvented2::new(source);
    let reading = tokio::bridge::to_std(io::read_exact(source, [0; 9]));
    let writing = thread::spawn(move || {
        for word in ["star", "board"] {
            peer.write_all(word.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    });
    let (_, buf) = runtime.block_on(reading).unwrap();
    assert_eq!(&buf, b"starboard");
    writing.join().unwrap();
}

#[test]
#[allow(deprecated, reason = "it is still there")]
fn the_oldest_form_is_there() {
    use tokio::reactor::PollEvented;
    let (source, mut peer) = source();
    let mut source = PollEvented::new(source, &Handle::default()).unwrap();
    let polled = future::lazy(|| {
        assert_eq!(source.poll_read(), Async::NotReady);
        assert_eq!(source.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(source.poll_ready(Ready::readable()), Async::NotReady);
        Ok::<_, io::Error>(source)
    });
    let mut source = polled.wait().unwrap();
    future::poll_fn(|| Ok::<_, ()>(source.poll_write())).wait().unwrap();
    peer.write_all(b"ahoy").unwrap();
    let (source, buf) = io::read_exact(source, [0; 4]).wait().unwrap();
    assert_eq!(&buf, b"ahoy");
    let (source, _) = io::write_all(source, b"aye").wait().unwrap();
    source.deregister().unwrap();
    drop(source.into_inner());
    assert_eq!(std::io::read_to_string(peer).unwrap(), "aye");
}
