//! Receiving into memory that the thread lends.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::pin;
use std::task::Poll;

use minato::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, Lent, owned};
use minato::net::TcpStream;

use crate::kit::net::{fill, pair, pair_with_std, read_all};
use crate::kit::{At, cases, current_thread, on_each_executor, ping};

cases! {
    an_echo_by_lent_buffers [];
    what_comes_is_read_in_order_whatever_its_size [];
    a_dropped_read_has_taken_nothing [];
    by_value_by_poll_and_by_halves [];
    a_half_close_is_the_end_of_the_stream [];
    a_peer_that_does_not_read_gets_all_bytes_in_order [];
    a_peer_that_resets_is_an_error [];
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let Some(lent) = stream.read_lent().await? else { return Ok(()) };
        stream.write_all_lent(lent).await?;
    }
}

/// Bytes that tell where they belong.
fn numbered(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(0x9E37_79B9) >> 13) as u8).collect()
}

/// What comes next, in memory that may go to another thread.
async fn next<R: AsyncRead + Unpin>(reader: &mut R) -> Option<Vec<u8>> {
    reader.read_lent().await.unwrap().map(Lent::into_vec)
}

/// The echo is a task that may change threads, so this shows that its future is `Send`, too.
async fn an_echo_by_lent_buffers(at: At) {
    let (mut client, server) = pair().await;
    let echoing = at.beside(echo(server));
    at.note_result("ping", &ping(&mut client, 20).await);
    client.shutdown().await.unwrap();
    at.note_result("echo", &echoing.await);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
}

async fn what_comes_is_read_in_order_whatever_its_size(at: At) {
    let (mut client, mut server) = pair().await;
    let sent = numbered(300_000);
    let copy = sent.clone();
    let writing = at.beside(async move {
        let mut rest = &copy[..];
        for size in [1, 2, 3, 5000, Lent::CAPACITY, Lent::CAPACITY + 1, 3 * Lent::CAPACITY] {
            let (now, later) = rest.split_at(size);
            client.write_all(now).await.unwrap();
            rest = later;
        }
        client.write_all(rest).await.unwrap();
    });
    let mut received = Vec::new();
    loop {
        let Some(lent) = server.read_lent().await.unwrap() else { break };
        assert!((1..=Lent::CAPACITY).contains(&lent.len()));
        assert_eq!(lent.as_ptr().align_offset(4096), 0, "it starts at a page");
        received.extend_from_slice(&lent);
    }
    writing.await;
    assert!(received == sent, "{} bytes came", received.len());
}

async fn a_dropped_read_has_taken_nothing(at: At) {
    let (client, mut server) = pair().await;
    assert_eq!(server.try_read_lent().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(futures::poll!(pin!(server.read_lent())).is_pending());
    client.try_write(b"ahoy").unwrap();
    at.deliver().await;
    drop(server.read_lent());
    {
        let mut read = pin!(server.read_lent());
        while futures::poll!(read.as_mut()).is_pending() {
            at.deliver().await;
        }
    }
    assert_eq!(server.try_read_lent().unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(client);
    assert_eq!(next(&mut server).await, None);
}

async fn by_value_by_poll_and_by_halves(at: At) {
    let (mut client, server) = pair().await;
    client.write_all(b"one").await.unwrap();
    let (mut server, lent) = owned::read_lent(server).await.unwrap();
    assert_eq!(lent.map(Lent::into_vec).as_deref(), Some(&b"one"[..]));

    let (mut reader, writer) = server.split();
    client.write_all(b"two").await.unwrap();
    let echoed = { writer.write_all_lent(reader.read_lent().await.unwrap().unwrap()) };
    echoed.await.unwrap();
    assert_eq!(read_all(&mut client, 3).await, b"two");

    let (mut reader, writer) = server.into_split();
    client.write_all(b"three").await.unwrap();
    let polled = std::future::poll_fn(|cx| {
        pin!(&mut reader).poll_read_lent(cx).map_ok(|lent| lent.map(Lent::into_vec))
    });
    assert_eq!(polled.await.unwrap().unwrap(), b"three");
    client.write_all(b"four").await.unwrap();
    at.deliver().await;
    reader.as_stream().readable().await.unwrap();
    let echoed = { writer.write_all_lent(reader.try_read_lent().unwrap().unwrap()) };
    echoed.await.unwrap();
    assert_eq!(read_all(&mut client, 4).await, b"four");
}

async fn a_half_close_is_the_end_of_the_stream(_: At) {
    let (mut client, mut server) = pair().await;
    client.write_all(b"last words").await.unwrap();
    client.shutdown_half(Shutdown::Write).unwrap();
    assert_eq!(next(&mut server).await.unwrap(), b"last words");
    assert_eq!(next(&mut server).await, None);
    assert_eq!(next(&mut server).await, None, "it stays the end");
    server.write_all(b"answer").await.unwrap();
    assert_eq!(read_all(&mut client, 6).await, b"answer");
}

/// What there is no room for is copied at once, and written in its turn.
async fn a_peer_that_does_not_read_gets_all_bytes_in_order(at: At) {
    let (mut client, mut server) = pair().await;
    let (piece, mut expected) = (numbered(Lent::CAPACITY), vec![b'x'; fill(&server)]);
    let echoing = loop {
        client.write_all(&piece).await.unwrap();
        let mut echoing = Box::pin({
            let lent = server.read_lent().await.unwrap().unwrap();
            expected.extend_from_slice(&lent);
            server.write_all_lent(lent)
        });
        match futures::poll!(&mut echoing) {
            // The system has found more room meanwhile.
            Poll::Ready(written) => written.unwrap(),
            Poll::Pending => break echoing,
        }
    };
    let reading = at.beside(async move {
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        all
    });
    echoing.await.unwrap();
    server.shutdown().await.unwrap();
    let all = reading.await;
    assert!(all == expected, "{} of {} bytes came", all.len(), expected.len());
}

async fn a_peer_that_resets_is_an_error(at: At) {
    let (client, mut server) = pair().await;
    client.set_zero_linger().unwrap();
    drop(client);
    at.deliver().await;
    at.note_result("read", &server.read_lent().await.map(|lent| lent.map(|lent| lent.len())));
}

/// What is lent stays as it is while other receives of the thread go on.
#[test]
fn what_is_lent_is_not_touched_by_the_next_receive() {
    current_thread().block_on(async {
        let (mut client, mut server) = pair().await;
        let mut lent = Vec::new();
        for round in 0..30 {
            client.write_all(&[round; 100]).await.unwrap();
            lent.push(server.read_lent().await.unwrap().unwrap());
        }
        for (round, lent) in lent.into_iter().enumerate() {
            assert_eq!(&lent[..], [round as u8; 100]);
        }
    });
}

#[test]
fn it_works_under_any_executor() {
    on_each_executor(|| async {
        let (mut ours, mut peer) = pair_with_std().await;
        peer.write_all(b"ahoy").unwrap();
        let Some(lent) = ours.read_lent().await.unwrap() else { panic!("no end was sent") };
        ours.write_all_lent(lent).await.unwrap();
        let mut answer = [0; 4];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"ahoy");
    });
}
