//! The state machine of every copy through a buffer of ours, which can stop and go on anywhere.
//!
//! [`Transfer::poll`] moves the bytes of `copy`, `copy_bidirectional` and `owned::copy`. It reads
//! into memory that the thread lends, and has a buffer of its own only for what the writer did not
//! take, and while much comes without a pause. Between two sockets, and while much is to be moved,
//! it uses a [`splice`](crate::net::splice) instead. Bytes that were read and not written are in
//! the buffer or in the pipe, never in both.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::interrupted::uninterrupted;
use super::util::{poll_flush_taken, poll_write_some};
use super::{AsyncRead, AsyncWrite, Lent};
use crate::net::splice::{Drained, Splice};
use crate::task::budget::{self, CallBudget};

/// Sizes of a transfer's buffer in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct BufferSizes {
    /// At first, and after each pause of the reader.
    first: usize,
    largest: usize,
    /// Whether bytes may also go by pipe, where more than a buffer's may be on their way.
    pipes: bool,
}

impl BufferSizes {
    /// Small for the many connections that carry little, growing for the few that carry a lot.
    pub(super) const ADAPTIVE: Self =
        Self { first: Lent::CAPACITY, largest: 256 * 1024, pipes: true };

    /// No more than `size`.
    pub(super) fn up_to(size: usize) -> Self {
        Self { first: size.min(Lent::CAPACITY), largest: size, pipes: false }
    }
}

/// What came of one step aside from the usual.
enum Step {
    Moved(usize),
    /// All is done; so many bytes were written.
    Done(u64),
    /// The reader has to be read in the usual way.
    Read,
}

/// A copy under way: the bytes between reader and writer, and how far it has come.
///
/// It survives errors: after one, polling goes on with what is still to be done.
#[derive(Debug)]
pub(super) struct Transfer {
    sizes: BufferSizes,
    /// How much the next read may bring when nothing is unwritten.
    size: usize,
    /// Empty while it reads into memory that is lent.
    buffer: Buffer,
    /// `buffer[start..end]` was read and is not yet written.
    start: usize,
    end: usize,
    /// How the reader ended: its end of stream, or the error to return once all is written.
    ended: Option<io::Result<()>>,
    /// Whether the writer may hold bytes back. True at first: bytes that the caller wrote before
    /// the copy should not wait for its end either.
    unflushed: bool,
    copied: u64,
    /// The faster way.
    splice: Splice,
}

impl Transfer {
    pub(super) fn new(sizes: BufferSizes) -> Self {
        Self {
            sizes,
            size: sizes.first,
            buffer: Buffer::default(),
            start: 0,
            end: 0,
            ended: None,
            unflushed: true,
            copied: 0,
            splice: Splice::new(sizes.pipes),
        }
    }

    /// The number of bytes written so far.
    pub(super) fn copied(&self) -> u64 {
        self.copied
    }

    /// Copies until the reader ends and everything is written and flushed; returns the number of
    /// bytes written since the transfer was made.
    ///
    /// Written bytes are also flushed whenever the reader has nothing more at the moment. An error
    /// of the reader is returned after what was read before it is written and flushed.
    pub(super) fn poll<R: AsyncRead + ?Sized, W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>> {
        let mut budget = ready!(CallBudget::poll_new(cx));
        loop {
            // 1. Bytes in the buffer are written. While the writer takes none, more is read ahead.
            let moved = if self.start < self.end {
                match self.poll_drain(cx, writer.as_mut()) {
                    Poll::Ready(written) => written?,
                    Poll::Pending => return self.poll_read_ahead(cx, reader, &mut budget),
                }
            } else {
                // 2. With an empty buffer: the end of the copy, or bytes that go by pipe.
                if self.ended.is_some() || self.splice.is_active() {
                    let step = self.poll_off_path(cx, reader.as_mut(), writer.as_mut());
                    match ready!(step)? {
                        Step::Moved(moved) => {
                            ready!(budget.poll_spend(cx, moved));
                            continue;
                        }
                        Step::Done(copied) => return Poll::Ready(Ok(copied)),
                        Step::Read => {}
                    }
                }
                // 3. More is read. A reader that has nothing is a reason to flush.
                let read = match self.reads_lent() {
                    true => self.poll_pass(cx, reader.as_mut(), writer.as_mut()),
                    false => self.poll_fill(cx, reader.as_mut()).map(Ok),
                };
                match read {
                    Poll::Ready(moved) => moved?,
                    Poll::Pending if self.splice.has_taken_an_error() => self.end(Ok(())),
                    // Nothing has come since the last time, so there is nothing to flush either.
                    Poll::Pending if !self.unflushed => return Poll::Pending,
                    Poll::Pending => return self.poll_pause(cx, writer),
                }
            };
            // 4. Others run after about 1 MiB.
            ready!(budget.poll_spend(cx, moved));
        }
    }

    /// What is not reading into the buffer and writing from it: the end, and the way by pipe.
    #[cold]
    fn poll_off_path<R: AsyncRead + ?Sized, W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        reader: Pin<&mut R>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<Step>> {
        let (source, target) = (reader.as_ref().get_ref(), writer.as_ref().get_ref());
        if self.splice.held() > 0 {
            return self.poll_drain_pipe(cx, target).map_ok(Step::Moved);
        }
        if self.ended.is_some() {
            ready!(poll_flush_taken(writer.as_mut(), cx, &mut self.unflushed))?;
            return Poll::Ready(self.finish().map(Step::Done));
        }
        let has_entered = self.splice.wants_to_enter() && self.splice.enter(source, target);
        let filled = self.splice.poll_fill(cx, source);
        if has_entered {
            self.start_small();
        }
        match filled {
            Poll::Ready(0) => Poll::Ready(Ok(Step::Read)),
            Poll::Ready(moved) => Poll::Ready(Ok(Step::Moved(moved))),
            Poll::Pending => {
                ready!(self.poll_pause(cx, writer))?;
                Poll::Pending
            }
        }
    }

    /// The number of bytes written, and those that were read but not written.
    pub(super) fn into_unwritten(mut self) -> (u64, Vec<u8>) {
        let mut unwritten = self.buffer.bytes()[self.start..self.end].to_vec();
        // A pipe of ours always gives what is in it.
        unwritten.extend(self.splice.take().unwrap_or_default());
        (self.copied, unwritten)
    }

    /// Hands on once what is in the pipe.
    fn poll_drain_pipe<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        writer: &W,
    ) -> Poll<io::Result<usize>> {
        let count = match ready!(self.splice.poll_drain(cx, writer))? {
            Drained::Moved(count) => count,
            Drained::Copy(bytes) => {
                (self.start, self.end) = (0, bytes.len());
                self.buffer = Buffer::from_bytes(bytes);
                0
            }
        };
        self.copied += count as u64;
        self.unflushed = true;
        Poll::Ready(Ok(count))
    }

    /// The reader has nothing at the moment: makes do with less, and lets nothing wait in the
    /// writer. Ready only with an error.
    #[cold]
    fn poll_pause<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<u64>> {
        self.splice.pause();
        // With many connections, most are idle at any time.
        self.start_small();
        ready!(poll_flush_taken(writer, cx, &mut self.unflushed))?;
        Poll::Pending
    }

    /// Uses the time for which the writer takes nothing: reads into what is left of the buffer.
    #[cold]
    fn poll_read_ahead<R: AsyncRead + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        budget: &mut CallBudget,
    ) -> Poll<io::Result<u64>> {
        while self.ended.is_none() && self.end < self.buffer.len() {
            let read = ready!(self.poll_fill(cx, reader.as_mut()));
            ready!(budget.poll_spend(cx, read));
        }
        Poll::Pending
    }

    /// Whether the next read goes to memory that is lent. A buffer pays when reads would have
    /// filled twice as much; one that is there is used until the reader pauses.
    #[inline]
    fn reads_lent(&self) -> bool {
        self.buffer.len() == 0 && self.size <= 2 * Lent::CAPACITY
    }

    /// Reads once into memory that is lent and writes from it; keeps a copy of what the writer does
    /// not take. Returns how many bytes were moved, read or written.
    #[inline(always)]
    fn poll_pass<R: AsyncRead + ?Sized, W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<usize>> {
        let room = self.size.min(Lent::CAPACITY);
        let lent = match ready!(uninterrupted!(
            cx,
            Lent::poll_receive(room, |bytes| reader.as_mut().poll_read_slice(cx, bytes))
        )) {
            Ok(lent) if !lent.is_empty() => lent,
            ended => return Poll::Ready(Ok(self.end(ended.map(drop)))),
        };
        self.count_read(lent.len(), room);
        let (written, result) = match poll_write_some(writer, cx, &lent) {
            Poll::Ready(Ok(count)) => (count, Ok(lent.len() + count)),
            Poll::Ready(Err(error)) => (0, Err(error)),
            Poll::Pending => (0, Ok(lent.len())),
        };
        self.count_written(written);
        if written < lent.len() {
            self.keep(&lent[written..]);
        }
        Poll::Ready(result)
    }

    /// Copies what was lent and not written to a buffer of its own, with room to read ahead.
    #[cold]
    fn keep(&mut self, unwritten: &[u8]) {
        self.buffer = Buffer::zeroed(self.size);
        self.buffer.bytes_mut()[..unwritten.len()].copy_from_slice(unwritten);
        (self.start, self.end) = (0, unwritten.len());
    }

    /// So many bytes were read, of as many as there was room for.
    #[inline]
    fn count_read(&mut self, count: usize, room: usize) {
        self.splice.moved(count);
        // Only one read that fills all the room shows that a larger buffer would have taken more;
        // one that fills up behind a slow writer does not.
        if count == room {
            self.size = (self.size * 2).min(self.sizes.largest);
        }
    }

    #[inline]
    fn count_written(&mut self, count: usize) {
        self.copied += count as u64;
        self.unflushed |= count > 0;
    }

    /// Reads once behind the unwritten bytes; notes how the reader ended if it did.
    #[inline(always)]
    fn poll_fill<R: AsyncRead + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut R>,
    ) -> Poll<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() != self.size {
                self.buffer = Buffer::zeroed(self.size);
            }
        }
        let free = &mut self.buffer.bytes_mut()[self.end..];
        let count = match ready!(uninterrupted!(cx, reader.as_mut().poll_read_slice(cx, free))) {
            Ok(0) => return Poll::Ready(self.end(Ok(()))),
            Ok(count) => count,
            Err(error) => return Poll::Ready(self.end(Err(error))),
        };
        self.count_read(count, self.buffer.len());
        self.end += count;
        Poll::Ready(count)
    }

    /// The reader has ended, and gives no byte more.
    #[cold]
    fn end(&mut self, ended: io::Result<()>) -> usize {
        self.ended = Some(self.splice.end(ended));
        0
    }

    /// Writes once from the unwritten bytes. There must be some.
    #[inline(always)]
    fn poll_drain<W: AsyncWrite + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<usize>> {
        let unwritten = &self.buffer.bytes()[self.start..self.end];
        let count = ready!(poll_write_some(writer, cx, unwritten))?;
        self.start += count;
        self.count_written(count);
        Poll::Ready(Ok(count))
    }

    /// Goes on as at the start, without a buffer. Nothing may be unwritten.
    fn start_small(&mut self) {
        self.size = self.sizes.first;
        self.buffer = Buffer::default();
        (self.start, self.end) = (0, 0);
    }

    /// The result once everything is written: an error is returned once, an end of stream stays.
    fn finish(&mut self) -> io::Result<u64> {
        self.start_small();
        budget::spend();
        if let Some(Err(error)) = self.ended.take_if(|ended| ended.is_err()) {
            return Err(error);
        }
        Ok(self.copied)
    }
}

/// Bytes that start at a cache line.
///
/// The kernel's copy to user space is slow when the target lies 1 to 31 bytes past a page boundary,
/// which is where the allocator puts every large block.
#[derive(Default)]
struct Buffer {
    block: Vec<u8>,
    offset: usize,
}

impl Buffer {
    const ALIGNMENT: usize = 64;

    fn zeroed(len: usize) -> Self {
        let mut block = vec![0; len + Self::ALIGNMENT - 1];
        // `align_offset` may give up; an offset within the spare bytes is right in any case.
        let offset = block.as_ptr().align_offset(Self::ALIGNMENT).min(Self::ALIGNMENT - 1);
        block.truncate(offset + len);
        Self { block, offset }
    }

    /// Bytes that are there already, wherever they start.
    fn from_bytes(block: Vec<u8>) -> Self {
        Self { block, offset: 0 }
    }

    fn len(&self) -> usize {
        self.block.len() - self.offset
    }

    fn bytes(&self) -> &[u8] {
        &self.block[self.offset..]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.block[self.offset..]
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes)", self.len())
    }
}
