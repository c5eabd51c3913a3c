//! Copying all bytes of a reader into a writer.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use super::transfer::{BufferSizes, Transfer};
use super::{AsyncRead, AsyncWrite};

/// Copies everything from `reader` to `writer` until the reader ends; returns the number of bytes.
///
/// At the end the writer is flushed but not shut down. It is also flushed whenever the reader has
/// nothing more at the moment, so a writer that buffers holds nothing back while both wait.
///
/// The buffer starts with 8 KiB and doubles up to 256 KiB while single reads fill it. While the
/// reader has nothing and everything is written, a buffer of more than 32 KiB is freed. While the
/// writer takes nothing, the copy reads ahead into the rest of the buffer. Between two ends that
/// are always ready the copy pauses after about 1 MiB or 128 calls, so that other tasks run.
///
/// # Between two sockets
///
/// Between two TCP or Unix streams of the operating system, bytes need not pass through this
/// process. On Linux the copy *splices* them while much comes without a pause, which takes a
/// fraction of the processor time: from 512 KiB in bursts of at least 64 KiB on, until four bursts
/// in a row have less than 32 KiB. Requests and answers are copied, since that is cheaper for them.
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
