//! The poll API: a future written by hand does what the helpers do, on any stream.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use minato::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, owned};
use minato::net::UdpSocket;

use crate::kit::{At, cases, net};

cases! {
    a_read_exact_of_ones_own [];
    both_apis_are_on_every_type [];
    a_poll_after_the_end_panics_with_the_futures_name [];
}

/// Takes the stream and the buffer, and gives both back when the buffer is full.
struct Filling<S> {
    parts: Option<(S, Vec<u8>)>,
    filled: usize,
}

impl<S> Filling<S> {
    fn new(stream: S, len: usize) -> Self {
        Self { parts: Some((stream, vec![0; len])), filled: 0 }
    }
}

impl<S: AsyncRead + Unpin> Future for Filling<S> {
    type Output = io::Result<(S, Vec<u8>)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let (stream, memory) = this.parts.as_mut().expect("Filling polled after completion");
        while this.filled < memory.len() {
            let mut rest = ReadBuf::new(&mut memory[this.filled..]);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut rest))?;
            match rest.filled().len() {
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                count => this.filled += count,
            }
        }
        Poll::Ready(Ok(this.parts.take().expect("it was there a moment ago")))
    }
}

async fn a_read_exact_of_ones_own(at: At) {
    let (mut client, server) = net::pair().await;
    let filling = at.beside(Filling::new(server, 9));
    for piece in ["by", " ", "piec", "es, "] {
        client.write_all(piece.as_bytes()).await.unwrap();
        at.deliver().await;
    }
    let (server, nine) = filling.await.unwrap();
    assert_eq!(nine, b"by pieces");
    client.shutdown().await.unwrap();
    let error = Filling::new(server, 9).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);

    let (rest, three) = Filling::new(&b"memory"[..], 3).await.unwrap();
    assert_eq!((&three[..], rest), (&b"mem"[..], &b"ory"[..]));
}

/// On one listener, one connection and one socket, the two APIs by turns.
async fn both_apis_are_on_every_type(_: At) {
    let listener = net::listener().await;
    let (mut first, mut accepted) = net::pair_with(&listener).await;
    let address = listener.local_addr().unwrap();
    let connecting = minato::net::TcpStream::connect(address);
    let accepting = poll_fn(|cx| listener.poll_accept(cx));
    let (second, polled) = futures::join!(connecting, accepting);
    assert_eq!(polled.unwrap().1, second.unwrap().local_addr().unwrap());

    first.write_all(b"one").await.unwrap();
    assert_eq!(poll_fn(|cx| Pin::new(&mut first).poll_write(cx, b"two")).await.unwrap(), 3);
    let mut memory = [0; 3];
    let mut buf = ReadBuf::new(&mut memory);
    while buf.remaining() > 0 {
        poll_fn(|cx| Pin::new(&mut accepted).poll_read(cx, &mut buf)).await.unwrap();
    }
    assert_eq!(buf.filled(), b"one");
    accepted.read_exact(&mut memory).await.unwrap();
    assert_eq!(&memory, b"two");

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let itself = socket.local_addr().unwrap();
    socket.send_to(b"one", itself).await.unwrap();
    let mut buf = ReadBuf::new(&mut memory);
    assert_eq!(poll_fn(|cx| socket.poll_recv_from(cx, &mut buf)).await.unwrap(), itself);
    assert_eq!(buf.filled(), b"one");
    assert_eq!(poll_fn(|cx| socket.poll_send_to(cx, b"two", itself)).await.unwrap(), 3);
    assert_eq!(socket.recv_from(&mut memory).await.unwrap(), (3, itself));
    assert_eq!(&memory, b"two");
}

async fn a_poll_after_the_end_panics_with_the_futures_name(_: At) {
    let mut reading = owned::read_exact(&b"five!"[..], [0; 5]);
    (&mut reading).await.unwrap();
    let again = std::panic::AssertUnwindSafe(async { (&mut reading).await.map(drop) });
    let panic = futures::FutureExt::catch_unwind(again).await.unwrap_err();
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()));
    assert_eq!(text.as_deref(), Some("ReadExact polled after completion"));
}
