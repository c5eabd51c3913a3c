//! Readiness as users see it: `ready`, `readable`, `writable`, and the operations that never wait.

use std::future::poll_fn;
use std::io::{self, ErrorKind};

use futures::FutureExt;
use minato::engine::Interest;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;

use crate::kit::{At, cases, net};

cases! {
    a_try_on_a_fresh_stream_is_tried [];
    an_accepted_stream_is_taken_to_be_ready [];
    readiness_futures_spend_no_budget [Runtime];
    readable_waits_for_a_fresh_event_after_would_block [];
    writable_waits_until_the_window_opens [];
    both_interests_at_once [];
    readiness_of_a_stream_that_ended [];
    a_short_try_read_may_be_followed_by_readable [];
    try_io_clears_only_on_would_block [Descriptors];
    a_try_that_would_block_is_remembered_before_any_wait [Runtime];
    async_io_waits_in_between [];
    try_accept_after_readiness [];
    many_futures_wait_for_one_direction [];
    a_reader_and_a_writer_do_not_disturb_each_other [];
}

async fn a_try_on_a_fresh_stream_is_tried(at: At) {
    let (client, server) = net::pair().await;
    at.note_result("nothing to read", &server.try_read(&mut [0; 4]));
    at.note_result("room to write", &client.try_write(b"now"));
    at.deliver().await;
    at.note_result("something to read", &server.try_read(&mut [0; 4]));
}

/// Nothing is known of it, and often the client has sent something: so it is tried.
async fn an_accepted_stream_is_taken_to_be_ready(at: At) {
    let listener = net::listener().await;
    let (mut client, server) = net::fresh_pair_with(&listener).await;
    assert!(server.readable().now_or_never().is_some(), "nobody looked yet");
    assert!(server.writable().now_or_never().is_some());
    // A try finds out, also where no reactor was told of the stream.
    for _ in 0..3 {
        let error = server.try_read(&mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
    at.deliver().await;
    assert!(server.readable().now_or_never().is_none());
    client.write_all(b"x").await.unwrap();
    server.readable().await.unwrap();
    assert_eq!(server.try_read(&mut [0; 4]).unwrap(), 1);

    let (mut client, server) = net::fresh_pair_with(&listener).await;
    assert_eq!(server.try_read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(server.readable().now_or_never().is_none(), "a try has looked");
    client.write_all(b"x").await.unwrap();
    server.readable().await.unwrap();

    // Once it was taken for readable, tries alone find what comes.
    let (mut client, server) = net::fresh_pair_with(&listener).await;
    server.readable().await.unwrap();
    server.try_read(&mut [0; 4]).unwrap_err();
    client.write_all(b"x").await.unwrap();
    at.deliver().await;
    assert_eq!(server.try_read(&mut [0; 4]).unwrap(), 1);
}

/// As in tokio. The polls spend some, and so does what is done after the wait.
async fn readiness_futures_spend_no_budget(_: At) {
    let (client, _server) = net::pair().await;
    client.writable().await.unwrap();
    for round in 0..1000 {
        assert!(client.writable().now_or_never().is_some(), "{round}");
    }
    let both = Interest::READABLE | Interest::WRITABLE;
    assert!(client.ready(both).now_or_never().is_some());
    let polled = (0..1000).map(|_| poll_fn(|cx| client.poll_write_ready(cx)).now_or_never());
    assert!(polled.into_iter().any(|polled| polled.is_none()));
}

/// Reads with `readable` and `try_read` until `len` bytes are there; counts what was spurious.
async fn read_by_trying(stream: &TcpStream, len: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < len {
        stream.readable().await.unwrap();
        let mut buf = [0; 64];
        match stream.try_read(&mut buf) {
            Ok(read) => all.extend_from_slice(&buf[..read]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    all
}

async fn readable_waits_for_a_fresh_event_after_would_block(at: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"first").await.unwrap();
    assert_eq!(read_by_trying(&server, 5).await, b"first");
    // However often it is asked: nothing is there, and `readable` says so by waiting.
    let drained = server.try_read(&mut [0; 4]).unwrap_err();
    assert_eq!(drained.kind(), ErrorKind::WouldBlock);
    at.deliver().await;
    assert!(server.readable().now_or_never().is_none());
    let reading = at.beside(async move { read_by_trying(&server, 6).await });
    client.write_all(b"second").await.unwrap();
    assert_eq!(reading.await, b"second");
}

async fn writable_waits_until_the_window_opens(at: At) {
    let (client, mut server) = net::pair().await;
    client.writable().await.unwrap();
    let filled = net::fill(&client);
    let late = at.beside(async move {
        let mut sent = 0;
        while sent == 0 {
            client.writable().await.unwrap();
            match client.try_write(b"late") {
                Ok(written) => sent = written,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        (client, sent)
    });
    assert!(net::read_all(&mut server, filled).await.iter().all(|byte| *byte == b'x'));
    let (_client, sent) = late.await;
    assert_eq!(net::read_all(&mut server, sent).await, b"late"[..sent]);
}

async fn both_interests_at_once(at: At) {
    let (mut client, server) = net::pair().await;
    let both = Interest::READABLE | Interest::WRITABLE;
    let ready = server.ready(both).await.unwrap();
    assert!(ready.is_writable() || ready.is_readable());
    client.write_all(b"x").await.unwrap();
    at.deliver().await;
    server.readable().await.unwrap();
    let ready = server.ready(both).await.unwrap();
    assert!(ready.is_writable() && ready.is_readable(), "{ready:?}");
    let ready = server.ready(Interest::WRITABLE).await.unwrap();
    assert!(!ready.is_readable(), "more than was asked for: {ready:?}");
}

async fn readiness_of_a_stream_that_ended(_: At) {
    let (client, server) = net::pair().await;
    drop(client);
    loop {
        let ready = server.ready(Interest::READABLE).await.unwrap();
        if ready.is_read_closed() {
            break;
        }
    }
    // A closed bit is final: no operation clears it.
    for _ in 0..3 {
        assert_eq!(server.try_read(&mut [0; 4]).unwrap(), 0);
        assert!(server.ready(Interest::READABLE).await.unwrap().is_read_closed());
    }
}

async fn a_short_try_read_may_be_followed_by_readable(at: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"abcdef").await.unwrap();
    at.deliver().await;
    server.readable().await.unwrap();
    assert_eq!(server.try_read(&mut [0; 2]).unwrap(), 2);
    // Four more bytes are there; no event is to come.
    server.readable().await.unwrap();
    assert_eq!(server.try_read(&mut [0; 64]).unwrap(), 4);
}

async fn try_io_clears_only_on_would_block(_: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"x").await.unwrap();
    server.readable().await.unwrap();
    let other: io::Result<()> =
        server.try_io(Interest::READABLE, || Err(io::ErrorKind::InvalidData.into()));
    assert_eq!(other.unwrap_err().kind(), ErrorKind::InvalidData);
    server.readable().now_or_never().expect("still readable").unwrap();
    let blocked: io::Result<()> =
        server.try_io(Interest::READABLE, || Err(io::ErrorKind::WouldBlock.into()));
    assert_eq!(blocked.unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(server.readable().now_or_never().is_none());
    let called = std::cell::Cell::new(false);
    let unready: io::Result<()> = server.try_io(Interest::READABLE, || {
        called.set(true);
        Ok(())
    });
    assert_eq!(unready.unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(!called.get(), "called though the socket is known not to be ready");
}

/// A socket that never waited is asked once: after that, an event has to come first.
async fn a_try_that_would_block_is_remembered_before_any_wait(at: At) {
    let (mut client, server) = net::pair().await;
    let blocked = server.try_io(Interest::READABLE, || server.try_read(&mut [0; 4]));
    assert_eq!(blocked.unwrap_err().kind(), ErrorKind::WouldBlock);
    let unready: io::Result<()> =
        server.try_io(Interest::READABLE, || panic!("called though the last try would block"));
    assert_eq!(unready.unwrap_err().kind(), ErrorKind::WouldBlock);
    server.try_io(Interest::WRITABLE, || Ok(())).expect("the other direction was not tried");
    client.write_all(b"x").await.unwrap();
    at.deliver().await;
    assert_eq!(server.try_read(&mut [0; 4]).expect("the event of the new data"), 1);
}

async fn async_io_waits_in_between(at: At) {
    let (mut client, server) = net::pair().await;
    let reading = at.beside(async move {
        let mut tries = 0;
        let read = server
            .async_io(Interest::READABLE, || {
                tries += 1;
                server.try_read(&mut [0; 4])
            })
            .await;
        (read.unwrap(), tries)
    });
    at.deliver().await;
    client.write_all(b"abc").await.unwrap();
    let (read, tries) = reading.await;
    assert_eq!(read, 3);
    assert!(tries >= 1);
}

async fn try_accept_after_readiness(at: At) {
    let listener = net::listener().await;
    at.note_result("nobody", &listener.try_accept().map(drop));
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    at.deliver().await;
    let (server, from) = listener.try_accept().unwrap();
    assert_eq!(from, client.local_addr().unwrap());
    drop(server);
    at.note_result("nobody again", &listener.try_accept().map(drop));
}

async fn many_futures_wait_for_one_direction(at: At) {
    const COUNT: usize = 20;
    let (mut client, server) = net::pair().await;
    let server = std::sync::Arc::new(server);
    let waiting: Vec<_> = (0..COUNT)
        .map(|_| {
            let server = server.clone();
            at.beside(async move { server.readable().await.unwrap() })
        })
        .collect();
    at.deliver().await;
    client.write_all(b"x").await.unwrap();
    futures::future::join_all(waiting).await;
}

async fn a_reader_and_a_writer_do_not_disturb_each_other(at: At) {
    let (client, server) = net::pair().await;
    net::fill(&server);
    let (mut read, mut write) = server.into_split();
    let writing = at.beside(async move {
        write.write_all(b"y").await.unwrap();
        write
    });
    let reading = at.beside(async move {
        let mut buf = [0; 1];
        read.read_exact(&mut buf).await.unwrap();
        (buf, read)
    });
    at.deliver().await;
    let (mut client_read, mut client_write) = client.into_split();
    client_write.write_all(b"z").await.unwrap();
    let (byte, _read) = reading.await;
    assert_eq!(&byte, b"z");
    loop {
        let mut buf = vec![0; 64 * 1024];
        let read = client_read.read(&mut buf).await.unwrap();
        if buf[..read].ends_with(b"y") {
            break;
        }
    }
    writing.await;
}
