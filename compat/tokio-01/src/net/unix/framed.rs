//! Frames over Unix datagrams.

use std::os::unix::net::SocketAddr;
use std::path::Path;

use futures::{Async, AsyncSink, Poll, Sink, StartSend, Stream};

use super::UnixDatagram;
use crate::codec::{Decoder, Encoder};
use crate::net::framing::{Frames, Framing};

/// A stream of the frames that a Unix datagram socket receives, with their senders; and a sink of
/// frames, with the paths of their receivers.
///
/// Each datagram is one frame, of up to 64 KiB. A datagram that decodes to nothing is passed over;
/// in tokio 0.1 it ended the stream. The stream never ends, and goes on after an error. An error of
/// the sink takes its frame with it.
///
/// ```
/// use futures::{Future, Sink, Stream};
/// use tokio::codec::LinesCodec;
/// use tokio::net::{UnixDatagram, UnixDatagramFramed};
///
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("harbour");
/// let harbour = UnixDatagramFramed::<&str, _>::new(UnixDatagram::bind(&path)?, LinesCodec::new());
/// let ship = UnixDatagramFramed::new(UnixDatagram::unbound()?, LinesCodec::new());
///
/// ship.send(("ahoy".to_owned(), &path)).wait()?;
/// let (heard, _) = Stream::wait(harbour).next().unwrap()?;
/// assert_eq!(heard, "ahoy");
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "sinks do nothing unless polled"]
pub struct UnixDatagramFramed<A, C> {
    socket: UnixDatagram,
    framing: Framing<C, SocketAddr, A>,
}

impl<A, C> UnixDatagramFramed<A, C> {
    /// Puts `codec` over `socket`.
    pub fn new(socket: UnixDatagram, codec: C) -> Self {
        Self { socket, framing: Framing::new(codec, Frames::One) }
    }

    /// The socket.
    pub fn get_ref(&self) -> &UnixDatagram {
        &self.socket
    }

    /// The socket, to be changed. Receiving from it takes datagrams away from the stream.
    pub fn get_mut(&mut self) -> &mut UnixDatagram {
        &mut self.socket
    }
}

impl<A, C: Decoder> Stream for UnixDatagramFramed<A, C> {
    type Item = (C::Item, SocketAddr);
    type Error = C::Error;

    fn poll(&mut self) -> Poll<Option<Self::Item>, C::Error> {
        let Self { socket, framing } = self;
        framing.poll_frame(|buf| socket.poll_recv_from(buf))
    }
}

impl<A: AsRef<Path>, C: Encoder> Sink for UnixDatagramFramed<A, C> {
    type SinkItem = (C::Item, A);
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
