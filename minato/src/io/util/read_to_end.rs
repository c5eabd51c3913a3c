//! The future that reads all there is into a vector.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;

use crate::io::AsyncRead;
use crate::io::read_buf::poll_read_into;
use crate::task::budget::CallBudget;

/// The future of [`AsyncReadExt::read_to_end`](crate::io::AsyncReadExt::read_to_end).
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ReadToEnd<'a, R: ?Sized> {
    reader: &'a mut R,
    buf: &'a mut Vec<u8>,
    progress: Progress,
}

impl<'a, R: ?Sized> ReadToEnd<'a, R> {
    pub(super) fn new(reader: &'a mut R, buf: &'a mut Vec<u8>) -> Self {
        Self { reader, buf, progress: Progress::default() }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToEnd<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        ready!(poll_to_end(Pin::new(&mut *this.reader), cx, this.buf, &mut this.progress))?;
        Poll::Ready(Ok(this.progress.count))
    }
}

/// The first window, in bytes.
const FIRST_WINDOW: usize = 8 * 1024;

/// How many bytes a probe for the end takes from the stack.
const PROBE: usize = 32;

/// How far reading to the end has come.
#[derive(Debug)]
pub(in crate::io) struct Progress {
    count: usize,
    /// The most that one read is offered. Some readers zero all they are offered before they fill
    /// a little of it, so a window that only grows with what they fill keeps the cost linear.
    window: usize,
}

impl Progress {
    /// How many bytes were read.
    pub(in crate::io) fn count(&self) -> usize {
        self.count
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self { count: 0, window: FIRST_WINDOW }
    }
}

/// Appends to `vec` all that `reader` still gives.
///
/// A full vector is not grown on suspicion: a read into a few bytes of stack finds out first
/// whether anything comes. So a vector of just the right capacity is never reallocated, and the
/// end of the stream never costs memory.
pub(in crate::io) fn poll_to_end<R: AsyncRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    vec: &mut Vec<u8>,
    progress: &mut Progress,
) -> Poll<io::Result<()>> {
    let mut budget = ready!(CallBudget::poll_new(cx));
    loop {
        let count = if vec.len() == vec.capacity() {
            let mut probe = [0; PROBE];
            let count = ready!(reader.as_mut().poll_read_slice(cx, &mut probe))?;
            if count == PROBE {
                vec.reserve(progress.window);
            }
            vec.extend_from_slice(&probe[..count]);
            count
        } else {
            let mut window = (&mut *vec).limit(progress.window);
            let count = ready!(poll_read_into(reader.as_mut(), cx, &mut window))?;
            if count == progress.window {
                progress.window = progress.window.saturating_mul(2);
            }
            count
        };
        if count == 0 {
            return Poll::Ready(Ok(()));
        }
        progress.count += count;
        ready!(budget.poll_spend(cx, count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::ReadBuf;

    /// Gives `left` bytes, at most `chunk` at a time, and notes what it was offered.
    struct Counting {
        left: usize,
        chunk: usize,
        offered: Vec<usize>,
    }

    impl AsyncRead for Counting {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.offered.push(buf.remaining());
            let count = self.left.min(self.chunk).min(buf.remaining());
            buf.put_slice(&vec![7; count]);
            self.left -= count;
            Poll::Ready(Ok(()))
        }
    }

    fn read_all(left: usize, chunk: usize, vec: &mut Vec<u8>) -> Vec<usize> {
        let mut reader = Counting { left, chunk, offered: Vec::new() };
        let before = vec.len();
        let mut future = ReadToEnd::new(&mut reader, vec);
        let result = futures::executor::block_on(&mut future);
        assert_eq!(result.unwrap(), left);
        assert_eq!(vec.len(), before + left);
        reader.offered
    }

    #[test]
    fn the_end_costs_no_memory() {
        for left in [0, 1, 31, 100, 8192] {
            let mut vec = Vec::with_capacity(left);
            let capacity = vec.capacity();
            read_all(left, usize::MAX, &mut vec);
            assert_eq!(vec.capacity(), capacity, "{left} bytes");
        }
    }

    #[test]
    fn a_short_message_stays_small() {
        let mut vec = Vec::new();
        read_all(5, usize::MAX, &mut vec);
        assert!(vec.capacity() <= PROBE, "{} bytes for 5", vec.capacity());
    }

    #[test]
    fn small_reads_keep_the_window_small() {
        let mut vec = Vec::with_capacity(1 << 20);
        let offered = read_all(100_000, 1000, &mut vec);
        assert!(offered.iter().all(|size| *size <= FIRST_WINDOW), "{offered:?}");
    }

    #[test]
    fn full_reads_widen_the_window() {
        let mut vec = Vec::new();
        let offered = read_all(4 << 20, usize::MAX, &mut vec);
        assert!(offered.iter().any(|size| *size >= 1 << 20), "{offered:?}");
        assert!(offered.len() < 40, "{} reads", offered.len());
        assert!(vec.capacity() <= 4 * vec.len());
    }
}
