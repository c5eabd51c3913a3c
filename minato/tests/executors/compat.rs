//! The traits of tokio, futures and hyper: bytes, vectored writes, ends, errors and dropped reads
//! go through every wrapper and through every pair of wrappers.

use std::io::{self, Cursor, IoSlice, SeekFrom};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures::executor::block_on;
use hyper::rt::{Read as HyperRead, Write as HyperWrite};
use minato::compat::{Compat, FromFutures, FromTokio};
use minato::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWrite,
    AsyncWriteExt, BufReader, ReadBuf, duplex,
};
use minato::net::{TcpListener, TcpStream, UnixStream};

use crate::kit::{on_each_executor, panic_text};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Boxed = Box<dyn Stream>;

/// A stream with hyper's traits as one with ours, for these tests only.
struct FromHyper<T>(T);

impl<T: HyperRead + Unpin> AsyncRead for FromHyper<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut memory = [0; 4000];
        let room = buf.remaining().min(memory.len());
        let mut theirs = hyper::rt::ReadBuf::new(&mut memory[..room]);
        let polled = Pin::new(&mut self.0).poll_read(cx, theirs.unfilled());
        buf.put_slice(theirs.filled());
        polled
    }
}

impl<T: HyperWrite + Unpin> AsyncWrite for FromHyper<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

/// A way from a stream with our traits to another one, through the traits of others.
type Way<S> = (&'static str, fn(S) -> Boxed);

/// The wrappers around any stream of ours, alone and in pairs.
fn wrappers() -> Vec<Way<Boxed>> {
    vec![
        ("tokio", |inner| Box::new(FromTokio::new(Compat::new(inner)))),
        ("futures", |inner| Box::new(FromFutures::new(Compat::new(inner)))),
        ("hyper", |inner| Box::new(FromHyper(Compat::new(inner)))),
        ("tokio as hyper", |inner| Box::new(FromHyper(FromTokio::new(Compat::new(inner))))),
        ("futures as hyper", |inner| Box::new(FromHyper(FromFutures::new(Compat::new(inner))))),
    ]
}

/// The impls on a type of ours, and each wrapper within each other.
macro_rules! ways {
    ($make:expr, $check:expr) => {{
        let mut ways: Vec<(String, fn(_) -> Boxed)> = vec![
            ("direct tokio".into(), |stream| Box::new(FromTokio::new(stream))),
            ("direct futures".into(), |stream| Box::new(FromFutures::new(stream))),
            ("direct hyper".into(), |stream| Box::new(FromHyper(stream))),
        ];
        ways.push(("none".into(), |stream| Box::new(stream)));
        for (name, way) in ways {
            let (near, far) = $make.await;
            $check(name.clone(), way(near), way(far)).await;
            if name != "none" {
                continue;
            }
            for (outer, wrap_outer) in wrappers() {
                let (near, far) = $make.await;
                $check(outer.to_string(), wrap_outer(way(near)), wrap_outer(way(far))).await;
                for (inner, wrap_inner) in wrappers() {
                    let (near, far) = $make.await;
                    let near = wrap_outer(wrap_inner(way(near)));
                    let far = wrap_outer(wrap_inner(way(far)));
                    $check(format!("{outer} over {inner}"), near, far).await;
                }
            }
        }
    }};
}

async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

async fn unix_pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

async fn memory_pair() -> (minato::io::DuplexStream, minato::io::DuplexStream) {
    duplex(1000)
}

/// Everything that a stream can do, near and far, whatever it goes through.
async fn exchange(name: String, mut near: Boxed, mut far: Boxed) {
    // Two slices in one write, and its flush.
    assert!(near.is_write_vectored(), "{name}");
    let slices = [IoSlice::new(b""), IoSlice::new(b"ab"), IoSlice::new(b"cd")];
    assert_eq!(near.write_vectored(&slices).await.unwrap(), 4, "{name}");
    near.flush().await.unwrap();
    // Empty buffers are ready, and take nothing.
    assert_eq!(far.read(&mut []).await.unwrap(), 0, "{name}");
    assert_eq!(near.write(&[]).await.unwrap(), 0, "{name}");
    let mut four = [0; 4];
    far.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"abcd", "{name}");
    // A read that was polled and dropped loses nothing.
    for round in 0..200_u8 {
        let mut byte = [0];
        assert!(futures::poll!(pin!(far.read(&mut byte))).is_pending(), "{name}");
        near.write_all(&[round, !round]).await.unwrap();
        far.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte, [round], "{name}");
        assert_eq!(far.read_u8().await.unwrap(), !round, "{name}");
    }
    // More than the buffers hold, both ways at once.
    let sent: Vec<u8> = (0..50_000_u32).map(|index| index as u8 ^ (index >> 8) as u8).collect();
    let ((mut near_read, mut near_write), (mut far_read, mut far_write)) =
        (minato::io::split(near), minato::io::split(far));
    let (mut there, mut back) = (vec![0; sent.len()], vec![0; sent.len()]);
    let (one, two, three, four) = futures::join!(
        near_write.write_all(&sent),
        far_write.write_all(&sent),
        far_read.read_exact(&mut there),
        near_read.read_exact(&mut back),
    );
    one.and(two).unwrap();
    three.and(four).unwrap();
    assert!(there == sent && back == sent, "{name}");
    // The end of one direction, which the other one outlives.
    near_write.shutdown().await.unwrap();
    assert_eq!(far_read.read(&mut [0; 8]).await.unwrap(), 0, "{name}");
    far_write.write_all(b"still").await.unwrap();
    far_write.shutdown().await.unwrap();
    let mut rest = String::new();
    near_read.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "still", "{name}");
    assert!(near_write.write(b"late").await.is_err(), "{name}");
}

#[test]
fn sockets_and_pipes_work_through_every_pair_of_wrappers() {
    on_each_executor(|| async {
        ways!(memory_pair(), exchange);
    });
    // Sockets are slower, and no executor matters to them that does not to pipes.
    minato::run(async {
        ways!(tcp_pair(), exchange);
        ways!(unix_pair(), exchange);
    });
    block_on(async { ways!(tcp_pair(), exchange) });
}

/// Fails every call with an error of its own.
struct Failing;

impl AsyncRead for Failing {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::from_raw_os_error(104)))
    }
}

impl AsyncWrite for Failing {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::Error::from_raw_os_error(32)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::from_raw_os_error(5)))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::from_raw_os_error(107)))
    }
}

#[test]
fn errors_go_through_as_they_are() {
    for (outer, wrap_outer) in wrappers() {
        for (inner, wrap_inner) in wrappers() {
            let mut stream = wrap_outer(wrap_inner(Box::new(Failing)));
            let errors = block_on(async {
                [
                    stream.read(&mut [0; 4]).await.map(drop),
                    stream.write(b"a").await.map(drop),
                    stream.flush().await,
                    stream.shutdown().await,
                ]
            });
            let numbers = errors.map(|error| error.unwrap_err().raw_os_error().unwrap());
            assert_eq!(numbers, [104, 32, 5, 107], "{outer} over {inner}");
            // What writes one buffer says so, but for futures, which cannot ask.
            let vectored = stream.is_write_vectored();
            let futures = [outer, inner].iter().any(|name| name.starts_with("futures"));
            assert_eq!(vectored, futures, "{outer} over {inner}");
        }
    }
}

/// Puts an own buffer in the place of the one that it is given.
struct Exchanging(&'static mut [u8]);

impl AsyncRead for Exchanging {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A caller must not take these bytes for its own.
        let own: &'static mut [u8] = std::mem::take(&mut self.0);
        *buf = ReadBuf::new(own);
        buf.advance(4);
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncRead for Exchanging {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buf = tokio::io::ReadBuf::new(std::mem::take(&mut self.0));
        buf.advance(4);
        Poll::Ready(Ok(()))
    }
}

/// Claims to have read more than there is room for.
struct OverReporting;

impl futures::io::AsyncRead for OverReporting {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len() + 1))
    }
}

#[test]
fn readers_that_cheat_are_caught() {
    let exchanging = || Exchanging(Box::leak(Box::new([7; 8])));
    let mut context = Context::from_waker(Waker::noop());
    let mut memory = [0; 8];
    let message = panic_text(|| {
        let mut buf = tokio::io::ReadBuf::new(&mut memory);
        let mut reader = Compat::new(exchanging());
        let _ = tokio::io::AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut buf);
    });
    assert!(message.contains("put another buffer"), "{message}");
    let message = panic_text(|| {
        let mut buf = hyper::rt::ReadBuf::new(&mut memory);
        let mut reader = Compat::new(exchanging());
        let _ = HyperRead::poll_read(Pin::new(&mut reader), &mut context, buf.unfilled());
    });
    assert!(message.contains("put another buffer"), "{message}");
    let message = panic_text(|| {
        let mut reader = Compat::new(exchanging());
        let _ = futures::io::AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut memory);
    });
    assert!(message.contains("put another buffer"), "{message}");
    // tokio compares the buffer itself.
    panic_text(|| {
        let mut buf = ReadBuf::new(&mut memory);
        let mut reader = FromTokio::new(exchanging());
        let _ = AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut buf);
    });
    let message = panic_text(|| {
        let mut buf = ReadBuf::new(&mut memory);
        let mut reader = FromFutures::new(OverReporting);
        let _ = AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut buf);
    });
    assert!(message.contains("only 8 were ever written"), "{message}");
    assert_eq!(memory, [0; 8], "nobody wrote into the buffer that was lent");
}

/// Notes where the memory is that it is given, and how much of it is known to be written.
struct Noting(Option<(usize, usize, usize)>);

impl AsyncRead for Noting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (initialized, capacity) = (buf.initialized().len(), buf.capacity());
        self.0 = Some((buf.initialized().as_ptr() as usize, initialized, capacity));
        buf.put_slice(b"abc");
        Poll::Ready(Ok(()))
    }
}

impl tokio::io::AsyncRead for Noting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (initialized, capacity) = (buf.initialized().len(), buf.capacity());
        self.0 = Some((buf.initialized().as_ptr() as usize, initialized, capacity));
        buf.put_slice(b"abc");
        Poll::Ready(Ok(()))
    }
}

#[test]
fn memory_is_lent_as_it_is_and_never_zeroed() {
    let mut context = Context::from_waker(Waker::noop());
    let mut memory = [MaybeUninit::<u8>::uninit(); 16];
    let given = Some((memory.as_ptr() as usize, 0, 16));

    let mut theirs = tokio::io::ReadBuf::uninit(&mut memory);
    let mut reader = Compat::new(Noting(None));
    let polled = tokio::io::AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut theirs);
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert_eq!((theirs.filled(), theirs.initialized().len()), (&b"abc"[..], 3));
    assert_eq!(reader.get_ref().0, given);

    let mut theirs = hyper::rt::ReadBuf::uninit(&mut memory);
    let mut reader = Compat::new(Noting(None));
    let polled = HyperRead::poll_read(Pin::new(&mut reader), &mut context, theirs.unfilled());
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert_eq!(theirs.filled(), b"abc");
    assert_eq!(reader.get_ref().0, given);

    let mut ours = ReadBuf::uninit(&mut memory);
    let mut reader = FromTokio::new(Noting(None));
    let polled = AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut ours);
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert_eq!((ours.filled(), ours.initialized().len()), (&b"abc"[..], 3));
    assert_eq!(reader.get_ref().0, given);

    // What is filled already stays, and only the rest is lent.
    let mut theirs = tokio::io::ReadBuf::uninit(&mut memory);
    theirs.put_slice(b"kept");
    let mut reader = Compat::new(Noting(None));
    let polled = tokio::io::AsyncRead::poll_read(Pin::new(&mut reader), &mut context, &mut theirs);
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert_eq!(theirs.filled(), b"keptabc");
}

#[test]
fn buffered_readers_and_seeks_go_through() {
    block_on(async {
        let text = || BufReader::new(&b"one\ntwo\n"[..]);
        let mut readers: Vec<Box<dyn AsyncBufRead + Unpin>> = vec![
            Box::new(FromTokio::new(text())),
            Box::new(FromFutures::new(text())),
            Box::new(FromTokio::new(Compat::new(FromFutures::new(Compat::new(text()))))),
            Box::new(FromFutures::new(Compat::new(FromTokio::new(Compat::new(text()))))),
        ];
        for reader in &mut readers {
            assert_eq!(reader.lines().next_line().await.unwrap().unwrap(), "one");
        }
        let mut cursor = FromTokio::new(Compat::new(Cursor::new(b"0123456789".to_vec())));
        assert_eq!(cursor.seek(SeekFrom::End(-3)).await.unwrap(), 7);
        assert_eq!(cursor.read_u8().await.unwrap(), b'7');
        let mut buffered = FromTokio::new(BufReader::new(Cursor::new(b"0123456789".to_vec())));
        assert_eq!(buffered.read_u8().await.unwrap(), b'0');
        assert_eq!(buffered.seek(SeekFrom::Current(4)).await.unwrap(), 5);
        assert_eq!(buffered.read_u8().await.unwrap(), b'5');
    });
}

/// The helpers of others over our sockets, by the traits alone.
#[test]
fn helpers_of_others_copy_between_our_sockets() {
    minato::run(async {
        let (mut client, mut left) = tcp_pair().await;
        let (mut right, mut server) = tcp_pair().await;
        let relay = minato::spawn(async move {
            tokio::io::copy_bidirectional(&mut left, &mut right).await.unwrap()
        });
        client.write_all(b"question").await.unwrap();
        client.shutdown().await.unwrap();
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        futures::io::AsyncWriteExt::write_all(&mut server, b"answer").await.unwrap();
        futures::io::AsyncWriteExt::close(&mut server).await.unwrap();
        futures::io::AsyncReadExt::read_to_string(&mut client, &mut text).await.unwrap();
        assert_eq!(text, "questionanswer");
        assert_eq!(relay.await.unwrap(), (8, 6));
        // And ours over theirs.
        let (mut reader, writer) = tokio::io::duplex(16);
        tokio::io::AsyncWriteExt::write_all(&mut reader, b"0123456789").await.unwrap();
        drop(reader);
        let mut copied = Vec::new();
        let count = minato::io::copy(&mut FromTokio::new(writer), &mut copied).await.unwrap();
        assert_eq!((count, &copied[..]), (10, &b"0123456789"[..]));
    });
}
