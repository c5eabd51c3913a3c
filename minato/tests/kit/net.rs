//! Connections for tests.

use minato::io::AsyncReadExt;
use minato::net::{TcpListener, TcpStream};
use std::io;

/// A listener on a free port of the loopback.
pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Both ends of a connection: the one that connected, and the one that was accepted.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = listener().await;
    pair_with(&listener).await
}

/// Both ends of a connection to `listener`. The accepted one was tried: it is known that nothing
/// has come.
pub(crate) async fn pair_with(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let (client, accepted) = fresh_pair_with(listener).await;
    accepted.try_read(&mut [0]).unwrap_err();
    (client, accepted)
}

/// Both ends of a connection to `listener`, of which nothing is known.
pub(crate) async fn fresh_pair_with(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let address = listener.local_addr().unwrap();
    let (client, accepted) = futures::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

/// One end of ours, and one of std's that blocks.
pub(crate) async fn pair_with_std() -> (TcpStream, std::net::TcpStream) {
    let listener = listener().await;
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().await.unwrap().0, peer)
}

/// Writes without waiting until there is no more room; returns how much that was.
pub(crate) fn fill(stream: &TcpStream) -> usize {
    let chunk = vec![b'x'; 64 * 1024];
    let mut filled = 0;
    loop {
        match stream.try_write(&chunk) {
            Ok(written) => filled += written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return filled,
            Err(error) => panic!("filling failed after {filled} bytes: {error}"),
        }
        assert!(filled < 1 << 30, "a gigabyte was taken without anybody reading");
    }
}

/// Reads exactly `len` bytes.
pub(crate) async fn read_all(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}
