//! Copying from a reader's own buffer, without one in between.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::interrupted::uninterrupted;
use super::util::{poll_flush_taken, poll_write_some};
use super::{AsyncBufRead, AsyncWrite};
use crate::task::budget::{self, CallBudget};

/// Copies everything from `reader` to `writer` until the reader ends, straight from the reader's
/// own buffer; returns the number of bytes.
///
/// As in [`copy`](super::copy()), the writer is flushed at the end and whenever the reader has
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
    let mut progress = Progress { copied: 0, unflushed: true, ended: None };
    poll_fn(|cx| {
        let result = ready!(progress.poll(cx, Pin::new(&mut *reader), Pin::new(&mut *writer)));
        budget::spend();
        Poll::Ready(result)
    })
    .await
}

/// How far the copy has come. The bytes themselves stay with the reader until they are written.
struct Progress {
    copied: u64,
    unflushed: bool,
    /// How the reader ended: the result once the writer is flushed.
    ended: Option<io::Result<()>>,
}

impl Progress {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncBufRead + ?Sized,
        W: AsyncWrite + ?Sized,
    {
        let mut call_budget = ready!(CallBudget::poll_new(cx));
        while self.ended.is_none() {
            match uninterrupted!(cx, reader.as_mut().poll_fill_buf(cx)) {
                Poll::Ready(Ok([])) => self.ended = Some(Ok(())),
                Poll::Ready(Ok(bytes)) => {
                    let count = ready!(poll_write_some(writer.as_mut(), cx, bytes))?;
                    reader.as_mut().consume(count);
                    self.copied += count as u64;
                    self.unflushed = true;
                    ready!(call_budget.poll_spend(cx, count));
                }
                Poll::Ready(Err(error)) => self.ended = Some(Err(error)),
                Poll::Pending => {
                    ready!(poll_flush_taken(writer, cx, &mut self.unflushed))?;
                    return Poll::Pending;
                }
            }
        }
        ready!(poll_flush_taken(writer, cx, &mut self.unflushed))?;
        let copied = self.copied;
        Poll::Ready(self.ended.take().unwrap_or(Ok(())).map(|()| copied))
    }
}
