//! Copying all bytes of a reader into a writer, through a buffer or from the reader's own.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use super::interrupted::uninterrupted;
use super::transfer::{BufferSizes, Transfer};
use super::util::{poll_flush_taken, poll_write_some};
use super::{AsyncBufRead, AsyncRead, AsyncWrite};
use crate::task::budget::{self, CallBudget};

/// Copies everything from `reader` to `writer` until the reader ends; returns the number of bytes.
///
/// At the end the writer is flushed but not shut down. It is also flushed whenever the reader has
/// nothing more at the moment, so a writer that buffers holds nothing back while both wait.
///
/// While the reader has nothing and everything is written, the copy has no buffer: it reads into
/// memory that the thread [lends](super::Lent), 16 KiB at a time, and writes from there. What the
/// writer does not take is copied to a buffer of 16 KiB, and while the writer takes nothing, the
/// copy reads ahead into the rest of that. While much comes without a pause, the buffer doubles up
/// to 256 KiB. Between two ends that are always ready the copy pauses after about 1 MiB or 128
/// calls, so that other tasks run.
///
/// # Between two sockets
///
/// Between two TCP or Unix streams of the operating system, bytes need not pass through this
/// process. On Linux the copy *splices* them while much comes without a pause, which takes a
/// fraction of the processor time: from 56 KiB without a pause on, until four times in a row less
/// than 32 KiB come. Small requests and answers are copied, since that is cheaper for them.
/// The bytes, the counts, the ends and the errors are the same either way.
///
/// The copy finds a socket by reference, in a `Box` or `Pin`, in a half of a stream (but not of
/// [`split`](super::split), whose halves take turns), in a [`Join`](super::Join), in buffers that
/// are empty, and in a [`Chain`](super::Chain) that has come to it. Bytes between simulated sockets
/// are always copied.
///
/// Spliced bytes go through a pipe, which holds up to 1 MiB. A copy has a pipe only as long as
/// bytes are in it; a few empty pipes stay open for the next use while there are copies that
/// splice. The bytes are copied if no pipe can be made (no descriptor is left, the user has too
/// many), if the system refuses, or if `SIGPIPE` is not ignored: a splice to a peer that is gone
/// would raise it. Rust programs ignore that signal from the start. A program that stops ignoring
/// it must do so before its copies splice.
///
/// # Errors
///
/// A read or write that was [`Interrupted`](io::ErrorKind::Interrupted) is made again.
///
/// * An error of the reader is returned after everything read before it is written and flushed:
///   nothing is lost.
/// * An error of the writer is returned at once; a writer that takes 0 bytes is a
///   [`WriteZero`](io::ErrorKind::WriteZero) error. Bytes that were read but not written are lost,
///   up to the size of the buffer or the pipe.
///
/// # Cancel safety
///
/// Dropping the future loses the bytes that were read but not written, those in a pipe included;
/// the writer may also hold bytes that are not flushed. [`owned::copy`](super::owned::copy()) gives
/// these bytes back, both after an error and instead of dropping it.
///
/// # Examples
///
/// ```
/// use minato::io::{self, owned};
///
/// # futures::executor::block_on(async {
/// let (mut quay, crane) = io::duplex(64);
/// let (crane, _) = owned::write_all(crane, "cargo").await?;
/// drop(crane);
///
/// let (mut hold, inside) = io::duplex(64);
/// assert_eq!(io::copy(&mut quay, &mut hold).await?, 5);
/// let (_, bytes) = owned::read_exact(inside, [0; 5]).await?;
/// assert_eq!(&bytes, b"cargo");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut transfer = Transfer::new(BufferSizes::ADAPTIVE);
    poll_fn(|cx| transfer.poll(cx, Pin::new(&mut *reader), Pin::new(&mut *writer))).await
}

/// Copies everything from `reader` to `writer` until the reader ends, straight from the reader's
/// own buffer; returns the number of bytes.
///
/// As in [`copy()`], the writer is flushed at the end and whenever the reader has
/// nothing more at the moment, and it is not shut down. Between two ends that are always ready the
/// copy pauses now and then, so that other tasks run.
///
/// # Errors
///
/// * An error of the reader is returned after the writer is flushed.
/// * An error of the writer is returned at once; a writer that takes 0 bytes is a
///   [`WriteZero`](io::ErrorKind::WriteZero) error.
///
/// No byte is lost in either case: what the writer did not take is still in the reader's buffer.
///
/// # Cancel safety
///
/// Dropping the future loses nothing, for the same reason. The number of copied bytes is lost, and
/// the writer may hold bytes that are not flushed.
///
/// # Examples
///
/// ```
/// use minato::io::{self, SimplexStream, owned};
///
/// # futures::executor::block_on(async {
/// let pipe = SimplexStream::new_unsplit(64);
/// let (pipe, _) = owned::write_all(pipe, "cargo").await?;
/// let mut pipe = owned::shutdown(pipe).await?;
///
/// let (mut hold, inside) = io::duplex(64);
/// assert_eq!(io::copy_buf(&mut pipe, &mut hold).await?, 5);
/// let (_, bytes) = owned::read_exact(inside, [0; 5]).await?;
/// assert_eq!(&bytes, b"cargo");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy_buf<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncBufRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let (mut copied, mut unflushed) = (0, true);
    // How the reader ended: the result once the writer is flushed.
    let mut ended = None;
    let flushed = poll_fn(|cx| {
        let mut call_budget = ready!(CallBudget::poll_new(cx));
        while ended.is_none() {
            match uninterrupted!(cx, Pin::new(&mut *reader).poll_fill_buf(cx)) {
                Poll::Ready(Ok([])) => ended = Some(Ok(())),
                Poll::Ready(Ok(bytes)) => {
                    let count = ready!(poll_write_some(Pin::new(&mut *writer), cx, bytes))?;
                    Pin::new(&mut *reader).consume(count);
                    copied += count as u64;
                    unflushed = true;
                    ready!(call_budget.poll_spend(cx, count));
                }
                Poll::Ready(Err(error)) => ended = Some(Err(error)),
                Poll::Pending => {
                    ready!(poll_flush_taken(Pin::new(&mut *writer), cx, &mut unflushed))?;
                    return Poll::Pending;
                }
            }
        }
        poll_flush_taken(Pin::new(&mut *writer), cx, &mut unflushed)
    });
    let flushed = flushed.await;
    budget::spend();
    flushed.and(ended.unwrap_or(Ok(()))).map(|()| copied)
}
