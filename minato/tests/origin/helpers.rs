//! The helpers that the description lists, by value on TCP connections: each takes a stream and a
//! buffer and gives both back.

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::StreamExt;
use minato::io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, owned};
use minato::net::TcpStream;

use crate::kit::{At, cases, net};

cases! {
    incoming_is_a_stream_of_connections [];
    read_exact_reads_exactly_so_many_bytes [];
    read_exact_is_an_error_if_the_stream_ends_early [];
    read_to_end_reads_all_bytes [];
    write_all_writes_the_entire_buffer [];
    copy_moves_every_byte [];
    any_reader_and_writer_will_do [];
}

async fn incoming_is_a_stream_of_connections(at: At) {
    let listener = net::listener().await;
    let address = listener.local_addr().unwrap();
    let clients = at.beside(async move {
        let mut clients = Vec::new();
        for number in 0..5 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(&[number]).await.unwrap();
            clients.push(client);
        }
        clients
    });
    let mut incoming = listener.incoming();
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let mut connection = incoming.next().await.unwrap().unwrap();
        numbers.push(connection.read_u8().await.unwrap());
    }
    let clients = clients.await;
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    // It has no end: who asks for more waits.
    let more = futures::poll!(incoming.next());
    assert!(more.is_pending());
    drop(clients);
}

async fn read_exact_reads_exactly_so_many_bytes(at: At) {
    let (mut client, server) = net::pair().await;
    let reading = at.beside(owned::read_exact(server, vec![0; 5]));
    for piece in ["he", "l", "lo, and more"] {
        client.write_all(piece.as_bytes()).await.unwrap();
        at.deliver().await;
    }
    let (mut server, buf) = reading.await.unwrap();
    assert_eq!(buf, b"hello");
    // What came behind it is still there.
    assert_eq!(net::read_all(&mut server, 10).await, b", and more");
}

async fn read_exact_is_an_error_if_the_stream_ends_early(at: At) {
    let (mut client, server) = net::pair().await;
    client.write_all(b"hel").await.unwrap();
    drop(client);
    let mut reading = owned::read_exact(server, vec![0; 5]);
    let error = (&mut reading).await.unwrap_err();
    at.note(format!("{error}"));
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let (_server, buf, filled) = reading.into_parts().unwrap();
    assert_eq!(&buf[..filled], b"hel");
}

async fn read_to_end_reads_all_bytes(at: At) {
    let sent: Vec<u8> = (0..300_000_u32).map(|at| at as u8).collect();
    let (client, server) = net::pair().await;
    let expected = [b"before: ", &sent[..]].concat();
    let writing = at.beside(async {
        let (client, _) = owned::write_all(client, sent).await.unwrap();
        owned::shutdown(client).await.unwrap()
    });
    let (_server, all) = owned::read_to_end(server, b"before: ".to_vec()).await.unwrap();
    assert_eq!(all, expected);
    writing.await;
}

async fn write_all_writes_the_entire_buffer(at: At) {
    // Far more than any socket takes at once, so that it waits for the peer again and again.
    let sent: Vec<u8> = (0..12_000_000_u32).map(|at| (at / 3) as u8).collect();
    let expected = sent.clone();
    let (client, mut server) = net::pair().await;
    let writing = at.beside(owned::write_all(client, sent));
    let received = net::read_all(&mut server, expected.len()).await;
    assert!(received == expected);
    let (_client, given_back) = writing.await.unwrap();
    assert!(given_back == expected);
}

async fn copy_moves_every_byte(at: At) {
    const LEN: usize = 3_000_000;
    let (mut source, from) = net::pair().await;
    let (to, mut target) = net::pair().await;
    let copying = at.beside(owned::copy(from, to));
    let writing = at.beside(async move {
        let sent: Vec<u8> = (0..LEN).map(|at| (at / 7) as u8).collect();
        source.write_all(&sent).await.unwrap();
        source.shutdown().await.unwrap();
        (source, sent)
    });
    let received = net::read_all(&mut target, LEN).await;
    let (_source, sent) = writing.await;
    assert!(received == sent);
    let (copied, _from, to) = copying.await.unwrap();
    assert_eq!(copied, LEN as u64);
    // The writing side is given back open.
    owned::write_all(to, "and more").await.unwrap();
    assert_eq!(net::read_all(&mut target, 8).await, b"and more");
}

/// A stream of somebody else's making: one byte at a time, in capitals.
struct Shouting(TcpStream);

impl AsyncRead for Shouting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Shouting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let one = buf[..1].to_ascii_uppercase();
        Pin::new(&mut self.0).poll_write(cx, &one)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

async fn any_reader_and_writer_will_do(_: At) {
    let (client, server) = net::pair().await;
    let (client, _) = owned::write_all(Shouting(client), "ahoy there").await.unwrap();
    let (server, four) = owned::read_exact(Shouting(server), [0; 4]).await.unwrap();
    assert_eq!(&four, b"AHOY");
    owned::shutdown(client).await.unwrap();
    let (copied, _, rest) = owned::copy(server, Vec::new()).await.unwrap();
    assert_eq!((copied, rest), (6, b" THERE".to_vec()));
}
