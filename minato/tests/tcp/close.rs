//! How streams end: in order, half, and by resets.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use minato::engine::Interest;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;

use crate::kit::{At, cases, net, outcome_text};

cases! {
    the_client_half_closes [];
    the_server_half_closes [];
    a_dropped_stream_ends [];
    data_and_the_end_come_together [];
    data_and_the_end_come_together_to_a_reader_that_waits [];
    the_end_comes_after_a_short_read [];
    a_reset_in_mid_read [];
    a_reset_wakes_a_reader_that_waits [];
    a_reset_wakes_a_writer_that_waits [];
    an_error_of_accepted_bytes_outlives_a_look_at_the_descriptor [];
    a_write_after_the_peer_closed_fails [];
    a_close_with_unread_data_resets [];
    linger_zero_resets [];
    bytes_sent_before_a_linger_zero_close_arrive_before_the_reset [];
    shutting_the_reading_side_ends_reads [];
    shutting_both_sides [];
    shutting_down_twice [];
    a_write_after_the_own_end_is_a_broken_pipe [];
    the_end_can_be_read_again_and_again [];
    an_empty_stream_ends_at_once [];
}

async fn the_client_half_closes(_: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"last words").await.unwrap();
    client.shutdown().await.unwrap();
    let mut all = Vec::new();
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"last words");
    server.write_all(b"an answer all the same").await.unwrap();
    server.shutdown().await.unwrap();
    all.clear();
    client.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"an answer all the same");
}

async fn the_server_half_closes(_: At) {
    let (mut client, mut server) = net::pair().await;
    server.shutdown().await.unwrap();
    assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 0);
    client.write_all(b"still here").await.unwrap();
    assert_eq!(net::read_all(&mut server, 10).await, b"still here");
}

async fn a_dropped_stream_ends(_: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"").await.unwrap();
    drop(server);
    assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 0);
}

async fn data_and_the_end_come_together(at: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"data").await.unwrap();
    client.shutdown().await.unwrap();
    at.deliver().await;
    let mut buf = [0; 64];
    assert_eq!(server.read(&mut buf).await.unwrap(), 4);
    assert_eq!(server.read(&mut buf).await.unwrap(), 0);
}

/// The event finds a socket that is registered, and a read that is far larger than the data.
async fn data_and_the_end_come_together_to_a_reader_that_waits(at: At) {
    let (client, mut server) = net::pair().await;
    let reading = at.beside(async move {
        let mut buf = [0; 4096];
        let first = server.read(&mut buf).await.unwrap();
        let then = server.read(&mut buf[first..]).await.unwrap();
        (first + then, if then == 0 { 0 } else { server.read(&mut buf).await.unwrap() })
    });
    at.deliver().await;
    let sent = client.try_write(b"data").unwrap();
    client.shutdown_half(Shutdown::Write).unwrap();
    assert_eq!(reading.await, (sent, 0));
}

async fn the_end_comes_after_a_short_read(at: At) {
    let (mut client, mut server) = net::pair().await;
    let mut buf = [0; 64];
    client.write_all(b"one").await.unwrap();
    assert_eq!(server.read(&mut buf).await.unwrap(), 3);
    let ended = at.beside(async move { server.read(&mut [0; 64]).await.unwrap() });
    at.deliver().await;
    client.shutdown().await.unwrap();
    assert_eq!(ended.await, 0);
}

/// Has the peer reset the connection, which the kernel does for a close with linger zero.
fn reset(peer: TcpStream) {
    peer.set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
}

async fn a_reset_in_mid_read(at: At) {
    let (client, mut server) = net::pair().await;
    let mut client = client;
    client.write_all(b"half of it").await.unwrap();
    let mut buf = [0; 4];
    server.read_exact(&mut buf).await.unwrap();
    at.deliver().await;
    reset(client);
    at.deliver().await;
    // What Linux has queued it drops at a reset.
    let mut rest = Vec::new();
    let ended = server.read_to_end(&mut rest).await;
    at.note_result("after the reset", &ended);
    at.note_result("once more", &server.read(&mut buf).await);
    at.note_result("the peer", &server.peer_addr().map(drop));
    at.note_result("write", &server.write(b"x").await);
    at.note_result("shutdown", &server.shutdown_half(Shutdown::Write));
    at.note_result("ending it", &server.shutdown().await);
}

async fn a_reset_wakes_a_reader_that_waits(at: At) {
    let (client, mut server) = net::pair().await;
    let reading = at.beside(async move { server.read(&mut [0; 4]).await });
    at.deliver().await;
    reset(client);
    at.note_result("the read", &reading.await);
}

/// Bytes that were accepted and not sent yet meet the reset: the next operation that can report it
/// does so, whoever borrows the descriptor before.
async fn an_error_of_accepted_bytes_outlives_a_look_at_the_descriptor(at: At) {
    for operation in ["write", "read", "take_error"] {
        let (client, mut server) = net::pair().await;
        // Until neither the stream nor what stands before it takes any more.
        while net::fill(&server) > 0 {
            at.deliver().await;
        }
        reset(client);
        at.deliver().await;
        server.readable().await.unwrap();
        at.deliver().await;
        assert!(server.as_fd().as_raw_fd() >= 0);
        let reported = match operation {
            "write" => server.write(b"x").await,
            "read" => server.read(&mut [0; 4]).await,
            _ => server.take_error().and_then(|error| error.map_or(Ok(0), Err)),
        };
        assert_eq!(
            reported.as_ref().unwrap_err().kind(),
            ErrorKind::ConnectionReset,
            "{operation}"
        );
        at.note_result(operation, &reported);
    }
}

async fn a_reset_wakes_a_writer_that_waits(at: At) {
    let (client, mut server) = net::pair().await;
    net::fill(&server);
    let writing = at.beside(async move {
        let error = loop {
            match server.write(&[0; 4096]).await {
                Ok(_) => {}
                Err(error) => break Err::<(), _>(error),
            }
        };
        (error, server)
    });
    at.deliver().await;
    reset(client);
    let (error, _server) = writing.await;
    at.note_result("the write", &error);
}

async fn a_write_after_the_peer_closed_fails(at: At) {
    let (mut client, server) = net::pair().await;
    drop(server);
    at.deliver().await;
    at.note_result("the end", &client.read(&mut [0; 4]).await);
    // The first is taken, and answered by a reset; then the stream is broken.
    at.note_result("first", &client.write(b"x").await);
    at.deliver().await;
    let second = loop {
        match client.write(b"x").await {
            Ok(_) => at.deliver().await,
            Err(error) => break Err::<(), _>(error),
        }
    };
    let kind = second.as_ref().unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{kind:?}");
    at.note_result("then", &second);
    at.note_result("for ever", &client.write(b"x").await);
}

async fn a_close_with_unread_data_resets(at: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"never read").await.unwrap();
    at.deliver().await;
    drop(server);
    at.note_result("the read", &client.read(&mut [0; 4]).await);
}

async fn linger_zero_resets(at: At) {
    let (mut client, server) = net::pair().await;
    assert_eq!(server.linger().unwrap(), None);
    server.set_linger(Some(Duration::ZERO)).unwrap();
    assert_eq!(server.linger().unwrap(), Some(Duration::ZERO));
    drop(server);
    at.note_result("the read", &client.read(&mut [0; 4]).await);
}

async fn bytes_sent_before_a_linger_zero_close_arrive_before_the_reset(at: At) {
    let (mut client, mut server) = net::pair().await;
    server.write_all(b"last").await.unwrap();
    reset(server);
    at.deliver().await;
    let mut buf = [0; 16];
    at.note_result("the bytes", &client.read(&mut buf).await);
    at.note_result("the reset", &client.read(&mut buf).await);
    at.note_result("the end", &client.read(&mut buf).await);
}

async fn shutting_the_reading_side_ends_reads(at: At) {
    let (mut client, server) = net::pair().await;
    let mut server = server;
    server.shutdown_half(Shutdown::Read).unwrap();
    at.note_result("the read", &server.read(&mut [0; 4]).await);
    server.write_all(b"out").await.unwrap();
    assert_eq!(net::read_all(&mut client, 3).await, b"out");
}

async fn shutting_both_sides(at: At) {
    let (mut client, mut server) = net::pair().await;
    at.note_result("both", &server.shutdown_half(Shutdown::Both));
    at.note_result("the read", &server.read(&mut [0; 4]).await);
    at.note_result("the write", &server.write(b"x").await);
    at.note_result("the peer's read", &client.read(&mut [0; 4]).await);
}

async fn shutting_down_twice(at: At) {
    let (mut client, mut server) = net::pair().await;
    at.note_result("first", &client.shutdown_half(Shutdown::Write));
    at.note_result("second", &client.shutdown_half(Shutdown::Write));
    at.note_result("by the trait", &client.shutdown().await);
    assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 0);
    server.shutdown().await.unwrap();
    assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 0);
    at.deliver().await;
    // Both directions have ended: nothing is connected any more, and nothing is left to be told.
    at.note_result("after both ended", &client.shutdown_half(Shutdown::Write));
    at.note_result("by the trait", &client.shutdown().await);
}

async fn a_write_after_the_own_end_is_a_broken_pipe(at: At) {
    let (mut client, _server) = net::pair().await;
    client.shutdown().await.unwrap();
    at.note_result("write", &client.write(b"x").await);
    at.note_result("try_write", &client.try_write(b"x"));
    at.note_result("empty write", &client.write(b"").await);
    at.note_result("empty try_write", &client.try_write(b""));
}

async fn the_end_can_be_read_again_and_again(_: At) {
    let (mut client, server) = net::pair().await;
    drop(server);
    for _ in 0..3 {
        assert_eq!(client.read(&mut [0; 4]).await.unwrap(), 0);
        assert_eq!(client.peek(&mut [0; 4]).await.unwrap(), 0);
        assert_eq!(client.try_read(&mut [0; 4]).unwrap(), 0);
        assert!(client.ready(Interest::READABLE).await.unwrap().is_read_closed());
    }
}

async fn an_empty_stream_ends_at_once(_: At) {
    let (mut client, mut server) = net::pair().await;
    client.shutdown().await.unwrap();
    let error = server.read_exact(&mut [0; 3]).await.map(drop);
    assert_eq!(
        error.as_ref().unwrap_err().kind(),
        ErrorKind::UnexpectedEof,
        "{}",
        outcome_text(&error)
    );
}
