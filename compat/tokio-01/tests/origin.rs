//! The two programs of the page "I/O with Tokio", in the words of this project: what they are for
//! must work. Their letter is held elsewhere, where the page lies beside the project.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::thread;

use futures::try_ready;
use tokio::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::prelude::*;

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Five bytes are read from each client and written back, and each client is a task.
#[test]
fn five_bytes_come_back_from_a_server_of_the_old_kind() {
    const CLIENTS: u8 = 20;
    let (listener, address) = listen();
    // One that says nothing holds nobody up.
    let silent = std::net::TcpStream::connect(address).unwrap();
    let server = listener.incoming().take(u64::from(CLIENTS) + 1).for_each(|socket| {
        assert!(socket.peer_addr().is_ok());
        let connection = io::read_exact(socket, vec![0; 5])
            .and_then(|(socket, buf)| io::write_all(socket, buf))
            .then(|_| Ok(()));
        tokio::spawn(connection);
        Ok(())
    });
    let clients = thread::spawn(move || {
        for number in 0..CLIENTS {
            let question = [number, b'a', b'h', b'o', b'y'];
            let asked = TcpStream::connect(&address)
                .and_then(|socket| io::write_all(socket, question))
                .and_then(|(socket, _)| io::read_to_end(socket, Vec::new()));
            assert_eq!(asked.wait().unwrap().1, question);
        }
        drop(silent);
    });
    tokio::run(server.map_err(|error| panic!("{error}")));
    clients.join().unwrap();
}

/// Fills a buffer, then gives it back with the connection; `None` when it is done.
struct Fill(Option<Filling>);

struct Filling {
    socket: TcpStream,
    buf: Vec<u8>,
    filled: usize,
}

impl Fill {
    fn new(socket: TcpStream, len: usize) -> Self {
        Self(Some(Filling { socket, buf: vec![0; len], filled: 0 }))
    }
}

impl Future for Fill {
    type Item = (TcpStream, Vec<u8>);
    type Error = io::Error;

    fn poll(&mut self) -> Poll<Self::Item, io::Error> {
        let Some(Filling { socket, buf, filled }) = &mut self.0 else {
            panic!("Fill polled after completion");
        };
        while *filled < buf.len() {
            match try_ready!(socket.poll_read(&mut buf[*filled..])) {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => *filled += read,
            }
        }
        Ok(self.0.take().map_or(Async::NotReady, |done| Async::Ready((done.socket, done.buf))))
    }
}

/// A connection, and the end of it that a blocking peer has.
fn connection() -> (TcpStream, std::net::TcpStream) {
    let (listener, address) = listen();
    let peer = std::net::TcpStream::connect(address).unwrap();
    let mut incoming = listener.incoming().wait();
    (incoming.next().unwrap().unwrap(), peer)
}

/// It goes on from where it was, however the bytes come, and then gives everything back.
#[test]
fn a_read_exact_of_ones_own_of_the_old_kind() {
    let (socket, mut peer) = connection();
    let peer_address = peer.local_addr().unwrap();
    let writing = thread::spawn(move || {
        for byte in b"ahoy!" {
            peer.write_all(&[*byte]).unwrap();
            thread::yield_now();
        }
        peer
    });
    let (socket, five) = Fill::new(socket, 5).wait().unwrap();
    assert_eq!(five, b"ahoy!");
    assert_eq!(socket.peer_addr().unwrap(), peer_address);
    drop(writing.join().unwrap());
    assert_eq!(Fill::new(socket, 1).wait().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_future_of_the_old_kind_that_is_done_panics_and_says_so() {
    let (socket, _peer) = connection();
    let mut filling = Fill::new(socket, 0);
    assert!(filling.poll().unwrap().is_ready());
    let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| filling.poll()));
    assert_eq!(*again.unwrap_err().downcast::<&str>().unwrap(), "Fill polled after completion");
}
