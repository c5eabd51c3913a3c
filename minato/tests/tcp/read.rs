//! Reading: peeks, vectors, empty buffers, and the urgent mark.

use std::future::poll_fn;
use std::io::{IoSlice, IoSliceMut};
use std::pin::pin;

use minato::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

use crate::kit::{At, cases, net};

cases! {
    a_peek_takes_nothing [];
    a_drained_peek_waits [];
    a_short_peek_does_not_lose_the_rest [];
    vectored_in_order [];
    more_pieces_than_the_system_takes_at_once [];
    empty_buffers_are_no_requests [];
    an_empty_read_at_the_end [];
    bytes_after_the_urgent_mark_arrive [Descriptors];
    bytes_after_the_urgent_mark_arrive_at_a_reader_that_waits [Descriptors];
    a_large_transfer_is_whole [];
    numbers_arrive_in_pieces [];
    a_growing_buffer_is_filled [];
}

async fn a_peek_takes_nothing(_: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"twice").await.unwrap();
    let (mut first, mut second) = ([0; 5], [0; 5]);
    while server.peek(&mut first).await.unwrap() < 5 {}
    assert_eq!(server.peek(&mut second).await.unwrap(), 5);
    assert_eq!((&first, &second), (b"twice", b"twice"));
    assert_eq!(net::read_all(&mut server, 5).await, b"twice");
}

async fn a_drained_peek_waits(at: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"one").await.unwrap();
    let mut buf = [0; 64];
    assert_eq!(server.peek(&mut buf).await.unwrap(), 3);
    assert_eq!(server.read(&mut buf).await.unwrap(), 3);
    let peeking = at.beside(async move {
        let mut buf = [0; 64];
        let peeked = server.peek(&mut buf).await.unwrap();
        let read = server.read(&mut buf).await.unwrap();
        (peeked, read)
    });
    at.deliver().await;
    assert_eq!(client.try_write(b"more").unwrap(), 4);
    assert_eq!(peeking.await, (4, 4));
}

/// A peek that is shorter than its buffer says nothing about what is left: it must not clear
/// anything, or the read that follows would wait for ever.
async fn a_short_peek_does_not_lose_the_rest(at: At) {
    let (mut client, mut server) = net::pair().await;
    let reading = at.beside(async move {
        server.readable().await.unwrap();
        let mut buf = [0; 64];
        for _ in 0..3 {
            assert_eq!(server.peek(&mut buf).await.unwrap(), 4);
            let mut buf = ReadBuf::new(&mut buf);
            assert_eq!(poll_fn(|cx| server.poll_peek(cx, &mut buf)).await.unwrap(), 4);
        }
        server.read(&mut buf).await.unwrap()
    });
    at.deliver().await;
    client.write_all(b"four").await.unwrap();
    assert_eq!(reading.await, 4);
}

async fn vectored_in_order(at: At) {
    let (mut client, server) = net::pair().await;
    let pieces = [&b"one "[..], b"", b"two ", b"three"];
    let pieces = pieces.map(IoSlice::new);
    assert_eq!(client.write_vectored(&pieces).await.unwrap(), 13);
    assert_eq!(client.try_write_vectored(&pieces).unwrap(), 13);
    at.deliver().await;
    server.readable().await.unwrap();
    let (mut first, mut second, mut third) = ([0; 6], [0; 0], [0; 40]);
    let mut buffers = [&mut first[..], &mut second, &mut third].map(IoSliceMut::new);
    let received = server.try_read_vectored(&mut buffers).unwrap();
    assert_eq!(received, 26);
    assert_eq!((&first, &third[..20]), (b"one tw", &b"o threeone two three"[..]));
}

/// The system takes 1024 pieces at a time; to take more is not an error, and taking fewer is no
/// sign of a full buffer.
async fn more_pieces_than_the_system_takes_at_once(at: At) {
    const COUNT: usize = 3000;
    let (mut client, mut server) = net::pair().await;
    let reading = at.beside(async move {
        let bytes = net::read_all(&mut server, COUNT).await;
        (bytes, server)
    });
    let mut sent = 0;
    while sent < COUNT {
        let pieces: Vec<IoSlice<'_>> = (sent..COUNT).map(|_| IoSlice::new(b"v")).collect();
        sent += client.write_vectored(&pieces).await.unwrap();
    }
    let (bytes, server) = reading.await;
    assert_eq!(bytes, [b'v'; COUNT]);

    client.write_all(&bytes).await.unwrap();
    at.deliver().await;
    server.readable().await.unwrap();
    let mut places = vec![0; COUNT];
    let mut pieces: Vec<IoSliceMut<'_>> = places.chunks_mut(1).map(IoSliceMut::new).collect();
    assert!(server.try_read_vectored(&mut pieces).unwrap() >= 1024);
}

async fn empty_buffers_are_no_requests(at: At) {
    let (mut client, mut server) = net::pair().await;
    at.note_result("read", &server.read(&mut []).await);
    at.note_result("read_exact", &server.read_exact(&mut []).await);
    at.note_result("write", &client.write(b"").await);
    at.note_result("write_all", &client.write_all(b"").await);
    at.note_result("write_vectored", &client.write_vectored(&[]).await);
    at.note_result("try_write", &client.try_write(b""));
    at.note_result("try_read", &server.try_read(&mut []));
    at.note_result("try_read_vectored", &server.try_read_vectored(&mut []));
    at.note_result("peek", &server.peek(&mut []).await);
    client.write_all(b"data").await.unwrap();
    at.deliver().await;
    at.note_result("peek with data", &server.peek(&mut []).await);
    at.note_result("try_read with data", &server.try_read(&mut []));
    assert_eq!(net::read_all(&mut server, 4).await, b"data");
}

async fn an_empty_read_at_the_end(at: At) {
    let (client, mut server) = net::pair().await;
    drop(client);
    at.deliver().await;
    at.note_result("read", &server.read(&mut []).await);
    at.note_result("peek", &server.peek(&mut []).await);
    at.note_result("then", &server.read(&mut [0; 4]).await);
}

async fn bytes_after_the_urgent_mark_arrive(at: At) {
    let (mut server, peer) = net::pair_with_std().await;
    let peer = socket2::Socket::from(peer);
    peer.send(b"before").unwrap();
    peer.send_out_of_band(b"!").unwrap();
    peer.send(b"after").unwrap();
    at.deliver().await;
    assert_eq!(net::read_all(&mut server, 11).await, b"beforeafter");
}

/// The socket is registered, and everything comes in one event, as there is no await in between. A
/// read stops at the mark: it is short, more is there, and no other event tells of it.
async fn bytes_after_the_urgent_mark_arrive_at_a_reader_that_waits(at: At) {
    let (mut server, peer) = net::pair_with_std().await;
    let peer = socket2::Socket::from(peer);
    let mut buf = [0; 512];
    assert!(futures::poll!(pin!(server.read(&mut buf))).is_pending());
    at.deliver().await;
    peer.send(b"before").unwrap();
    peer.send_out_of_band(b"!").unwrap();
    peer.send(b"after").unwrap();
    let mut all = Vec::new();
    while all.len() < 11 {
        let read = server.read(&mut buf).await.unwrap();
        all.extend_from_slice(&buf[..read]);
    }
    assert_eq!(all, b"beforeafter");
}

async fn a_large_transfer_is_whole(at: At) {
    const LEN: usize = 3 << 20;
    let pattern = |at: usize| (at * 31 + at / 251) as u8;
    let (mut client, mut server) = net::pair().await;
    let sending = at.beside(async move {
        let all: Vec<u8> = (0..LEN).map(pattern).collect();
        client.write_all(&all).await.unwrap();
        client.shutdown().await.unwrap();
        client
    });
    let mut all = Vec::new();
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all.len(), LEN);
    assert!(all.iter().enumerate().all(|(at, byte)| *byte == pattern(at)));
    sending.await;
}

async fn numbers_arrive_in_pieces(at: At) {
    let (mut client, mut server) = net::pair().await;
    let reading = at.beside(async move { server.read_u64().await.unwrap() });
    for byte in 0x0102_0304_0506_0708_u64.to_be_bytes() {
        client.write_all(&[byte]).await.unwrap();
        at.deliver().await;
    }
    assert_eq!(reading.await, 0x0102_0304_0506_0708);
}

async fn a_growing_buffer_is_filled(at: At) {
    let (mut client, mut server) = net::pair().await;
    client.write_all(b"into a vector").await.unwrap();
    at.deliver().await;
    server.readable().await.unwrap();
    let mut buf = Vec::with_capacity(4);
    assert_eq!(server.try_read_buf(&mut buf).unwrap(), 4);
    assert_eq!(server.read_buf(&mut buf).await.unwrap(), 9);
    assert_eq!(buf, b"into a vector");
}
