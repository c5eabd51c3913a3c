//! Copying between two streams in both directions at once.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::transfer::{BufferSizes, Transfer};
use super::{AsyncRead, AsyncWrite};
use crate::time::timer::Timer;

/// Copies from `a` to `b` and from `b` to `a` until both have ended; returns the number of bytes
/// copied from `a` to `b` and from `b` to `a`.
///
/// When one of them ends, the other is shut down for writing and the opposite direction goes on:
/// half-closed connections stay half-closed. Each direction behaves as [`copy`](super::copy()): it
/// has no buffer and flushes while there is nothing to read, pauses between ends that are always
/// ready, and splices between two sockets when that is cheaper.
///
/// # Errors
///
/// The first error of either direction ends both, and neither end is shut down because of it.
///
/// * An error while reading is returned after everything read before it in the same direction is
///   written and flushed.
/// * An error while writing or shutting down is returned at once; a writer that takes 0 bytes is a
///   [`WriteZero`](io::ErrorKind::WriteZero) error. Bytes of that direction that were read but not
///   written are lost.
///
/// In both cases bytes of the *other* direction that were read but not written are lost.
///
/// # Cancel safety
///
/// Dropping the future loses the bytes of both directions that were read but not written, as in
/// [`copy`](super::copy()).
///
/// # Examples
///
/// ```
/// use minato::io::{self, owned};
///
/// # futures::executor::block_on(async {
/// let (client, mut near) = io::duplex(64);
/// let (mut far, server) = io::duplex(64);
/// let proxy = io::copy_bidirectional(&mut near, &mut far);
///
/// let client = async {
///     let (client, _) = owned::write_all(client, "ping").await?;
///     let client = owned::shutdown(client).await?;
///     owned::read_to_end(client, Vec::new()).await
/// };
/// let server = async {
///     let (server, request) = owned::read_to_end(server, Vec::new()).await?;
///     assert_eq!(request, b"ping");
///     owned::write_all(server, "pong!").await.map(drop)
/// };
/// let (copied, answer, served) = futures::join!(proxy, client, server);
/// assert_eq!(copied?, (4, 5));
/// assert_eq!(answer?.1, b"pong!");
/// served
/// # }).unwrap();
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    relay(a, b).await
}

/// Like [`copy_bidirectional`], with buffers of at most these sizes in bytes. No more than that is
/// ever in transit, so nothing is spliced.
///
/// # Errors
///
/// As [`copy_bidirectional`].
///
/// # Cancel safety
///
/// As [`copy_bidirectional`].
///
/// # Panics
///
/// When a size is 0.
///
/// # Examples
///
/// ```
/// use minato::io::{self, owned};
///
/// # futures::executor::block_on(async {
/// let (client, mut near) = io::duplex(64);
/// let (mut far, server) = io::duplex(64);
/// let (client, _) = owned::write_all(client, "a large download").await?;
/// let (server, _) = owned::write_all(server, "ok").await?;
/// let _done = (owned::shutdown(client).await?, owned::shutdown(server).await?);
///
/// let copied = io::copy_bidirectional_with_sizes(&mut near, &mut far, 64 * 1024, 1024).await?;
/// assert_eq!(copied, (16, 2));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    assert!(a_to_b_buf_size > 0, "`a_to_b_buf_size` must be greater than 0");
    assert!(b_to_a_buf_size > 0, "`b_to_a_buf_size` must be greater than 0");
    Relay::new(a, b, [a_to_b_buf_size, b_to_a_buf_size].map(BufferSizes::up_to)).await
}

/// Like [`copy_bidirectional`], for proxies: the future knows how much it has
/// [copied](Relay::copied), also after an error and before the end, and may give up
/// [idle](Relay::with_idle_limit) streams.
///
/// # Errors
///
/// As [`copy_bidirectional`], and [`TimedOut`](io::ErrorKind::TimedOut) after the limit.
///
/// # Cancel safety
///
/// As [`copy_bidirectional`].
///
/// # Examples
///
/// ```
/// use minato::io::{self, AsyncWriteExt};
/// use std::time::Duration;
///
/// # pollster::block_on(async {
/// let (mut client, mut near) = io::duplex(64);
/// let (mut far, _server) = io::duplex(64);
/// client.write_all(b"ping").await?;
///
/// let mut relay = io::relay(&mut near, &mut far).with_idle_limit(Duration::from_millis(5));
/// let error = (&mut relay).await.unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
/// assert_eq!(relay.copied(), (4, 0));
/// # io::Result::Ok(()) }).unwrap();
/// ```
pub fn relay<'a, A, B>(a: &'a mut A, b: &'a mut B) -> Relay<'a, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    Relay::new(a, b, [BufferSizes::ADAPTIVE; 2])
}

/// The future of [`relay`].
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Relay<'a, A: ?Sized, B: ?Sized> {
    a: &'a mut A,
    b: &'a mut B,
    a_to_b: Direction,
    b_to_a: Direction,
    idle: Option<Idle>,
}

/// The limit to how long nothing is copied.
#[derive(Debug)]
struct Idle {
    limit: Duration,
    timer: Timer,
    /// How much was copied when that was last looked at.
    copied: (u64, u64),
}

impl<'a, A: ?Sized, B: ?Sized> Relay<'a, A, B> {
    fn new(a: &'a mut A, b: &'a mut B, sizes: [BufferSizes; 2]) -> Self {
        let [a_to_b, b_to_a] = sizes.map(|sizes| Direction::Copying(Transfer::new(sizes)));
        Self { a, b, a_to_b, b_to_a, idle: None }
    }

    /// Gives up when nothing was copied for so long, in either direction. It counts from now on.
    #[track_caller]
    pub fn with_idle_limit(mut self, limit: Duration) -> Self {
        self.idle = Some(Idle { limit, timer: Timer::after(limit), copied: (0, 0) });
        self
    }

    /// How many bytes were copied from `a` to `b` and from `b` to `a` so far: read from one and
    /// written to the other.
    pub fn copied(&self) -> (u64, u64) {
        (self.a_to_b.copied(), self.b_to_a.copied())
    }
}

impl Idle {
    /// Ready, with an error, when nothing was copied for too long.
    fn poll<T>(&mut self, cx: &mut Context<'_>, copied: (u64, u64)) -> Poll<io::Result<T>> {
        if self.copied != copied {
            self.copied = copied;
            self.timer.reset(self.timer.now().saturating_add(self.limit));
        }
        ready!(self.timer.try_poll(cx))?;
        let text = format!("nothing was copied in either direction for {:?}", self.limit);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }
}

impl<A, B> Future for Relay<'_, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    type Output = io::Result<(u64, u64)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // Both are polled every time: each must register its own wakers.
        let from_a = this.a_to_b.poll(cx, Pin::new(&mut *this.a), Pin::new(&mut *this.b))?;
        let from_b = this.b_to_a.poll(cx, Pin::new(&mut *this.b), Pin::new(&mut *this.a))?;
        let copied = this.copied();
        match &mut this.idle {
            _ if from_a.is_ready() && from_b.is_ready() => Poll::Ready(Ok(copied)),
            Some(idle) => idle.poll(cx, copied),
            None => Poll::Pending,
        }
    }
}

/// One way of the two; the number is that of the bytes copied.
#[derive(Debug)]
enum Direction {
    Copying(Transfer),
    ShuttingDown(u64),
    Done(u64),
}

impl Direction {
    fn copied(&self) -> u64 {
        match self {
            Self::Copying(transfer) => transfer.copied(),
            Self::ShuttingDown(copied) | Self::Done(copied) => *copied,
        }
    }

    fn poll<R: AsyncRead + ?Sized, W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        loop {
            *self = match self {
                Self::Copying(transfer) => {
                    let copied = ready!(transfer.poll(cx, reader.as_mut(), writer.as_mut()))?;
                    Self::ShuttingDown(copied)
                }
                Self::ShuttingDown(copied) => {
                    ready!(writer.as_mut().poll_shutdown(cx))?;
                    Self::Done(*copied)
                }
                Self::Done(_) => return Poll::Ready(Ok(())),
            };
        }
    }
}
