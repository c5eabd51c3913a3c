//! Frames in datagrams: what [`UdpFramed`](super::UdpFramed) and
//! [`UnixDatagramFramed`](super::UnixDatagramFramed) have in common.

use std::fmt;
use std::io;

use bytes::BytesMut;
use futures::{Async, Poll, try_ready};

use crate::codec::{Decoder, Encoder};

/// The longest datagram that is received whole.
const LONGEST: usize = 64 * 1024;

/// How much room there is for a frame to begin with.
const OUTGOING: usize = 8 * 1024;

/// How many frames a datagram holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frames {
    /// One. What is left of the datagram is dropped.
    One,
    /// As many as can be decoded.
    Several,
}

/// A codec, the datagram that is being decoded, and the frame that is to be sent.
pub(super) struct Framing<C, Sender, Target> {
    codec: C,
    frames: Frames,
    /// Where datagrams are received.
    block: Box<[u8]>,
    /// What is left of the last one, and who sent it.
    incoming: BytesMut,
    from: Option<Sender>,
    outgoing: BytesMut,
    /// Where to the frame goes that is to be sent.
    to: Option<Target>,
}

impl<C, Sender, Target> Framing<C, Sender, Target> {
    pub(super) fn new(codec: C, frames: Frames) -> Self {
        Self {
            codec,
            frames,
            block: vec![0; LONGEST].into_boxed_slice(),
            incoming: BytesMut::new(),
            from: None,
            outgoing: BytesMut::with_capacity(OUTGOING),
            to: None,
        }
    }
}

impl<C: Decoder, Sender: Clone, Target> Framing<C, Sender, Target> {
    /// The next frame and its sender, out of datagrams that `receive` gets.
    ///
    /// A datagram that holds no frame is skipped. In tokio 0.1 it ended the stream.
    pub(super) fn poll_frame(
        &mut self,
        mut receive: impl FnMut(&mut [u8]) -> Poll<(usize, Sender), io::Error>,
    ) -> Poll<Option<(C::Item, Sender)>, C::Error> {
        loop {
            if let Some(from) = self.from.clone()
                && let Some(frame) = self.decode()?
            {
                return Ok(Async::Ready(Some((frame, from))));
            }
            let (len, from) = try_ready!(receive(&mut self.block));
            self.incoming.clear();
            self.incoming.extend_from_slice(&self.block[..len]);
            self.from = Some(from);
        }
    }

    /// Takes a frame out of the present datagram, and the datagram off when it has no more.
    fn decode(&mut self) -> Result<Option<C::Item>, C::Error> {
        let before = self.incoming.len();
        let decoded = match self.frames {
            Frames::One => self.codec.decode(&mut self.incoming),
            Frames::Several => self.codec.decode_eof(&mut self.incoming),
        };
        let goes_on = match (&decoded, self.frames) {
            (_, Frames::One) | (Ok(None), _) => false,
            (Ok(Some(_)), Frames::Several) => true,
            // A codec that took the bad frame off can go on behind it.
            (Err(_), Frames::Several) => self.incoming.len() < before,
        };
        if !goes_on {
            self.incoming.clear();
            self.from = None;
        }
        decoded
    }
}

impl<C: Encoder, Sender, Target> Framing<C, Sender, Target> {
    /// Whether a frame is still to be sent.
    pub(super) fn is_full(&self) -> bool {
        self.to.is_some()
    }

    /// Makes `frame` the one that is to be sent.
    pub(super) fn put(&mut self, frame: C::Item, to: Target) -> Result<(), C::Error> {
        self.outgoing.clear();
        self.codec.encode(frame, &mut self.outgoing)?;
        self.to = Some(to);
        Ok(())
    }

    /// Sends the frame with `send`. An error takes the frame with it, so that the next can be sent.
    pub(super) fn poll_send(
        &mut self,
        send: impl FnOnce(&[u8], &Target) -> Poll<usize, io::Error>,
    ) -> Poll<(), C::Error> {
        let Some(to) = &self.to else { return Ok(Async::Ready(())) };
        let sent = send(&self.outgoing, to);
        if let Ok(Async::NotReady) = sent {
            return Ok(Async::NotReady);
        }
        self.to = None;
        let sent = try_ready!(sent);
        if sent < self.outgoing.len() {
            return Err(io::Error::other("failed to write entire datagram to socket").into());
        }
        Ok(Async::Ready(()))
    }
}

impl<C: fmt::Debug, Sender, Target> fmt::Debug for Framing<C, Sender, Target> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framing").field("codec", &self.codec).finish_non_exhaustive()
    }
}
