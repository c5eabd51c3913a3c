//! A relay between two connections on every engine: the same bytes, counts and ends, whether the
//! bytes are spliced, as much of them is where there are descriptors, or copied.

use minato::io::{self, AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpStream, spliced_bytes};

use super::wire::{alone, check, content};
use crate::kit::{At, Beside, cases, net};

cases! {
    random_pieces_both_ways [];
    a_long_stream_one_way [];
    the_client_ends_first [];
    the_server_ends_first [];
    nothing_at_all [];
    messages_there_and_back [];
    a_stream_between_messages [];
    what_was_copied_before_a_reset [];
    an_idle_connection_is_given_up [];
}

/// A relay that runs beside the case: the client's end, the server's end, and what it will return.
async fn relay(at: &At) -> (TcpStream, TcpStream, Beside<io::Result<(u64, u64)>>) {
    let (client, mut near) = net::pair().await;
    let (mut far, server) = net::pair().await;
    for stream in [&client, &near, &far, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let copying = async move { io::copy_bidirectional(&mut near, &mut far).await };
    (client, server, at.beside(copying))
}

/// Sizes that are drawn: mostly small ones, some that fill every buffer on the way.
struct Pieces(u64);

impl Pieces {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let drawn = (self.0 >> 33) as usize;
        1 + drawn % [100, 3_000, 70_000, 300_000][drawn % 4]
    }
}

/// Sends `len` bytes of the content in drawn pieces, and ends the stream if told to.
async fn send(stream: &mut (impl io::AsyncWrite + Unpin), seed: u64, len: u64, end: bool) {
    let mut pieces = Pieces(seed);
    let mut at = 0;
    while at < len {
        let piece = (pieces.next() as u64).min(len - at);
        stream.write_all(content(at, piece as usize)).await.unwrap();
        at += piece;
    }
    if end {
        stream.shutdown().await.unwrap();
    }
}

/// Receives the content in drawn pieces, to the end of the stream or up to `most` bytes; returns
/// how many.
async fn receive(stream: &mut (impl io::AsyncRead + Unpin), seed: u64, most: u64) -> u64 {
    let mut pieces = Pieces(seed);
    let mut buf = vec![0; 300_000];
    let mut at = 0;
    while at < most {
        let room = (pieces.next() as u64).min(most - at) as usize;
        match stream.read(&mut buf[..room]).await.unwrap() {
            0 => break,
            len => {
                check(&buf[..len], at);
                at += len as u64;
            }
        }
    }
    at
}

/// Many times what is on the way at once. A simulated world is slow, and has less on its way.
fn long(at: &At) -> u64 {
    if at.place.is_simulated() { 300_000 } else { 3 << 20 }
}

async fn random_pieces_both_ways(at: At) {
    let _alone = alone();
    let long = long(&at);
    for seed in 1..=3 {
        let (client, server, relayed) = relay(&at).await;
        let (mut from_server, mut to_server) = client.into_split();
        let (mut from_client, mut to_client) = server.into_split();
        let (_, _, there, back) = futures::join!(
            send(&mut to_server, seed, long, true),
            send(&mut to_client, seed + 10, long / 2, true),
            receive(&mut from_client, seed + 20, u64::MAX),
            receive(&mut from_server, seed + 30, u64::MAX),
        );
        assert_eq!((there, back), (long, long / 2));
        assert_eq!(relayed.await.unwrap(), (there, back));
    }
}

async fn a_long_stream_one_way(at: At) {
    let _alone = alone();
    let before = spliced_bytes();
    let is_spliced = !at.place.is_simulated();
    const PIECE: usize = 512 * 1024;
    let pieces = if is_spliced { 8 } else { 1 };
    // Where the machine is so busy that each read finds little, it takes longer to begin.
    for _ in 0..20 {
        let (mut client, mut server, relayed) = relay(&at).await;
        let sending = at.beside(async move {
            for _ in 0..pieces {
                client.write_all(content(0, PIECE)).await.unwrap();
            }
            client.shutdown().await.unwrap();
            assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        });
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        server.shutdown().await.unwrap();
        sending.await;
        assert_eq!(relayed.await.unwrap(), (all.len() as u64, 0));
        assert_eq!(all.len(), pieces * PIECE);
        assert!(all.chunks(PIECE).all(|piece| piece == content(0, PIECE)));
        if spliced_bytes() > before || !is_spliced {
            break;
        }
    }
    assert_eq!(spliced_bytes() > before, is_spliced);
}

/// The stream that is still open goes on for as long as it likes.
async fn half_closed(at: &At, mut first: TcpStream, mut second: TcpStream) -> u64 {
    let long = long(at);
    send(&mut first, 1, 1_000, true).await;
    assert_eq!(receive(&mut second, 2, u64::MAX).await, 1_000);
    at.deliver().await;
    let (_, received) =
        futures::join!(send(&mut second, 3, long, true), receive(&mut first, 4, u64::MAX),);
    assert_eq!(received, long);
    long
}

async fn the_client_ends_first(at: At) {
    let _alone = alone();
    let (client, server, relayed) = relay(&at).await;
    let long = half_closed(&at, client, server).await;
    assert_eq!(relayed.await.unwrap(), (1_000, long));
}

async fn the_server_ends_first(at: At) {
    let _alone = alone();
    let (client, server, relayed) = relay(&at).await;
    let long = half_closed(&at, server, client).await;
    assert_eq!(relayed.await.unwrap(), (long, 1_000));
}

async fn nothing_at_all(at: At) {
    let (mut client, mut server, relayed) = relay(&at).await;
    client.shutdown().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
    server.shutdown().await.unwrap();
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    at.note_result("relayed", &relayed.await);
}

/// However many messages of up to 56 KiB there are, none of them is worth a pipe.
async fn messages_there_and_back(at: At) {
    let _alone = alone();
    let before = spliced_bytes();
    let (mut client, mut server, relayed) = relay(&at).await;
    let mut buf = vec![0; 50_000];
    let rounds = if at.place.is_simulated() { 4 } else { 40 };
    for size in [1, 64, 8_192, 15_000, 50_000] {
        for round in 0..rounds {
            let message = &content(round, size);
            client.write_all(message).await.unwrap();
            server.read_exact(&mut buf[..size]).await.unwrap();
            server.write_all(&buf[..size]).await.unwrap();
            buf.fill(0);
            client.read_exact(&mut buf[..size]).await.unwrap();
            assert_eq!(&buf[..size], *message);
        }
    }
    drop((client, server));
    let bytes = rounds * (1 + 64 + 8_192 + 15_000 + 50_000);
    assert_eq!(relayed.await.unwrap(), (bytes, bytes));
    assert_eq!(spliced_bytes(), before);
}

/// It goes from one way to the other and back, and again.
async fn a_stream_between_messages(at: At) {
    let _alone = alone();
    let (client, server, relayed) = relay(&at).await;
    let (mut from_server, mut to_server) = client.into_split();
    let (mut from_client, mut to_client) = server.into_split();
    let long = long(&at);
    for seed in 0..3 {
        let (_, received) = futures::join!(
            send(&mut to_server, seed, long, false),
            receive(&mut from_client, seed + 10, long),
        );
        assert_eq!(received, long);
        for _ in 0..10 {
            to_server.write_all(content(0, 100)).await.unwrap();
            assert_eq!(receive(&mut from_client, 1, 100).await, 100);
            to_client.write_all(content(0, 200)).await.unwrap();
            assert_eq!(receive(&mut from_server, 1, 200).await, 200);
        }
    }
    drop((from_server, to_server, from_client, to_client));
    assert_eq!(relayed.await.unwrap(), (3 * (long + 1_000), 3 * 2_000));
}

async fn what_was_copied_before_a_reset(at: At) {
    let (mut client, mut near) = net::pair().await;
    let (mut far, mut server) = net::pair().await;
    let relaying = at.beside(async move {
        let mut relay = io::relay(&mut near, &mut far);
        let ended = (&mut relay).await;
        (ended.map(drop), relay.copied())
    });
    client.write_all(content(0, 50_000)).await.unwrap();
    net::read_all(&mut server, 50_000).await;
    server.write_all(content(0, 1_000)).await.unwrap();
    net::read_all(&mut client, 1_000).await;
    client.set_zero_linger().unwrap();
    drop(client);
    let (ended, copied) = relaying.await;
    at.note_result("ended", &ended);
    assert_eq!(copied, (50_000, 1_000));
    assert_eq!(server.read(&mut [0]).await.unwrap_or(0), 0);
}

async fn an_idle_connection_is_given_up(at: At) {
    let (mut client, mut near) = net::pair().await;
    let (mut far, mut server) = net::pair().await;
    let relaying = at.beside(async move {
        let limit = std::time::Duration::from_millis(50);
        let mut relay = io::relay(&mut near, &mut far).with_idle_limit(limit);
        let ended = (&mut relay).await;
        (ended.map(drop), relay.copied())
    });
    client.write_all(b"hello").await.unwrap();
    net::read_all(&mut server, 5).await;
    let (ended, copied) = relaying.await;
    at.note_result("ended", &ended);
    assert_eq!(copied, (5, 0));
    // The relay has dropped its ends.
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
}
