//! Streams that do not wait for ever: in each direction, starting anew with each byte.

use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::time::Duration;

use minato::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use minato::net::{TcpStream, UnixStream};
use minato::runtime::Builder;
use minato::time::{Instant, sleep};
use minato_service::TimeoutStream;

use crate::kit::{At, cases, net, on_each_executor, watchdog};

cases! {
    a_silent_peer_is_an_error_and_nothing_is_lost [];
    a_peer_that_takes_nothing_is_an_error [];
    without_a_limit_it_is_the_stream_behind [];
    what_ends_is_no_timeout [];
    over_unix_sockets [Descriptors];
    many_at_once [];
}

/// A stream with limits to its reads and writes.
fn limited<S>(stream: S, read: Option<Duration>, write: Option<Duration>) -> TimeoutStream<S> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_read_timeout(read);
    stream.set_write_timeout(write);
    stream
}

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

async fn a_silent_peer_is_an_error_and_nothing_is_lost(at: At) {
    let (mut client, server) = net::pair().await;
    let mut server = limited(server, Some(20 * MS), None);
    let start = Instant::now();
    let error = server.read(&mut [0; 4]).await.unwrap_err();
    assert!(start.elapsed() >= 20 * MS);
    at.note_result("silent", &Err::<(), _>(error));
    client.write_all(b"late").await.unwrap();
    server.set_read_timeout(Some(LONG));
    let mut four = [0; 4];
    server.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"late");
    // Each call has the whole limit again.
    server.set_read_timeout(Some(20 * MS));
    for _ in 0..2 {
        let start = Instant::now();
        server.read(&mut [0; 4]).await.unwrap_err();
        assert!(start.elapsed() >= 20 * MS);
    }
}

async fn a_peer_that_takes_nothing_is_an_error(at: At) {
    let (client, mut server) = net::pair().await;
    let mut client = limited(client, None, Some(20 * MS));
    let chunk = vec![b'x'; 64 * 1024];
    let mut written = 0;
    let error = loop {
        match client.write(&chunk).await {
            Ok(count) => written += count,
            Err(error) => break error,
        }
    };
    at.note(error.to_string());
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // What was taken before arrives, and then there is room again.
    let mut client = client.into_inner();
    let (ended, read) = futures::join!(client.shutdown(), async {
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        all.len()
    });
    ended.unwrap();
    assert_eq!(read, written);
}

async fn without_a_limit_it_is_the_stream_behind(_: At) {
    let (client, server) = net::pair().await;
    let (mut client, mut server) = (TimeoutStream::new(client), TimeoutStream::new(server));
    assert!(client.is_write_vectored());
    let parts = [&b"one "[..], b"two "].map(std::io::IoSlice::new);
    assert_eq!(client.write_vectored(&parts).await.unwrap(), 8);
    client.flush().await.unwrap();
    client.shutdown().await.unwrap();
    let mut all = String::new();
    server.read_to_string(&mut all).await.unwrap();
    assert_eq!(all, "one two ");
    assert_eq!(server.get_ref().local_addr().unwrap(), client.get_mut().peer_addr().unwrap());
}

async fn what_ends_is_no_timeout(at: At) {
    let (client, server) = net::pair().await;
    let mut server = limited(server, Some(LONG), None);
    client.set_zero_linger().unwrap();
    drop(client);
    at.note_result("reset", &server.read(&mut [0]).await);
    at.note_result("the end", &server.read(&mut [0]).await);
}

async fn over_unix_sockets(_: At) {
    let (mut client, server) = UnixStream::pair().unwrap();
    let mut server = limited(server, Some(10 * MS), None);
    let error = server.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.to_string(), "nothing could be read for 10ms");
    client.write_all(b"x").await.unwrap();
    server.set_read_timeout(None);
    assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 1);
}

async fn many_at_once(at: At) {
    let listener = net::listener().await;
    let (mut clients, mut waiting) = (Vec::new(), Vec::new());
    for number in 0..60 {
        let (client, server) = net::pair_with(&listener).await;
        clients.push(client);
        waiting.push(at.beside(async move {
            let limit = if number % 2 == 0 { 5 * MS } else { LONG };
            let mut server = limited(server, Some(limit), None);
            server.read(&mut [0; 4]).await.map_err(|error| error.kind())
        }));
    }
    sleep(10 * MS).await;
    for (number, client) in clients.iter_mut().enumerate() {
        // The others have given up.
        if number % 2 == 1 {
            client.write_all(b"data").await.unwrap();
        }
    }
    for (number, waiting) in waiting.into_iter().enumerate() {
        let expected = if number % 2 == 0 { Err(ErrorKind::TimedOut) } else { Ok(4) };
        assert_eq!(waiting.await, expected);
    }
}

/// A byte each 3 s is slow, and no silence of 4 s.
#[test]
fn the_limit_starts_anew_with_each_byte_and_counts_waiting_only() {
    let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (mut peer, ours) = duplex(1);
        let (read, write) = (Duration::from_secs(4), Duration::from_secs(2));
        let mut ours = limited(ours, Some(read), Some(write));
        let slow = async {
            for byte in 0..5 {
                sleep(Duration::from_secs(3)).await;
                peer.write_all(&[byte]).await.unwrap();
            }
        };
        let mut five = [0; 5];
        let (read, ()) = futures::join!(ours.read_exact(&mut five), slow);
        read.unwrap();
        assert_eq!(five, [0, 1, 2, 3, 4]);
        // Nobody reads meanwhile.
        sleep(Duration::from_secs(100)).await;
        let start = Instant::now();
        assert_eq!(ours.read(&mut five).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(start.elapsed(), Duration::from_secs(4));
        // The directions are apart: while a write waits, a read has its own limit.
        ours.write_all(b"a").await.unwrap();
        let start = Instant::now();
        let error = ours.write_all(b"b").await.unwrap_err();
        assert_eq!(error.to_string(), "nothing could be written for 2s");
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        // A limit that is set while a call waits counts from the next poll.
        let mut read = [0];
        {
            let mut reading = pin!(ours.read(&mut read));
            assert!(futures::poll!(reading.as_mut()).is_pending());
        }
        sleep(Duration::from_secs(3)).await;
        ours.set_read_timeout(Some(Duration::from_secs(10)));
        let start = Instant::now();
        ours.read(&mut read).await.unwrap_err();
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    });
}

/// A stream whose flush and shutdown never end.
struct Stuck;

impl AsyncRead for Stuck {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut minato::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Pending
    }
}

impl AsyncWrite for Stuck {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::task::Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Pending
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Pending
    }
}

#[test]
fn flushing_and_shutting_down_are_limited_on_every_executor() {
    let _watchdog = watchdog();
    on_each_executor(|| async {
        let mut stuck = limited(Stuck, Some(MS), Some(MS));
        stuck.write_all(b"taken").await.unwrap();
        assert_eq!(stuck.flush().await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(stuck.shutdown().await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(stuck.read(&mut [0]).await.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

/// The wrapper is as movable as what it wraps.
const _: fn() = || {
    fn is<T: Send + Sync + Unpin + 'static>() {}
    is::<TimeoutStream<TcpStream>>();
};
