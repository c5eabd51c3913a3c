//! The two properties of the I/O traits: a poll never blocks, and a task that was told to wait is
//! woken, also when what it waits for is room to write.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use minato::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::kit::counting::Counting;
use crate::kit::{At, cases, net};

cases! {
    a_stream_never_blocks_and_wakes_its_reader [];
    a_stream_never_blocks_and_wakes_its_writer [];
    a_shared_stream_is_read_and_written_by_reference [];
    borrowed_halves_never_block_and_wake [];
    owned_halves_never_block_and_wake [];
    a_full_writer_is_woken_by_every_drain [];
    a_vectored_writer_is_woken [];
}

/// Polls `reader`, which has nothing; returns what counts the calls of its waker.
fn must_wait(reader: &mut (impl AsyncRead + Unpin)) -> Arc<Counting> {
    let (count, waker) = Counting::new();
    let mut place = [0; 16];
    let mut buf = ReadBuf::new(&mut place);
    // That this returns at all is the first property: nothing is there to be read.
    let polled = Pin::new(reader).poll_read(&mut Context::from_waker(&waker), &mut buf);
    assert!(polled.is_pending());
    assert_eq!(count.count(), 0);
    count
}

/// After something was sent: the reader has it, and `count` was told.
async fn is_woken_to_read(reader: &mut (impl AsyncRead + Unpin), count: &Counting) {
    let mut place = [0; 16];
    let mut buf = ReadBuf::new(&mut place);
    poll_fn(|cx| Pin::new(&mut *reader).poll_read(cx, &mut buf)).await.unwrap();
    assert!(!buf.filled().is_empty());
    assert_eq!(count.count(), 1, "the waker of the first poll was forgotten");
}

/// Fills `writer` until it must wait; returns how much it took, and what counts its waker's calls.
fn fill(writer: &mut (impl AsyncWrite + Unpin)) -> (usize, Arc<Counting>) {
    let (count, waker) = Counting::new();
    let chunk = vec![b'f'; 64 * 1024];
    let mut filled = 0;
    loop {
        let mut cx = Context::from_waker(&waker);
        match Pin::new(&mut *writer).poll_write(&mut cx, &chunk) {
            Poll::Ready(written) => filled += written.unwrap(),
            Poll::Pending => return (filled, count),
        }
        assert!(filled < 1 << 30, "a gigabyte was taken without anybody reading");
    }
}

/// After the peer has read: there is room, and `count` was told.
async fn is_woken_to_write(writer: &mut (impl AsyncWrite + Unpin), count: &Counting) {
    let written = poll_fn(|cx| Pin::new(&mut *writer).poll_write(cx, b"more")).await.unwrap();
    assert!(written > 0);
    assert!(count.count() >= 1, "the waker of the full writer was forgotten");
}

async fn a_stream_never_blocks_and_wakes_its_reader(at: At) {
    let (client, mut server) = net::pair().await;
    let count = must_wait(&mut server);
    client.try_write(b"x").unwrap();
    at.deliver().await;
    is_woken_to_read(&mut server, &count).await;
}

async fn a_stream_never_blocks_and_wakes_its_writer(at: At) {
    let (mut client, mut server) = net::pair().await;
    let (filled, count) = fill(&mut server);
    net::read_all(&mut client, filled).await;
    at.deliver().await;
    is_woken_to_write(&mut server, &count).await;
    assert_eq!(net::read_all(&mut client, 4).await, b"more");
}

async fn borrowed_halves_never_block_and_wake(at: At) {
    let (mut client, mut server) = net::pair().await;
    let (mut read, mut write) = server.split();
    let count = must_wait(&mut read);
    client.try_write(b"x").unwrap();
    at.deliver().await;
    is_woken_to_read(&mut read, &count).await;
    let (filled, count) = fill(&mut write);
    net::read_all(&mut client, filled).await;
    at.deliver().await;
    is_woken_to_write(&mut write, &count).await;
}

async fn owned_halves_never_block_and_wake(at: At) {
    let (mut client, server) = net::pair().await;
    let (mut read, mut write) = server.into_split();
    let count = must_wait(&mut read);
    client.try_write(b"x").unwrap();
    at.deliver().await;
    is_woken_to_read(&mut read, &count).await;
    let (filled, count) = fill(&mut write);
    net::read_all(&mut client, filled).await;
    at.deliver().await;
    is_woken_to_write(&mut write, &count).await;
}

/// Again and again: full, drained a little, full. Each wait ends.
async fn a_full_writer_is_woken_by_every_drain(at: At) {
    const LEN: usize = 8 << 20;
    let (mut client, mut server) = net::pair().await;
    let writing = at.beside(async move {
        let mut sent = 0;
        let chunk = vec![b'c'; 256 * 1024];
        while sent < LEN {
            let most = chunk.len().min(LEN - sent);
            sent +=
                poll_fn(|cx| Pin::new(&mut client).poll_write(cx, &chunk[..most])).await.unwrap();
        }
        client
    });
    let mut received = 0;
    let mut buf = vec![0; 32 * 1024];
    while received < LEN {
        received += server.read(&mut buf).await.unwrap();
    }
    assert_eq!(received, LEN);
    writing.await;
}

async fn a_vectored_writer_is_woken(at: At) {
    let (mut client, mut server) = net::pair().await;
    let filled = net::fill(&server);
    let writing = at.beside(async move {
        let pieces = [std::io::IoSlice::new(b"in "), std::io::IoSlice::new(b"pieces")];
        let sent = poll_fn(|cx| Pin::new(&mut server).poll_write_vectored(cx, &pieces)).await;
        (sent.unwrap(), server)
    });
    at.deliver().await;
    net::read_all(&mut client, filled).await;
    let (sent, _server) = writing.await;
    assert_eq!(net::read_all(&mut client, sent).await, b"in pieces"[..sent]);
}

/// Two readers and a writer at one stream, by reference.
async fn a_shared_stream_is_read_and_written_by_reference(_: At) {
    let (one, two) = net::pair().await;
    let (first, second) = (must_wait(&mut &one), must_wait(&mut &one));
    (&two).write_all(b"ab").await.unwrap();
    is_woken_to_read(&mut &one, &first).await;
    assert_eq!(second.count(), 1, "every reader that waited is told");
    (&two).shutdown().await.unwrap();
    let mut rest = Vec::new();
    (&one).read_to_end(&mut rest).await.unwrap();
    assert!(one.is_write_vectored());
    (&one).flush().await.unwrap();
}
