//! Moving bytes through a socket: what its verbs and its waiting come together for.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll};

use bytes::BufMut;

use super::io::Done;
use super::socket::Socket;
use crate::engine::{Direction, Interest, MOST_BUFFERS, Transport};
use crate::io::ReadBuf;

impl Socket {
    /// Receives into the free part of `buf`. No room is no request: nothing is read.
    #[inline(always)]
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.remaining();
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        self.poll_io(
            cx,
            Direction::Read,
            #[inline(always)]
            |source| {
                let len = source.recv_buf(buf, false)?;
                // The end of the stream is not "no more at present".
                Ok(if len == 0 || len == room { Done::Whole(()) } else { Done::Short(()) })
            },
        )
    }

    /// Receives into `bytes`; returns how many. No room is no request: nothing is read.
    #[inline(always)]
    pub(crate) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_io(
            cx,
            Direction::Read,
            #[inline(always)]
            |source| {
                let len = source.recv_buf(&mut ReadBuf::new(bytes), false)?;
                // The end of the stream is not "no more at present".
                Ok(if len == 0 { Done::Whole(0) } else { Done::of(len, bytes.len()) })
            },
        )
    }

    /// Whether `room` bytes of a buffer are no request: on a stream, which has nothing empty to
    /// give. The system would have them wait for data, and report an error meant for a read.
    pub(crate) fn is_no_request(&self, room: usize) -> bool {
        room == 0 && matches!(self.transport, Transport::Tcp | Transport::UnixStream)
    }

    /// Receives without waiting, and if `peek` without taking the bytes out.
    pub(crate) fn try_recv(&self, buf: &mut ReadBuf<'_>, peek: bool) -> io::Result<()> {
        if self.is_no_request(buf.remaining()) {
            return Ok(());
        }
        self.try_io(Interest::READABLE, || self.source().recv_buf(buf, peek).map(drop))
    }

    /// Receives without waiting into the free room of a growing buffer.
    pub(crate) fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        if self.is_no_request(buf.remaining_mut()) {
            return Ok(0);
        }
        self.try_io(Interest::READABLE, || self.source().recv_buf(buf, false))
    }

    /// Receives without taking the bytes out.
    pub(crate) fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.is_no_request(buf.remaining()) {
            return Poll::Ready(Ok(0));
        }
        self.poll_io(cx, Direction::Read, |source| source.recv_buf(buf, true).map(Done::Whole))
    }

    /// Waits, and receives without taking the bytes out.
    pub(crate) async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_no_request(buf.len()) {
            return Ok(0);
        }
        let mut buf = ReadBuf::new(buf);
        self.io(Interest::READABLE, |source| source.recv_buf(&mut buf, true)).await
    }

    /// Sends from `buf`.
    #[inline(always)]
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(
            cx,
            Direction::Write,
            #[inline(always)]
            |source| source.send(buf).map(|len| Done::of(len, buf.len())),
        )
    }

    /// Sends from several buffers in order.
    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // What the verb leaves out because there are too many buffers is no sign of a full socket.
        let asked = bufs.iter().take(MOST_BUFFERS).map(|buf| buf.len()).sum();
        self.poll_io(cx, Direction::Write, |source| {
            source.send_vectored(bufs).map(|len| Done::of(len, asked))
        })
    }

    /// Ends the writing side. A peer that is gone already has nothing left to be told.
    pub(crate) fn end_writing(&self) -> io::Result<()> {
        match self.source().shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}
