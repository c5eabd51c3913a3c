//! Copying between two streams in both directions at once.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::transfer::{BufferSizes, Transfer};
use super::{AsyncRead, AsyncWrite};

/// Copies from `a` to `b` and from `b` to `a` until both have ended; returns the number of bytes
/// copied from `a` to `b` and from `b` to `a`.
///
/// When one of them ends, the other is shut down for writing and the opposite direction goes on:
/// half-closed connections stay half-closed. Each direction has a buffer that behaves as in
/// [`copy`](super::copy()): it flushes while there is nothing to read, pauses between ends that are
/// always ready, and splices between two sockets when that is cheaper.
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
    run(a, b, BufferSizes::ADAPTIVE, BufferSizes::ADAPTIVE).await
}

/// Like [`copy_bidirectional`], with buffers of fixed sizes in bytes. No more than that is ever in
/// transit, so nothing is spliced.
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
    run(a, b, BufferSizes::fixed(a_to_b_buf_size), BufferSizes::fixed(b_to_a_buf_size)).await
}

async fn run<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_sizes: BufferSizes,
    b_to_a_sizes: BufferSizes,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let mut a_to_b = Direction::Copying(Transfer::new(a_to_b_sizes));
    let mut b_to_a = Direction::Copying(Transfer::new(b_to_a_sizes));
    poll_fn(|cx| {
        // Both are polled every time: each must register its own wakers.
        let from_a = a_to_b.poll(cx, Pin::new(&mut *a), Pin::new(&mut *b))?;
        let from_b = b_to_a.poll(cx, Pin::new(&mut *b), Pin::new(&mut *a))?;
        Poll::Ready(Ok((ready!(from_a), ready!(from_b))))
    })
    .await
}

/// One way of the two; the number is that of the bytes copied.
enum Direction {
    Copying(Transfer),
    ShuttingDown(u64),
    Done(u64),
}

impl Direction {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
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
                Self::Done(copied) => return Poll::Ready(Ok(*copied)),
            };
        }
    }
}
