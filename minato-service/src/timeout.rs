//! A stream whose reads and writes may not wait for ever.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use minato::io::{AsyncRead, AsyncWrite, ReadBuf};
use minato::time::{Sleep, sleep};
use pin_project_lite::pin_project;

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
    /// this stream goes through memory; [`relay`](minato::io::relay) has a limit of its own.
    ///
    /// The clock is that of the runtime in which a call waits. A limit waits as [`sleep`] does, its
    /// panics included.
    ///
    /// ```
    /// use minato::io::{AsyncReadExt, AsyncWriteExt, duplex};
    /// use minato_service::TimeoutStream;
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
    pub fn new(inner: S) -> Self {
        let limit = |verb| Limit { verb, length: None, sleep: Box::pin(None) };
        Self { inner, read: limit("read"), write: limit("written") }
    }

    /// Sets how long a read waits, from its next poll on.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read.set(timeout);
    }

    /// Sets how long a write waits, from its next poll on.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.write.set(timeout);
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
    /// Runs while a call waits. Boxed, so that the stream may be moved when that behind it may.
    sleep: Pin<Box<Option<Sleep>>>,
}

impl Limit {
    fn set(&mut self, length: Option<Duration>) {
        self.length = length;
        self.sleep.set(None);
    }

    /// What became of a call that was `polled`.
    fn poll<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        let (Poll::Pending, Some(length)) = (&polled, self.length) else {
            self.sleep.set(None);
            return polled;
        };
        if self.sleep.is_none() {
            self.sleep.set(Some(sleep(length)));
        }
        if let Some(sleep) = self.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        self.sleep.set(None);
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

impl<S: AsyncWrite> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        this.write.poll(this.inner.poll_write(cx, buf), cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.write.poll(this.inner.poll_flush(cx), cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        this.write.poll(this.inner.poll_shutdown(cx), cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        this.write.poll(this.inner.poll_write_vectored(cx, bufs), cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
