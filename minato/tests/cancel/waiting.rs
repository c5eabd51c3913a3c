//! Waiting for readiness, and peeking, cut off.

use std::future::poll_fn;
use std::rc::Rc;

use minato::engine::Interest;
use minato::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

use super::knife::{Knife, Late, dribble, pair, poll_and_drop, scenarios};
use crate::kit::net;

scenarios! {
    readable;
    writable;
    ready;
    poll_read_ready;
    peek;
    poll_peek;
    async_io;
    many_waits_at_once;
}

const PIECES: &[&str] = &["one", "two", "three", "four"];

/// Reads what [`PIECES`] are made of with `readable` and `try_read`.
async fn readable(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut all = Vec::new();
    loop {
        let Some(waited) = knife.cut(Late::Never, server.readable()).await else { continue };
        waited.unwrap();
        match server.try_read_buf(&mut all) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn writable(knife: Rc<Knife>) {
    const LEN: usize = 200_000;
    let (client, mut server) = pair().await;
    let reading = minato::spawn(async move {
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        all.len()
    });
    let chunk = [b'w'; 30_000];
    let mut sent = 0;
    while sent < LEN {
        let Some(waited) = knife.cut(Late::Never, client.writable()).await else { continue };
        waited.unwrap();
        match client.try_write(&chunk[..chunk.len().min(LEN - sent)]) {
            Ok(written) => sent += written,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    drop(client);
    assert_eq!(reading.await.unwrap(), LEN);
}

async fn ready(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let filled = net::fill(&server);
    let sending = dribble(client, &["x"], false);
    // Nothing to read, no room to write: until the first comes.
    let both = Interest::READABLE | Interest::WRITABLE;
    loop {
        let Some(ready) = knife.cut(Late::Never, server.ready(both)).await else { continue };
        if ready.unwrap().is_readable() {
            break;
        }
        assert!(server.try_write(b"").is_ok());
        poll_and_drop(server.ready(both));
        super::knife::pause().await;
    }
    assert_eq!(net::read_all(&mut server, 1).await, b"x");
    let mut client = sending.await.unwrap();
    net::read_all(&mut client, filled).await;
}

async fn poll_read_ready(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, &["x"], false);
    while knife.cut(Late::Once, poll_fn(|cx| server.poll_read_ready(cx))).await.is_none() {}
    assert_eq!(net::read_all(&mut server, 1).await, b"x");
    sending.await.unwrap();
}

async fn peek(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut all = Vec::new();
    loop {
        let mut buf = [0; 64];
        let Some(peeked) = knife.cut(Late::Never, server.peek(&mut buf)).await else { continue };
        match peeked.unwrap() {
            0 => break,
            peeked => all.extend(net::read_all(&mut server, peeked).await),
        }
    }
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn poll_peek(knife: Rc<Knife>) {
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut all = Vec::new();
    loop {
        let mut place = [0; 64];
        let mut buf = ReadBuf::new(&mut place);
        let peeking = poll_fn(|cx| server.poll_peek(cx, &mut buf));
        let Some(peeked) = knife.cut(Late::Once, peeking).await else { continue };
        match peeked.unwrap() {
            0 => break,
            peeked => all.extend(net::read_all(&mut server, peeked).await),
        }
    }
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn async_io(knife: Rc<Knife>) {
    let (client, server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut all = Vec::new();
    loop {
        let reading = server.async_io(Interest::READABLE, || server.try_read_buf(&mut all));
        match knife.cut(Late::Never, reading).await {
            None => {}
            Some(read) if read.as_ref().is_ok_and(|read| *read == 0) => break,
            Some(read) => drop(read.unwrap()),
        }
    }
    assert_eq!(all, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

/// One of many waits for the same socket is dropped: the others are woken.
async fn many_waits_at_once(knife: Rc<Knife>) {
    let (mut client, server) = pair().await;
    let server = std::sync::Arc::new(server);
    let others: Vec<_> = (0..12)
        .map(|_| {
            let server = server.clone();
            minato::spawn(async move { server.readable().await.unwrap() })
        })
        .collect();
    let sending = minato::spawn(async move {
        super::knife::pause().await;
        client.write_all(b"x").await.unwrap();
        client
    });
    _ = knife.cut(Late::Never, server.readable()).await;
    for other in others {
        other.await.unwrap();
    }
    sending.await.unwrap();
}
