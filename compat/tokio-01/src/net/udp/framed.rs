//! Frames over UDP.

use std::net::SocketAddr;

use futures::{Async, AsyncSink, Poll, Sink, StartSend, Stream};

use super::UdpSocket;
use crate::codec::{Decoder, Encoder};
use crate::net::framing::{Frames, Framing};

/// A stream of the frames that a UDP socket receives, with their senders; and a sink of frames,
/// with their receivers.
///
/// Each datagram is one frame, or with [`with_decode`](Self::with_decode) several. A datagram that
/// decodes to nothing is passed over; in tokio 0.1 it ended the stream. The stream never ends, and
/// goes on after an error. An error of the sink takes its frame with it.
///
/// ```
/// use bytes::Bytes;
/// use futures::{Future, Sink, Stream};
/// use tokio::codec::BytesCodec;
/// use tokio::net::{UdpFramed, UdpSocket};
///
/// let loopback = "127.0.0.1:0".parse().unwrap();
/// let harbour = UdpFramed::new(UdpSocket::bind(&loopback)?, BytesCodec::new());
/// let ship = UdpFramed::new(UdpSocket::bind(&loopback)?, BytesCodec::new());
///
/// let to = harbour.get_ref().local_addr()?;
/// let ship = ship.send((Bytes::from_static(b"ahoy"), to)).wait()?;
/// let (heard, from) = Stream::wait(harbour).next().unwrap()?;
/// assert_eq!((&heard[..], from), (&b"ahoy"[..], ship.get_ref().local_addr()?));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "sinks do nothing unless polled"]
pub struct UdpFramed<C> {
    socket: UdpSocket,
    framing: Framing<C, SocketAddr, SocketAddr>,
}

impl<C> UdpFramed<C> {
    /// Puts `codec` over `socket`. Each datagram is one frame.
    pub fn new(socket: UdpSocket, codec: C) -> Self {
        Self::with_decode(socket, codec, false)
    }

    /// Puts `codec` over `socket`. With `repeat_decode` a datagram may hold several frames, which
    /// the codec's `decode_eof` takes out one by one.
    pub fn with_decode(socket: UdpSocket, codec: C, repeat_decode: bool) -> Self {
        let frames = if repeat_decode { Frames::Several } else { Frames::One };
        Self { socket, framing: Framing::new(codec, frames) }
    }

    /// The socket.
    pub fn get_ref(&self) -> &UdpSocket {
        &self.socket
    }

    /// The socket, to be changed. Receiving from it takes datagrams away from the stream.
    pub fn get_mut(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }

    /// Gives the socket back. A frame that was not yet sent is dropped.
    pub fn into_inner(self) -> UdpSocket {
        self.socket
    }
}

impl<C: Decoder> Stream for UdpFramed<C> {
    type Item = (C::Item, SocketAddr);
    type Error = C::Error;

    fn poll(&mut self) -> Poll<Option<Self::Item>, C::Error> {
        let Self { socket, framing } = self;
        framing.poll_frame(|buf| socket.poll_recv_from(buf))
    }
}

impl<C: Encoder> Sink for UdpFramed<C> {
    type SinkItem = (C::Item, SocketAddr);
    type SinkError = C::Error;

    fn start_send(&mut self, item: Self::SinkItem) -> StartSend<Self::SinkItem, C::Error> {
        if self.framing.is_full() && self.poll_complete()? == Async::NotReady {
            return Ok(AsyncSink::NotReady(item));
        }
        self.framing.put(item.0, item.1)?;
        Ok(AsyncSink::Ready)
    }

    fn poll_complete(&mut self) -> Poll<(), C::Error> {
        let Self { socket, framing } = self;
        framing.poll_send(|frame, to| socket.poll_send_to(frame, to))
    }

    fn close(&mut self) -> Poll<(), C::Error> {
        self.poll_complete()
    }
}
