//! The background reactor replaced by one that can be stopped. One test, alone in its process.

use std::io::Write;

use futures::Future;
use tokio::io;
use tokio::net::TcpStream;
use tokio::reactor::Reactor;

/// What tokio 0.1's background thread could not be: stopped.
#[test]
fn a_reactor_of_ones_own_serves_sockets_everywhere_and_can_be_stopped() {
    let reactor = Reactor::new().unwrap();
    reactor.set_fallback().unwrap();
    assert!(Reactor::new().unwrap().set_fallback().is_err());
    let background = reactor.background().unwrap();

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(&listener.local_addr().unwrap()).wait().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"ahoy").unwrap();
    let (client, _) = io::read_exact(client, [0; 4]).wait().unwrap();

    background.shutdown_now().wait().unwrap();
    // The socket goes on, on Minato's own.
    let reading = std::thread::spawn(|| io::read_exact(client, [0; 5]).wait().unwrap().1);
    server.write_all(b"there").unwrap();
    assert_eq!(&reading.join().unwrap(), b"there");
}
