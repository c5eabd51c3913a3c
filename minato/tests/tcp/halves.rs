//! Streams in two halves.

use std::future::poll_fn;
use std::io::{IoSlice, IoSliceMut};

use minato::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use minato::net::TcpStream;

use crate::kit::{At, cases, net};

cases! {
    borrowed_halves_work_at_once [];
    owned_halves_work_in_two_tasks [];
    dropping_the_write_half_ends_the_stream [];
    dropping_the_read_half_ends_nothing [];
    forgetting_the_write_half_ends_nothing [];
    halves_of_one_stream_reunite [];
    halves_of_two_streams_do_not [];
    an_error_of_reunite_is_taken_apart [];
    shutting_a_half_down_ends_the_stream [];
    a_half_peeks_and_tries [];
    halves_have_what_their_stream_has [];
}

async fn borrowed_halves_work_at_once(_: At) {
    let (mut client, mut server) = net::pair().await;
    let (mut client_read, mut client_write) = client.split();
    let (mut server_read, mut server_write) = server.split();
    const LEN: usize = 1 << 20;
    let there = vec![b't'; LEN];
    let back = vec![b'b'; LEN];
    let (mut got_there, mut got_back) = (vec![0; LEN], vec![0; LEN]);
    let (a, b, c, d) = futures::join!(
        client_write.write_all(&there),
        server_write.write_all(&back),
        server_read.read_exact(&mut got_there),
        client_read.read_exact(&mut got_back),
    );
    a.and(b).unwrap();
    c.and(d).unwrap();
    assert!(got_there == there && got_back == back);
}

async fn owned_halves_work_in_two_tasks(at: At) {
    const LEN: usize = 1 << 20;
    let (client, mut server) = net::pair().await;
    let (mut read, mut write) = client.into_split();
    let reading = at.beside(async move {
        let mut all = vec![0; LEN];
        read.read_exact(&mut all).await.unwrap();
        (all, read)
    });
    let writing = at.beside(async move {
        write.write_all(&vec![b'w'; LEN]).await.unwrap();
        write
    });
    // The echo: there and back.
    let mut buf = vec![0; 64 * 1024];
    let mut echoed = 0;
    while echoed < LEN {
        let len = server.read(&mut buf).await.unwrap();
        assert!(len > 0);
        server.write_all(&buf[..len]).await.unwrap();
        echoed += len;
    }
    let ((all, _read), _write) = (reading.await, writing.await);
    assert!(all.iter().all(|byte| *byte == b'w'));
}

async fn dropping_the_write_half_ends_the_stream(at: At) {
    let (client, mut server) = net::pair().await;
    let (mut read, mut write) = client.into_split();
    write.write_all(b"bye").await.unwrap();
    drop(write);
    let mut all = Vec::new();
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"bye");
    let reading = at.beside(async move { net_read(&mut read).await });
    server.write_all(b"and back").await.unwrap();
    assert_eq!(reading.await, b"and back");
}

async fn net_read(read: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    read.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn dropping_the_read_half_ends_nothing(_: At) {
    let (client, mut server) = net::pair().await;
    let (read, mut write) = client.into_split();
    drop(read);
    write.write_all(b"one way").await.unwrap();
    assert_eq!(net::read_all(&mut server, 7).await, b"one way");
}

async fn forgetting_the_write_half_ends_nothing(at: At) {
    let (client, server) = net::pair().await;
    let (read, write) = client.into_split();
    write.forget();
    at.deliver().await;
    let nothing = server.try_read(&mut [0; 4]);
    at.note_result("nothing ended", &nothing);
    drop(read);
    assert_eq!(server.peek(&mut [0; 4]).await.unwrap(), 0);
}

async fn halves_of_one_stream_reunite(_: At) {
    let (client, mut server) = net::pair().await;
    let local = client.local_addr().unwrap();
    let (read, write) = client.into_split();
    let client = read.reunite(write).unwrap();
    let (read, write) = client.into_split();
    let mut client = write.reunite(read).unwrap();
    assert_eq!(client.local_addr().unwrap(), local);
    // Nothing was ended on the way.
    client.write_all(b"whole").await.unwrap();
    assert_eq!(net::read_all(&mut server, 5).await, b"whole");
}

async fn halves_of_two_streams_do_not(_: At) {
    let (client, mut server) = net::pair().await;
    let (other, _other_server) = net::pair().await;
    let (read, write) = client.into_split();
    let (other_read, other_write) = other.into_split();
    let error = read.reunite(other_write).unwrap_err();
    assert!(error.to_string().contains("not of the same stream"), "{error}");
    let error_too = write.reunite(other_read).unwrap_err();
    // The errors gave all four back, whole.
    let mut client = error.0.reunite(error_too.1).unwrap();
    let _other = error_too.0.reunite(error.1).unwrap();
    client.write_all(b"whole").await.unwrap();
    assert_eq!(net::read_all(&mut server, 5).await, b"whole");
}

async fn an_error_of_reunite_is_taken_apart(_: At) {
    use minato::net::tcp::ReuniteError;
    let ((one, _server), (other, _other_server)) = (net::pair().await, net::pair().await);
    let address = one.local_addr().unwrap();
    let ((read, _write), (_other_read, write)) = (one.into_split(), other.into_split());
    let error: ReuniteError = read.reunite(write).unwrap_err();
    let ReuniteError(read, write): ReuniteError = error;
    assert_eq!(read.local_addr().unwrap(), address);
    assert_ne!(write.local_addr().unwrap(), address);
}

async fn shutting_a_half_down_ends_the_stream(_: At) {
    let (mut client, mut server) = net::pair().await;
    {
        let (_, mut write) = client.split();
        write.write_all(b"x").await.unwrap();
        write.shutdown().await.unwrap();
    }
    let mut all = Vec::new();
    server.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"x");
}

async fn a_half_peeks_and_tries(at: At) {
    let (client, mut server) = net::pair().await;
    let (mut read, write) = client.into_split();
    server.write_all(b"abc").await.unwrap();
    at.deliver().await;
    read.readable().await.unwrap();
    let mut buf = [0; 8];
    assert_eq!(read.peek(&mut buf).await.unwrap(), 3);
    assert_eq!(read.try_read(&mut buf).unwrap(), 3);
    at.note_result("drained", &read.try_read(&mut buf));
    write.writable().await.unwrap();
    assert_eq!(write.try_write(b"de").unwrap(), 2);
    assert_eq!(net::read_all(&mut server, 2).await, b"de");
    assert_eq!(read.as_stream().peer_addr().unwrap(), write.as_stream().peer_addr().unwrap());
}

async fn halves_have_what_their_stream_has(at: At) {
    let (mut client, server) = net::pair().await;
    let (local, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    let (mut read, write) = server.into_split();
    assert_eq!((read.local_addr().unwrap(), read.peer_addr().unwrap()), (peer, local));
    assert_eq!((write.local_addr().unwrap(), write.peer_addr().unwrap()), (peer, local));
    fn stream(half: &impl AsRef<TcpStream>) -> &TcpStream {
        half.as_ref()
    }
    assert!(std::ptr::eq(stream(&read), read.as_stream()));
    assert!(std::ptr::eq(stream(&write), read.as_stream()));
    assert!(std::ptr::eq(stream(&client), &client));
    {
        let (read, write) = client.split();
        assert_eq!((read.local_addr().unwrap(), write.peer_addr().unwrap()), (local, peer));
        let pieces = [IoSlice::new(b"in "), IoSlice::new(b"pieces")];
        assert_eq!(write.try_write_vectored(&pieces).unwrap(), 9);
    }
    at.deliver().await;
    let mut bytes = [0; 3];
    let mut peeked = ReadBuf::new(&mut bytes);
    assert_eq!(poll_fn(|cx| read.poll_peek(cx, &mut peeked)).await.unwrap(), 3);
    assert_eq!(peeked.filled(), b"in ");
    let (mut one, mut two) = ([0; 2], [0; 3]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(read.try_read_vectored(&mut buffers).unwrap(), 5);
    assert_eq!((&one, &two), (b"in", b" pi"));
    let mut rest = Vec::with_capacity(16);
    assert_eq!(read.try_read_buf(&mut rest).unwrap(), 4);
    assert_eq!(rest, b"eces");
}
