//! Sending and receiving by value: futures that own the socket, and give it back.

use std::io;
use std::net::SocketAddr;
use std::task::{Poll, ready};

use super::{Received, RecvBatch, Transmit, UdpSocket};
use crate::io::ReadBuf;
use crate::io::owned::{Parts, by_value_future};

impl UdpSocket {
    /// Sends `buf` as one datagram to `target`, by value: gives the socket and the buffer back.
    ///
    /// # Errors
    ///
    /// The system's, and that only a part was sent. [`SendDgram::into_parts`] gives socket and
    /// buffer back then; polled again, it sends again.
    ///
    /// # Cancel safety
    ///
    /// Given up before it is done, nothing was sent, and [`SendDgram::into_parts`] gives socket and
    /// buffer back.
    ///
    /// # Panics
    ///
    /// The future, when it is polled after it returned `Ready(Ok(_))`.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::TryFutureExt;
    /// use minato::net::UdpSocket;
    ///
    /// # pollster::block_on(async {
    /// let ship = UdpSocket::bind("127.0.0.1:0").await?;
    /// let harbour = UdpSocket::bind("127.0.0.1:0").await?;
    /// let harbour_address = harbour.local_addr()?;
    ///
    /// let echo = harbour.recv_dgram(vec![0; 1500]).and_then(|(socket, mut buf, received)| {
    ///     buf.truncate(received.len);
    ///     socket.send_dgram(buf, received.from)
    /// });
    /// let (ship, _) = ship.send_dgram("ahoy", harbour_address).await?;
    /// echo.await?;
    /// let (_ship, buf, received) = ship.recv_dgram([0; 1500]).await?;
    /// assert_eq!(&buf[..received.len], b"ahoy");
    /// assert_eq!(received.from, harbour_address);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn send_dgram<T: AsRef<[u8]>>(self, buf: T, target: SocketAddr) -> SendDgram<T> {
        SendDgram { parts: Parts::new("SendDgram", (self, buf, target)) }
    }

    /// Receives one datagram into `buf`, by value: gives the socket and the buffer back, and what
    /// is known of the datagram, with whether it was longer than `buf`.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from). [`RecvDgram::into_parts`] gives socket and buffer back
    /// then; polled again, it receives again.
    ///
    /// # Cancel safety
    ///
    /// Given up before it is done, no datagram was taken, and [`RecvDgram::into_parts`] gives
    /// socket and buffer back.
    ///
    /// # Panics
    ///
    /// The future, when it is polled after it returned `Ready(Ok(_))`.
    pub fn recv_dgram<T: AsMut<[u8]>>(self, buf: T) -> RecvDgram<T> {
        RecvDgram { parts: Parts::new("RecvDgram", (self, buf)) }
    }

    /// Sends all datagrams of `transmit`, by value: gives it and the socket back.
    ///
    /// # Errors
    ///
    /// As [`send_batch`](Self::send_batch). [`SendDgrams::into_parts`] then gives socket and
    /// transmit back, and tells how much was sent; polled again, it goes on where it stopped.
    ///
    /// # Cancel safety
    ///
    /// Given up before it is done, [`SendDgrams::into_parts`] gives socket and transmit back, and
    /// tells how much was sent.
    ///
    /// # Panics
    ///
    /// The future, when it is polled after it returned `Ready(Ok(_))`.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use minato::net::UdpSocket;
    /// use minato::net::udp::{RecvBatch, Transmit};
    ///
    /// let ship = UdpSocket::bind("127.0.0.1:0").await?;
    /// let transmit = Transmit::new(ship.local_addr()?, vec![7; 300]).segment_size(100);
    /// let (ship, transmit) = ship.send_dgrams(transmit).await?;
    /// let (_ship, batch) = ship.recv_dgrams(RecvBatch::new()).await?;
    /// let (datagram, _) = batch.iter().next().unwrap();
    /// assert_eq!(datagram, &transmit.contents[..100]);
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub fn send_dgrams<T: AsRef<[u8]>>(self, transmit: Transmit<T>) -> SendDgrams<T> {
        SendDgrams { parts: Parts::new("SendDgrams", (self, transmit, 0)) }
    }

    /// Receives datagrams, as many as one call takes, by value: gives the batch and the socket
    /// back.
    ///
    /// # Errors
    ///
    /// As [`recv_batch`](Self::recv_batch). [`RecvDgrams::into_parts`] gives socket and batch back
    /// then; polled again, it receives again.
    ///
    /// # Cancel safety
    ///
    /// Given up before it is done, no datagram was taken, and [`RecvDgrams::into_parts`] gives
    /// socket and batch back.
    ///
    /// # Panics
    ///
    /// The future, when it is polled after it returned `Ready(Ok(_))`.
    pub fn recv_dgrams(self, batch: RecvBatch) -> RecvDgrams {
        RecvDgrams { parts: Parts::new("RecvDgrams", (self, batch)) }
    }
}

by_value_future! {
    /// The future of [`UdpSocket::send_dgram`].
    pub struct SendDgram<T: [AsRef<[u8]>]> of (UdpSocket, T, SocketAddr) => (UdpSocket, T);
    |cx, (socket, buf, target)| {
        let buf = buf.as_ref();
        let sent = ready!(socket.poll_send_to(cx, buf, *target))?;
        if sent == buf.len() { Poll::Ready(Ok(())) } else { Poll::Ready(Err(cut(sent, buf.len()))) }
    };
    |(socket, buf, _), ()| (socket, buf)
}

impl<T> SendDgram<T> {
    /// The socket and the buffer, which was not sent; `None` after success.
    pub fn into_parts(self) -> Option<(UdpSocket, T)> {
        self.parts.into_inner().map(|(socket, buf, _)| (socket, buf))
    }
}

fn cut(sent: usize, len: usize) -> io::Error {
    let text = format!("only {sent} of the {len} bytes of a datagram were sent");
    io::Error::new(io::ErrorKind::WriteZero, text)
}

by_value_future! {
    /// The future of [`UdpSocket::recv_dgram`].
    pub struct RecvDgram<T: [AsMut<[u8]>]> of (UdpSocket, T) => (UdpSocket, T, Received);
    /// The socket and the buffer, into which nothing was received; `None` after success.
    into_parts;
    |cx, (socket, buf)| socket.poll_recv_dgram_from(cx, &mut ReadBuf::new(buf.as_mut()));
    |(socket, buf), received| (socket, buf, received)
}

by_value_future! {
    /// The future of [`UdpSocket::send_dgrams`].
    pub struct SendDgrams<T: [AsRef<[u8]>]>
    of (UdpSocket, Transmit<T>, usize) => (UdpSocket, Transmit<T>);
    /// The socket, the transmit, and how many bytes of its contents were sent; `None` after
    /// success.
    into_parts;
    |cx, (socket, transmit, sent)| loop {
        let rest = transmit.rest(*sent);
        let len = ready!(socket.poll_send_batch(cx, &rest))?;
        *sent += len;
        if len == rest.contents.len() {
            break Poll::Ready(Ok(()));
        }
    };
    |(socket, transmit, _), ()| (socket, transmit)
}

by_value_future! {
    /// The future of [`UdpSocket::recv_dgrams`].
    pub struct RecvDgrams of (UdpSocket, RecvBatch) => (UdpSocket, RecvBatch);
    /// The socket and the batch, into which nothing was received; `None` after success.
    into_parts;
    |cx, (socket, batch)| socket.poll_recv_batch(cx, batch);
    |parts, _| parts
}
