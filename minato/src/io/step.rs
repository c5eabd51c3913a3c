//! One call into a writer, with every odd answer made an error.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::AsyncWrite;

/// Writes once from `buf`, which must not be empty; returns how many bytes were taken, at least 1.
///
/// A writer that takes nothing is a `WriteZero` error, since asking again could go on for ever. One
/// that claims more than it was given is an error too: counting on would leave the buffer.
pub(super) fn poll_write_once<W: AsyncWrite + ?Sized>(
    writer: Pin<&mut W>,
    cx: &mut Context<'_>,
    buf: &[u8],
) -> Poll<io::Result<usize>> {
    let given = buf.len();
    match ready!(writer.poll_write(cx, buf))? {
        0 => Poll::Ready(Err(io::Error::new(
            io::ErrorKind::WriteZero,
            format!("the writer took none of {given} bytes"),
        ))),
        taken if taken > given => Poll::Ready(Err(io::Error::other(format!(
            "the writer claims {taken} of {given} bytes"
        )))),
        taken => Poll::Ready(Ok(taken)),
    }
}
