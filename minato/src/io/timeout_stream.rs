//! A stream whose reads and writes may not wait for ever.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::forward::write_polls;
use super::{AsyncRead, AsyncWrite, ReadBuf};
use crate::time::timer::Timer;

pin_project! {
    /// A stream with limits to how long it waits for its peer, as std's blocking streams have them.
    ///
    /// The limit of a direction counts from the first call that has to wait, and starts anew with
    /// each byte that moves: a slow peer is no error, a silent one is. When it is over, the call is
    /// a [`TimedOut`](io::ErrorKind::TimedOut) error that names the direction. Nothing is lost by
    /// it, and the next call waits for the whole limit again.
    ///
    /// Writing includes flushing and shutting down. While nobody reads or writes, no time counts.
    /// [`get_mut`](Self::get_mut) gives the stream behind for what has no limit. A copy to or from
    /// this stream goes through memory; [`relay`](crate::io::relay) has a limit of its own.
    ///
    /// ```
    /// use minato::io::{AsyncReadExt, AsyncWriteExt, TimeoutStream, duplex};
    /// use std::time::Duration;
    ///
    /// # pollster::block_on(async {
    /// let (ours, mut peer) = duplex(64);
    /// let mut ours = TimeoutStream::new(ours);
    /// ours.set_read_timeout(Some(Duration::from_millis(5)));
    /// peer.write_all(b"on time").await?;
    /// ours.read_exact(&mut [0; 7]).await?;
    ///
    /// let error = ours.read(&mut [0; 1]).await.unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    /// assert_eq!(error.to_string(), "nothing could be read for 5ms");
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct TimeoutStream<S> {
        #[pin]
        inner: S,
        read: Limit,
        write: Limit,
    }
}

impl<S> TimeoutStream<S> {
    /// A stream without limits.
    #[track_caller]
    pub fn new(inner: S) -> Self {
        let limit = |verb| Limit { verb, length: None, timer: None, place: Location::caller() };
        Self { inner, read: limit("read"), write: limit("written") }
    }

    /// Sets how long a read waits, from its next poll on.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        (self.read.length, self.read.timer) = (timeout, None);
    }

    /// Sets how long a write waits, from its next poll on.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        (self.write.length, self.write.timer) = (timeout, None);
    }

    /// The stream behind the limits.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The stream behind the limits; what is done with it directly has none.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Gives back the stream behind the limits; nothing is lost.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

/// The limit of one direction.
#[derive(Debug)]
struct Limit {
    verb: &'static str,
    length: Option<Duration>,
    /// Runs while a call waits.
    timer: Option<Timer>,
    place: &'static Location<'static>,
}

impl Limit {
    /// What became of a call that was `polled`.
    fn poll<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        let (Poll::Pending, Some(length)) = (&polled, self.length) else {
            self.timer = None;
            return polled;
        };
        let start = || Timer::after(length).made_at(self.place);
        ready!(self.timer.get_or_insert_with(start).try_poll(cx))?;
        self.timer = None;
        let text = format!("nothing could be {} for {length:?}", self.verb);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }
}

impl<S: AsyncRead> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        this.read.poll(this.inner.poll_read(cx, buf), cx)
    }
}

/// A call of the writer behind, within the limit.
macro_rules! limited {
    ($self:ident, $cx:ident, $poll:ident $(, $buf:ident)?) => {{
        let this = $self.project();
        this.write.poll(this.inner.$poll($cx $(, $buf)?), $cx)
    }};
}

impl<S: AsyncWrite> AsyncWrite for TimeoutStream<S> {
    write_polls! {
        self, cx,
        buf => limited!(self, cx, poll_write, buf),
        bufs => limited!(self, cx, poll_write_vectored, bufs),
        flush => limited!(self, cx, poll_flush),
        shutdown => limited!(self, cx, poll_shutdown)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
