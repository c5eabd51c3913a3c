//! The future that reads all there is into a vector.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::future::helper_future;
use crate::io::interrupted::uninterrupted;
use crate::io::read_buf::{Appending, poll_read_into};
use crate::io::{AsyncRead, ReadBuf};
use crate::task::budget::CallBudget;

helper_future! {
    /// The future of [`AsyncReadExt::read_to_end`](crate::io::AsyncReadExt::read_to_end).
    pub struct ReadToEnd<'a, R: ?Sized> {
        pub(super) reader: &'a mut R,
        pub(super) reading: ToEnd<&'a mut Vec<u8>>,
    }
    where (R: AsyncRead + Unpin) -> io::Result<usize>;
    |this, cx| {
        ready!(this.reading.poll(Pin::new(&mut **this.reader), cx))?;
        Poll::Ready(Ok(this.reading.count()))
    }
}

/// The first window, in bytes.
const FIRST_WINDOW: usize = 8 * 1024;

/// How many bytes a probe for the end takes from the stack. With less room than this, a vector that
/// has grown already grows again.
const PROBE: usize = 32;

/// Reads to the end into a vector, given by value or lent.
///
/// A vector as it was given is not grown on suspicion: a read into a few bytes of stack finds out
/// first whether anything comes. So a vector of just the right capacity is never reallocated, and
/// the end of the stream costs it no memory.
#[derive(Debug)]
pub(in crate::io) struct ToEnd<V> {
    vec: Appending<V>,
    /// The capacity that the vector was given with.
    given: usize,
    /// How many bytes were read.
    count: usize,
    /// The most that one read is offered. Some readers zero all they are offered before they fill
    /// a little of it, so a window that only grows with what they fill keeps the cost linear.
    window: usize,
}

impl<V: AsMut<Vec<u8>>> ToEnd<V> {
    pub(in crate::io) fn new(mut vec: V) -> Self {
        let given = vec.as_mut().capacity();
        Self { vec: Appending::new(vec), given, count: 0, window: FIRST_WINDOW }
    }

    /// How many bytes were read.
    pub(in crate::io) fn count(&self) -> usize {
        self.count
    }

    /// What gave the vector, to be used otherwise.
    pub(super) fn target_mut(&mut self) -> &mut V {
        self.vec.target_mut()
    }

    /// The vector, and how many of its bytes were read.
    pub(in crate::io) fn into_parts(self) -> (V, usize) {
        (self.vec.into_inner(), self.count)
    }

    /// Appends all that `reader` still gives.
    pub(in crate::io) fn poll<R: AsyncRead + ?Sized>(
        &mut self,
        mut reader: Pin<&mut R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut budget = ready!(CallBudget::poll_new(cx));
        loop {
            let count = ready!(uninterrupted!(cx, self.poll_once(reader.as_mut(), cx)))?;
            if count == 0 {
                return Poll::Ready(Ok(()));
            }
            self.count += count;
            ready!(budget.poll_spend(cx, count));
        }
    }

    fn poll_once<R: AsyncRead + ?Sized>(
        &mut self,
        reader: Pin<&mut R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let (room, capacity) = self.vec.room();
        if room < PROBE {
            if capacity == self.given {
                return self.poll_probe(reader, cx);
            }
            self.vec.get_mut().reserve(PROBE);
        }
        let count = ready!(self.vec.poll_read(reader, cx, self.window))?;
        if count == self.window {
            self.window = self.window.saturating_mul(2);
        }
        Poll::Ready(Ok(count))
    }

    fn poll_probe<R: AsyncRead + ?Sized>(
        &mut self,
        reader: Pin<&mut R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut memory = [MaybeUninit::uninit(); PROBE];
        let mut probe = ReadBuf::uninit(&mut memory);
        let count = ready!(poll_read_into(reader, cx, &mut probe))?;
        let vec = self.vec.get_mut();
        if count == PROBE {
            vec.reserve(self.window);
        }
        vec.extend_from_slice(probe.filled());
        Poll::Ready(Ok(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let future = ReadToEnd { reader: &mut reader, reading: ToEnd::new(vec) };
        let result = futures::executor::block_on(future);
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
        assert!(vec.capacity() <= 2 * PROBE, "{} bytes for 5", vec.capacity());
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
