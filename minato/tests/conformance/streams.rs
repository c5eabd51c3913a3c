//! C1 to C20: how streams carry bytes and how they end.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use minato::net::TcpStream;

use super::{conformance, say, text, went};
use crate::kit::{At, net};

conformance! {
    1 each_direction_ends_by_itself "Each direction of a stream ends by itself";
    2 a_close_with_unread_bytes "A close with unread bytes resets";
    3 a_reset_behind_bytes "A reset discards nothing that has arrived";
    4 writes_after_a_close "The first write after the peer's close goes out, and the next fails";
    5 reads_after_such_a_write "What reads say after the reset that such a write brings";
    6 linger_zero_behind_bytes "Linger 0 resets, and what is on its way arrives before";
    7 linger_zero "Linger 0 resets a silent connection";
    8 a_linger_that_is_long "A longer linger delivers what was written";
    9 no_more_reading "The reading side is shut";
    10 no_more_of_both "Both sides are shut";
    11 shutdowns_that_come_too_late "Shutdowns again, and after a reset";
    12 nothing_is_written "An empty write is nothing";
    13 looking_ahead "A look leaves the bytes";
    14 addresses_after_the_end "Whether the peer's address is known after each kind of end";
    15 reset_before_accept "A connection that was reset is accepted all the same";
    16 closed_before_accept "A connection that was closed is accepted with its bytes";
    17 a_full_stream "A full stream takes bytes again when they were read";
    18 a_reader_that_sleeps "How much a reader that sleeps lets through";
    19 many_pieces "Pieces arrive in order, in one read";
    20 a_server_that_goes "A listener that closes resets what waits to be accepted";
}

/// A read that does not wait.
pub(super) fn read(stream: &TcpStream) -> io::Result<String> {
    let mut buf = [0; 64];
    text(stream.try_read(&mut buf), &buf)
}

fn write(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.try_write(bytes)
}

async fn each_direction_ends_by_itself(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "write", &write(&client, b"abc"));
    went(&at, "shutdown", &client.shutdown_half(Shutdown::Write));
    at.deliver().await;
    went(&at, "the server reads", &read(&server));
    went(&at, "and then", &read(&server));
    went(&at, "and again", &read(&server));
    went(&at, "the server answers", &write(&server, b"xyz"));
    went(&at, "the client writes no more", &write(&client, b"d"));
    at.deliver().await;
    went(&at, "the client reads", &read(&client));
    went(&at, "more is to come", &read(&client));
    drop(server);
    at.deliver().await;
    went(&at, "it has come", &read(&client));
    went(&at, "error", &client.take_error());
}

async fn a_close_with_unread_bytes(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "write", &write(&client, b"unread"));
    at.deliver().await;
    drop(server);
    at.deliver().await;
    went(&at, "read", &read(&client));
    went(&at, "read again", &read(&client));
    went(&at, "write again", &write(&client, b"x"));
    went(&at, "error", &client.take_error());
}

async fn a_reset_behind_bytes(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "the server writes", &write(&server, b"before"));
    went(&at, "the client writes", &write(&client, b"unread"));
    at.deliver().await;
    drop(server);
    at.deliver().await;
    went(&at, "first read", &read(&client));
    went(&at, "second read", &read(&client));
    went(&at, "third read", &read(&client));
}

async fn writes_after_a_close(at: At) {
    let (client, server) = net::pair().await;
    drop(server);
    at.deliver().await;
    went(&at, "first write", &write(&client, b"x"));
    at.deliver().await;
    went(&at, "second write", &write(&client, b"x"));
    went(&at, "third write", &write(&client, b"x"));
    went(&at, "read", &read(&client));
    went(&at, "shutdown", &client.shutdown_half(Shutdown::Write));
}

async fn reads_after_such_a_write(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "the server's last words", &write(&server, b"bye"));
    at.deliver().await;
    drop(server);
    at.deliver().await;
    went(&at, "write", &write(&client, b"x"));
    at.deliver().await;
    went(&at, "first read", &read(&client));
    went(&at, "second read", &read(&client));
    went(&at, "third read", &read(&client));
    went(&at, "write again", &write(&client, b"x"));
    went(&at, "error", &client.take_error());
}

async fn linger_zero_behind_bytes(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "write", &write(&server, b"1234"));
    server.set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    at.deliver().await;
    went(&at, "first read", &read(&client));
    went(&at, "second read", &read(&client));
    went(&at, "third read", &read(&client));
}

async fn linger_zero(at: At) {
    let (client, server) = net::pair().await;
    server.set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    at.deliver().await;
    went(&at, "write", &write(&client, b"x"));
    went(&at, "read", &read(&client));
    went(&at, "read again", &read(&client));
    went(&at, "write again", &write(&client, b"x"));
}

async fn a_linger_that_is_long(at: At) {
    let (client, server) = net::pair().await;
    server.set_linger(Some(Duration::from_secs(5))).unwrap();
    went(&at, "linger", &server.linger());
    went(&at, "write", &write(&server, b"1234"));
    drop(server);
    at.deliver().await;
    went(&at, "first read", &read(&client));
    went(&at, "second read", &read(&client));
}

async fn no_more_reading(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "write", &write(&client, b"before"));
    at.deliver().await;
    went(&at, "shutdown", &server.shutdown_half(Shutdown::Read));
    went(&at, "what is there", &read(&server));
    went(&at, "and then", &read(&server));
    went(&at, "the peer may write", &write(&client, b"after"));
    at.deliver().await;
    went(&at, "that can be read", &read(&server));
    went(&at, "and then the end again", &read(&server));
    went(&at, "writing goes on", &write(&server, b"answer"));
    at.deliver().await;
    went(&at, "and arrives", &read(&client));
}

async fn no_more_of_both(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "shutdown", &server.shutdown_half(Shutdown::Both));
    at.deliver().await;
    went(&at, "read", &read(&server));
    went(&at, "write", &write(&server, b"x"));
    went(&at, "the peer reads", &read(&client));
    went(&at, "the peer writes", &write(&client, b"x"));
    at.deliver().await;
    went(&at, "the peer writes again", &write(&client, b"x"));
    went(&at, "the peer reads again", &read(&client));
    let error = server.take_error().map(|error| error.map(|error| error.kind()));
    went(&at, "the error of who shut", &error);
    went(&at, "who reads no more", &read(&server));
    let (client, server) = net::pair().await;
    client.shutdown_half(Shutdown::Write).unwrap();
    at.deliver().await;
    went(&at, "after the peer's end", &server.shutdown_half(Shutdown::Both));
    at.deliver().await;
    went(&at, "the peer reads the end", &read(&client));
    went(&at, "without an error", &client.take_error());
}

async fn shutdowns_that_come_too_late(at: At) {
    let (client, server) = net::pair().await;
    for turn in ["once", "twice"] {
        went(&at, turn, &client.shutdown_half(Shutdown::Write));
        at.deliver().await;
    }
    went(&at, "the other side", &client.shutdown_half(Shutdown::Read));
    drop(server);
    at.deliver().await;
    went(&at, "after both ends", &client.shutdown_half(Shutdown::Both));
    let (client, server) = net::pair().await;
    server.set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    at.deliver().await;
    went(&at, "after a reset", &client.shutdown_half(Shutdown::Write));
}

async fn nothing_is_written(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "write", &write(&client, b""));
    at.deliver().await;
    went(&at, "read", &read(&server));
    client.shutdown_half(Shutdown::Write).unwrap();
    went(&at, "after the own end", &write(&client, b""));
    server.set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    at.deliver().await;
    went(&at, "after a reset", &write(&client, b""));
}

async fn looking_ahead(at: At) {
    let (client, server) = net::pair().await;
    went(&at, "write", &write(&client, b"abc"));
    at.deliver().await;
    let mut buf = [0; 2];
    went(&at, "a short look", &text(server.peek(&mut buf).await, &buf));
    went(&at, "all is there", &read(&server));
    drop(client);
    at.deliver().await;
    went(&at, "a look at the end", &server.peek(&mut buf).await);
    went(&at, "the end", &read(&server));
}

async fn addresses_after_the_end(at: At) {
    let known = |stream: &TcpStream| stream.peer_addr().map(drop);
    let (client, server) = net::pair().await;
    went(&at, "connected", &known(&client));
    client.shutdown_half(Shutdown::Both).unwrap();
    at.deliver().await;
    went(&at, "shut", &known(&client));
    went(&at, "the peer has shut", &known(&server));
    drop(client);
    at.deliver().await;
    went(&at, "the peer is gone", &known(&server));
    let (client, server) = net::pair().await;
    server.set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    at.deliver().await;
    went(&at, "reset", &known(&client));
    say(&at, "the own address stays", client.local_addr().is_ok_and(|own| own.port() != 0));
}

async fn reset_before_accept(at: At) {
    let listener = net::listener().await;
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    went(&at, "write", &write(&client, b"early"));
    client.set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    at.deliver().await;
    let accepted = listener.try_accept().map(|(stream, _)| stream);
    say(&at, "it is accepted", accepted.is_ok());
    let Ok(stream) = accepted else { return };
    went(&at, "first read", &read(&stream));
    went(&at, "second read", &read(&stream));
    went(&at, "third read", &read(&stream));
    went(&at, "peer", &stream.peer_addr().map(drop));
    went(&at, "write", &write(&stream, b"x"));
}

async fn closed_before_accept(at: At) {
    let listener = net::listener().await;
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    went(&at, "write", &write(&client, b"early"));
    drop(client);
    at.deliver().await;
    let (stream, _) = listener.accept().await.unwrap();
    went(&at, "first read", &read(&stream));
    went(&at, "second read", &read(&stream));
    went(&at, "peer", &stream.peer_addr().map(drop));
    went(&at, "write", &write(&stream, b"x"));
    at.deliver().await;
    went(&at, "write again", &write(&stream, b"x"));
    went(&at, "nobody else waits", &listener.try_accept().map(drop));
}

async fn a_full_stream(at: At) {
    let (client, server) = net::pair().await;
    let mut filled = net::fill(&client);
    at.deliver().await;
    filled += net::fill(&client);
    went(&at, "no more", &write(&client, b"x"));
    let mut drained = 0;
    let mut buf = vec![0; 1 << 16];
    while drained < filled {
        server.readable().await.unwrap();
        match server.try_read(&mut buf) {
            Ok(0) => break,
            Ok(len) => drained += len,
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
    say(&at, "all arrives", drained == filled);
    client.writable().await.unwrap();
    went(&at, "and there is room again", &write(&client, b"x"));
}

async fn a_reader_that_sleeps(at: At) {
    let (client, _server) = net::pair().await;
    let mut filled = 0;
    for _ in 0..4 {
        filled += net::fill(&client);
        at.deliver().await;
    }
    let statement = "more than 1 MiB is taken before a reader that sleeps stops the writer";
    say(&at, statement, filled > 1 << 20);
    say(&at, "it takes some", filled > 1 << 16);
}

async fn many_pieces(at: At) {
    let (client, server) = net::pair().await;
    let pieces = [io::IoSlice::new(b"one "), io::IoSlice::new(b""), io::IoSlice::new(b"two")];
    went(&at, "vectored write", &client.try_write_vectored(&pieces));
    went(&at, "another", &write(&client, b" three"));
    at.deliver().await;
    went(&at, "read", &read(&server));
    went(&at, "no more", &read(&server));
}

async fn a_server_that_goes(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    went(&at, "write", &write(&client, b"hello"));
    at.deliver().await;
    drop(listener);
    at.deliver().await;
    went(&at, "read", &read(&client));
    went(&at, "read again", &read(&client));
    went(&at, "write", &write(&client, b"x"));
    went(&at, "connect", &TcpStream::connect(address).await.map(drop));
}
