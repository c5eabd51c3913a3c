//! The two properties of every reader and writer: no call blocks the thread, and who was told to
//! wait is woken, by bytes that arrive and by buffers that drain.
//!
//! That a call blocks shows as a hang, which the kit's watchdog ends.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use minato::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, BufStream, BufWriter, ReadBuf,
};
use minato::net::{TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

use crate::kit::counting::Counting;
use crate::kit::{At, cases, net};

cases! {
    a_tcp_stream [];
    borrowed_tcp_halves [];
    owned_tcp_halves [];
    halves_of_any_stream [];
    buffers_over_a_stream [];
    adapters_over_a_stream [];
    pipes_in_memory [];
    memory_is_always_ready [];
    a_listener [];
    a_datagram_socket [];
    a_unix_stream_and_its_halves [Descriptors];
    a_unix_listener_and_a_unix_datagram_socket [Descriptors];
    what_would_block_says_so [];
}

/// Waits until `count` was told, by a waker that passes the call on to this task.
async fn woken(count: &Counting) {
    poll_fn(|_| if count.count() > 0 { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Calls `poll` once with a waker that counts; it must be told to wait.
async fn must_wait<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Arc<Counting> {
    let count = poll_fn(|cx| {
        let (count, waker) = Counting::before(Some(cx.waker().clone()));
        assert!(poll(&mut Context::from_waker(&waker)).is_pending());
        Poll::Ready(count)
    })
    .await;
    assert_eq!(count.count(), 0, "woken for nothing");
    count
}

/// A reader with nothing to read, until `peer` sends something.
async fn a_reader_holds<R, W>(reader: &mut R, peer: &mut W)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut byte = [0];
    let count =
        must_wait(|cx| Pin::new(&mut *reader).poll_read(cx, &mut ReadBuf::new(&mut byte))).await;
    peer.write_all(b"x").await.unwrap();
    peer.flush().await.unwrap();
    woken(&count).await;
    assert_eq!(reader.read_u8().await.unwrap(), b'x');
}

/// A writer that writes until there is no more room, until `peer` has read enough.
async fn a_writer_holds<W, R>(writer: &mut W, peer: &mut R)
where
    W: AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
{
    let chunk = vec![b'w'; 64 * 1024];
    let (mut sent, mut received) = (0, 0);
    let count = poll_fn(|cx| {
        let (count, waker) = Counting::before(Some(cx.waker().clone()));
        // The budget of a poll makes a writer wait, too, and wakes it at once; so go on until it
        // waits for the peer.
        match Pin::new(&mut *writer).poll_write(&mut Context::from_waker(&waker), &chunk) {
            Poll::Ready(taken) => {
                sent += taken.unwrap();
                assert!(sent < 1 << 30, "a gigabyte was taken without anybody reading");
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending if count.count() > 0 => Poll::Pending,
            Poll::Pending => Poll::Ready(count),
        }
    })
    .await;

    let mut memory = vec![0; 64 * 1024];
    poll_fn(|cx| {
        while count.count() == 0 {
            let mut buf = ReadBuf::new(&mut memory);
            match Pin::new(&mut *peer).poll_read(cx, &mut buf) {
                Poll::Ready(read) => read.unwrap(),
                Poll::Pending => return Poll::Pending,
            }
            assert!(!buf.filled().is_empty(), "the stream ended");
            received += buf.filled().len();
        }
        Poll::Ready(())
    })
    .await;
    // There is room again: the writer goes on where it stopped, and nothing was lost or doubled.
    let rest = async {
        let more = writer.write(b"more").await.unwrap();
        writer.flush().await.unwrap();
        more
    };
    let reading = async {
        while received < sent {
            received += peer.read(&mut memory).await.unwrap();
        }
    };
    let (more, ()) = futures::join!(rest, reading);
    while received < sent + more {
        received += peer.read(&mut memory).await.unwrap();
    }
    assert_eq!(received, sent + more);
}

async fn a_stream_holds<S, P>(stream: &mut S, peer: &mut P)
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: AsyncRead + AsyncWrite + Unpin,
{
    a_reader_holds(stream, peer).await;
    a_writer_holds(stream, peer).await;
    a_reader_holds(stream, peer).await;
}

async fn a_tcp_stream(_: At) {
    let (mut client, mut server) = net::pair().await;
    a_stream_holds(&mut client, &mut server).await;
    a_stream_holds(&mut server, &mut client).await;
}

async fn borrowed_tcp_halves(_: At) {
    let (mut stream, mut peer) = net::pair().await;
    let (mut reader, mut writer) = stream.split();
    a_reader_holds(&mut reader, &mut peer).await;
    a_writer_holds(&mut writer, &mut peer).await;
}

async fn owned_tcp_halves(_: At) {
    let (stream, mut peer) = net::pair().await;
    let (mut reader, mut writer) = stream.into_split();
    a_reader_holds(&mut reader, &mut peer).await;
    a_writer_holds(&mut writer, &mut peer).await;
}

async fn halves_of_any_stream(_: At) {
    let (stream, mut peer) = net::pair().await;
    let (mut reader, mut writer) = minato::io::split(stream);
    a_reader_holds(&mut reader, &mut peer).await;
    a_writer_holds(&mut writer, &mut peer).await;
    a_stream_holds(&mut minato::io::join(reader, writer), &mut peer).await;
}

async fn buffers_over_a_stream(_: At) {
    let (stream, mut peer) = net::pair().await;
    let mut reader = BufReader::new(stream);
    a_reader_holds(&mut reader, &mut peer).await;
    let mut writer = BufWriter::new(reader.into_inner());
    a_writer_holds(&mut writer, &mut peer).await;
    a_stream_holds(&mut BufStream::new(writer.into_inner()), &mut peer).await;
}

async fn adapters_over_a_stream(_: At) {
    let (mut stream, mut peer) = net::pair().await;
    a_reader_holds(&mut (&mut stream).take(100), &mut peer).await;
    a_reader_holds(&mut (&b""[..]).chain(&mut stream), &mut peer).await;
    let mut boxed: Pin<Box<dyn Both>> = Box::pin(stream);
    a_stream_holds(&mut boxed, &mut peer).await;
}

/// A stream behind a pointer.
trait Both: AsyncRead + AsyncWrite + Send {}
impl Both for TcpStream {}

async fn pipes_in_memory(_: At) {
    let (mut one, mut other) = minato::io::duplex(1000);
    a_stream_holds(&mut one, &mut other).await;
    a_stream_holds(&mut other, &mut one).await;
    let pipe = minato::io::SimplexStream::new_unsplit(1000);
    let (mut reader, mut writer) = minato::io::split(pipe);
    a_reader_holds(&mut reader, &mut writer).await;
    a_writer_holds(&mut writer, &mut reader).await;
}

async fn memory_is_always_ready(_: At) {
    fn read(mut reader: impl AsyncRead + Unpin) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut place = [0; 4];
        Pin::new(&mut reader).poll_read(&mut cx, &mut ReadBuf::new(&mut place)).is_ready()
    }
    fn write(mut writer: impl AsyncWrite + Unpin) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let written = Pin::new(&mut writer).poll_write(&mut cx, b"bytes").is_ready();
        let flushed = Pin::new(&mut writer).poll_flush(&mut cx).is_ready();
        written && flushed && Pin::new(&mut writer).poll_shutdown(&mut cx).is_ready()
    }
    assert!(read(&b"some"[..]) && read(&b""[..]));
    assert!(read(io::Cursor::new(vec![1; 8])));
    assert!(read(minato::io::empty()) && read(minato::io::repeat(7)));
    assert!(write(Vec::new()) && write(io::Cursor::new(vec![0; 2])));
    assert!(write(minato::io::sink()) && write(minato::io::empty()));
}

async fn a_listener(_: At) {
    let listener = net::listener().await;
    let count = must_wait(|cx| listener.poll_accept(cx)).await;
    let connecting = TcpStream::connect(listener.local_addr().unwrap());
    let (client, ()) = futures::join!(connecting, woken(&count));
    let (server, from) = listener.accept().await.unwrap();
    assert_eq!(from, client.unwrap().local_addr().unwrap());
    drop(server);
}

async fn a_datagram_socket(_: At) {
    let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut place = [0; 16];
    let count = must_wait(|cx| receiver.poll_recv_from(cx, &mut ReadBuf::new(&mut place))).await;
    sender.send_to(b"datagram", receiver.local_addr().unwrap()).await.unwrap();
    woken(&count).await;
    let from = sender.local_addr().unwrap();
    assert_eq!(receiver.recv_from(&mut place).await.unwrap(), (8, from));
}

async fn a_unix_stream_and_its_halves(_: At) {
    let (mut one, mut other) = UnixStream::pair().unwrap();
    a_stream_holds(&mut one, &mut other).await;
    {
        let (mut reader, mut writer) = one.split();
        a_reader_holds(&mut reader, &mut other).await;
        a_writer_holds(&mut writer, &mut other).await;
    }
    let (mut reader, mut writer) = one.into_split();
    a_reader_holds(&mut reader, &mut other).await;
    a_writer_holds(&mut writer, &mut other).await;
}

async fn a_unix_listener_and_a_unix_datagram_socket(_: At) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listener");
    let listener = UnixListener::bind(&path).unwrap();
    let count = must_wait(|cx| listener.poll_accept(cx)).await;
    let (client, ()) = futures::join!(UnixStream::connect(&path), woken(&count));
    listener.accept().await.unwrap();
    client.unwrap();

    let (sender, receiver) = UnixDatagram::pair().unwrap();
    let mut place = [0; 16];
    let count = must_wait(|cx| receiver.poll_recv(cx, &mut ReadBuf::new(&mut place))).await;
    sender.send(b"datagram").await.unwrap();
    woken(&count).await;
    assert_eq!(receiver.recv(&mut place).await.unwrap(), 8);
    // Its sender waits for the receiver's room, which a UDP socket's does not.
    while sender.try_send(b"to the brim").is_ok() {}
    let count = must_wait(|cx| sender.poll_send(cx, b"one more")).await;
    while receiver.try_recv(&mut place).is_ok() {}
    woken(&count).await;
    sender.send(b"one more").await.unwrap();
}

/// The calls that have no task to be woken give an error of the kind `WouldBlock`, and whoever then
/// waits for readiness is woken.
async fn what_would_block_says_so(_: At) {
    let (client, server) = net::pair().await;
    assert_eq!(server.try_read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let count = must_wait(|cx| server.poll_read_ready(cx)).await;
    client.try_write(b"here").unwrap();
    woken(&count).await;
    assert_eq!(server.try_read(&mut [0; 8]).unwrap(), 4);

    net::fill(&client);
    assert_eq!(client.try_write(b"no room").unwrap_err().kind(), ErrorKind::WouldBlock);
    let count = must_wait(|cx| client.poll_write_ready(cx)).await;
    let drained = poll_fn(|cx| {
        while count.count() == 0 {
            match server.try_read(&mut [0; 64 * 1024]) {
                Ok(_) => {}
                Err(_) => std::task::ready!(server.poll_read_ready(cx)).unwrap(),
            }
        }
        Poll::Ready(())
    });
    drained.await;
    client.writable().await.unwrap();
}
