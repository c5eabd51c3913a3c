//! A buffer that is filled step by step and knows which part of it was ever written.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use bytes::buf::UninitSlice;

use super::AsyncRead;

/// A byte buffer in three parts: filled, initialized but not filled, and never written.
///
/// Readers fill it from the front. Bytes that were never written are never read: a reader that
/// claims more bytes than it wrote causes a panic.
///
/// A reader is given `&mut ReadBuf`, so it can put a whole other `ReadBuf` in its place. A caller
/// whose `unsafe` code relies on the filled bytes must compare the address of
/// [`filled`](Self::filled) before and after; the helpers of this crate do.
///
/// ```
/// use minato::io::ReadBuf;
///
/// let mut memory = [0; 8];
/// let mut buf = ReadBuf::new(&mut memory);
/// buf.put_slice(b"abc");
/// assert_eq!(buf.filled(), b"abc");
/// assert_eq!(buf.remaining(), 5);
/// ```
pub struct ReadBuf<'a> {
    buf: &'a mut [MaybeUninit<u8>],
    filled: usize,
    initialized: usize,
}

impl<'a> ReadBuf<'a> {
    /// Makes a buffer over bytes that are initialized.
    pub fn new(buf: &'a mut [u8]) -> Self {
        let initialized = buf.len();
        // SAFETY: `MaybeUninit<u8>` has the layout of `u8`, and no method of this type writes an
        // uninitialized byte into the part counted by `initialized` (see `unfilled_mut`).
        let buf = unsafe { &mut *(buf as *mut [u8] as *mut [MaybeUninit<u8>]) };
        Self { buf, filled: 0, initialized }
    }

    /// Makes a buffer over bytes that may never have been written.
    pub fn uninit(buf: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { buf, filled: 0, initialized: 0 }
    }

    /// The size of the whole buffer in bytes.
    pub fn capacity(&self) -> usize {
        self.buf.len()
    }

    /// How many bytes are free after the filled part.
    pub fn remaining(&self) -> usize {
        self.buf.len() - self.filled
    }

    /// The filled part.
    pub fn filled(&self) -> &[u8] {
        &self.initialized()[..self.filled]
    }

    /// The filled part, to be changed in place.
    pub fn filled_mut(&mut self) -> &mut [u8] {
        let filled = self.filled;
        &mut self.initialized_mut()[..filled]
    }

    /// The filled and the initialized part.
    pub fn initialized(&self) -> &[u8] {
        // SAFETY: the first `initialized` bytes were written.
        unsafe { &*(&raw const self.buf[..self.initialized] as *const [u8]) }
    }

    /// The filled and the initialized part, to be changed in place.
    pub fn initialized_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `initialized`.
        unsafe { &mut *(&raw mut self.buf[..self.initialized] as *mut [u8]) }
    }

    /// The whole buffer, which may hold bytes that were never written.
    ///
    /// # Safety
    ///
    /// As for [`unfilled_mut`](Self::unfilled_mut).
    pub unsafe fn inner_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        self.buf
    }

    /// The whole free part, which may hold bytes that were never written.
    ///
    /// # Safety
    ///
    /// The caller must not write uninitialized bytes into it: the part that this buffer counts as
    /// initialized stays counted.
    pub unsafe fn unfilled_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.buf[self.filled..]
    }

    /// Zeroes what was never written of the free part and returns all of it.
    pub fn initialize_unfilled(&mut self) -> &mut [u8] {
        self.initialize_unfilled_to(self.remaining())
    }

    /// Zeroes what was never written of the next `len` free bytes and returns those.
    ///
    /// # Panics
    ///
    /// When fewer than `len` bytes are free.
    #[track_caller]
    pub fn initialize_unfilled_to(&mut self, len: usize) -> &mut [u8] {
        assert!(len <= self.remaining(), "{len} bytes asked of {} free ones", self.remaining());
        let end = self.filled + len;
        if self.initialized < end {
            self.buf[self.initialized..end].fill(MaybeUninit::new(0));
            self.initialized = end;
        }
        let start = self.filled;
        &mut self.initialized_mut()[start..end]
    }

    /// A buffer over at most `len` of the free bytes.
    ///
    /// What is read into it counts here only after [`assume_init`](Self::assume_init) and
    /// [`advance`](Self::advance).
    pub fn take(&mut self, len: usize) -> ReadBuf<'_> {
        let len = len.min(self.remaining());
        let initialized = (self.initialized - self.filled).min(len);
        ReadBuf { buf: &mut self.buf[self.filled..][..len], filled: 0, initialized }
    }

    /// Counts the next `len` bytes as filled.
    ///
    /// # Panics
    ///
    /// When that would count bytes that were never written.
    #[track_caller]
    pub fn advance(&mut self, len: usize) {
        let filled = self.filled.checked_add(len).expect("filled bytes overflow");
        self.set_filled(filled);
    }

    /// Sets the size of the filled part.
    ///
    /// # Panics
    ///
    /// When that would count bytes that were never written.
    #[track_caller]
    pub fn set_filled(&mut self, filled: usize) {
        assert!(
            filled <= self.initialized,
            "{filled} bytes cannot be filled: only {} were ever written",
            self.initialized
        );
        self.filled = filled;
    }

    /// Empties the filled part; what was written stays written.
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// Counts the next `len` free bytes as written.
    ///
    /// # Safety
    ///
    /// They must have been written, and be no more than [`remaining`](Self::remaining).
    pub unsafe fn assume_init(&mut self, len: usize) {
        debug_assert!(len <= self.remaining(), "{len} of {} bytes written", self.remaining());
        self.initialized = self.initialized.max(self.filled + len);
    }

    /// Copies `bytes` to the end of the filled part and counts them as filled.
    ///
    /// # Panics
    ///
    /// When they do not fit.
    #[track_caller]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        let room = self.remaining();
        assert!(bytes.len() <= room, "{} bytes do not fit into {room} free ones", bytes.len());
        let end = self.filled + bytes.len();
        // SAFETY: `MaybeUninit<u8>` has the layout of `u8`, and the slice is only read.
        let bytes = unsafe { &*(bytes as *const [u8] as *const [MaybeUninit<u8>]) };
        self.buf[self.filled..end].copy_from_slice(bytes);
        self.initialized = self.initialized.max(end);
        self.filled = end;
    }

    /// Lets `read` fill at most `limit` of the free bytes, and counts here what it filled.
    ///
    /// # Panics
    ///
    /// When `read` put another buffer in the place of the one it was given.
    pub(crate) fn fill_at_most<T>(
        &mut self,
        limit: usize,
        read: impl FnOnce(&mut ReadBuf<'_>) -> T,
    ) -> T {
        let mut part = self.take(limit);
        let (start, capacity) = (part.buf.as_ptr(), part.capacity());
        let result = read(&mut part);
        assert!(
            part.buf.as_ptr() == start && part.capacity() == capacity,
            "the reader put another buffer in the place of the one it was given"
        );
        let (filled, initialized) = (part.filled, part.initialized);
        self.initialized = self.initialized.max(self.filled + initialized);
        self.filled += filled;
        result
    }

    /// Lends this empty buffer to `read` once; returns how many bytes were read, 0 at the end of
    /// the stream.
    ///
    /// # Panics
    ///
    /// When `read` put another buffer in the place of the one it was given.
    pub(crate) fn poll_fill(
        mut self,
        read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.fill_at_most(usize::MAX, read))?;
        Poll::Ready(Ok(self.filled))
    }
}

/// Reads once into the free memory of `target` and advances it; returns how many bytes were read,
/// 0 at the end of the stream and when `target` has no room.
///
/// # Panics
///
/// When the reader put another buffer in the place of the one it was given.
pub(crate) fn poll_read_into<R: AsyncRead + ?Sized, B: BufMut + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    target: &mut B,
) -> Poll<io::Result<usize>> {
    if !target.has_remaining_mut() {
        return Poll::Ready(Ok(0));
    }
    // SAFETY: the slice goes into a `ReadBuf` only, which never writes an uninitialized byte.
    let free = unsafe { target.chunk_mut().as_uninit_slice_mut() };
    let count = ready!(ReadBuf::uninit(free).poll_fill(|buf| reader.poll_read(cx, buf)))?;
    // SAFETY: the buffer was over the memory that `target` gave, as `poll_fill` has compared, and a
    // `ReadBuf` counts no byte as filled that was not written. So the next `count` bytes are
    // initialized.
    unsafe { target.advance_mut(count) };
    Poll::Ready(Ok(count))
}

/// A vector that is read into, and how much of its free memory was ever written: a reader that
/// initializes more than it fills does so once, not in every read.
///
/// `V` is a vector or lent for as long as this lives, so nobody else touches the memory.
#[derive(Debug)]
pub(super) struct Appending<V> {
    vec: V,
    /// How many of the free bytes, from the first one on, were written.
    initialized: usize,
}

impl<V: AsMut<Vec<u8>>> Appending<V> {
    pub(super) fn new(vec: V) -> Self {
        Self { vec, initialized: 0 }
    }

    /// The vector, to be used otherwise: what its free memory holds is not known then.
    pub(super) fn get_mut(&mut self) -> &mut Vec<u8> {
        self.target_mut().as_mut()
    }

    /// What gave the vector, to be used otherwise.
    pub(super) fn target_mut(&mut self) -> &mut V {
        self.initialized = 0;
        &mut self.vec
    }

    pub(super) fn into_inner(self) -> V {
        self.vec
    }

    /// How many bytes are free, and the capacity.
    pub(super) fn room(&mut self) -> (usize, usize) {
        let vec = self.vec.as_mut();
        (vec.capacity() - vec.len(), vec.capacity())
    }

    /// Reads once into at most `limit` of the free bytes; returns how many were read, 0 at the end
    /// of the stream and when there are none.
    ///
    /// # Panics
    ///
    /// When the reader put another buffer in the place of the one it was given.
    pub(super) fn poll_read<R: AsyncRead + ?Sized>(
        &mut self,
        reader: Pin<&mut R>,
        cx: &mut Context<'_>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let vec = self.vec.as_mut();
        let mut free = ReadBuf::uninit(vec.spare_capacity_mut());
        // SAFETY: so many of the free bytes were written, by a reader, through this very method:
        // since then the vector was neither lent nor given away.
        unsafe { free.assume_init(self.initialized) };
        let polled = free.fill_at_most(limit, |buf| reader.poll_read(cx, buf));
        let count = free.filled;
        self.initialized = free.initialized;
        ready!(polled)?;
        // SAFETY: `free` is over the free bytes of the vector, and a `ReadBuf` counts
        // no byte as filled that was not written.
        unsafe { vec.set_len(vec.len() + count) };
        self.initialized -= count;
        Poll::Ready(Ok(count))
    }
}

// SAFETY: `chunk_mut` gives exactly the `remaining_mut` free bytes, always at the same address
// until `advance_mut`, which checks its count against them.
unsafe impl BufMut for ReadBuf<'_> {
    fn remaining_mut(&self) -> usize {
        self.remaining()
    }

    unsafe fn advance_mut(&mut self, count: usize) {
        assert!(count <= self.remaining(), "{count} bytes of {} free ones", self.remaining());
        // SAFETY: the caller has written them, by the contract of this method, and the line above
        // has checked that there are so many.
        unsafe { self.assume_init(count) };
        self.filled += count;
    }

    fn chunk_mut(&mut self) -> &mut UninitSlice {
        UninitSlice::uninit(&mut self.buf[self.filled..])
    }
}

impl fmt::Debug for ReadBuf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuf")
            .field("filled", &self.filled)
            .field("initialized", &self.initialized)
            .field("capacity", &self.capacity())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// Calls the closure for every read.
    struct ByHand<F>(F);

    impl<F: FnMut(&mut ReadBuf<'_>) + Unpin> AsyncRead for ByHand<F> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            (self.0)(buf);
            Poll::Ready(Ok(()))
        }
    }

    fn panics(work: impl FnOnce()) -> String {
        let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("no panic");
        payload.downcast_ref::<String>().cloned().unwrap_or_else(|| {
            (*payload.downcast_ref::<&str>().expect("a message of another type")).to_owned()
        })
    }

    fn context() -> Context<'static> {
        Context::from_waker(std::task::Waker::noop())
    }

    #[test]
    fn the_three_parts_move_forward() {
        let mut memory = [MaybeUninit::uninit(); 6];
        let mut buf = ReadBuf::uninit(&mut memory);
        assert_eq!((buf.capacity(), buf.remaining(), buf.initialized().len()), (6, 6, 0));
        buf.put_slice(b"ab");
        assert_eq!(buf.initialize_unfilled_to(2), [0, 0]);
        assert_eq!((buf.filled(), buf.initialized().len()), (&b"ab"[..], 4));
        buf.initialize_unfilled()[0] = b'c';
        buf.advance(1);
        assert_eq!(buf.filled(), b"abc");
        buf.clear();
        assert_eq!((buf.filled().len(), buf.initialized()), (0, &b"abc\0\0\0"[..]));
    }

    #[test]
    fn bytes_that_were_never_written_cannot_be_counted() {
        let mut memory = [MaybeUninit::uninit(); 6];
        let mut buf = ReadBuf::uninit(&mut memory);
        buf.initialize_unfilled_to(2);
        assert!(panics(|| buf.advance(3)).contains("only 2 were ever written"));
        assert!(panics(|| buf.set_filled(6)).contains("only 2 were ever written"));
        assert!(panics(|| buf.put_slice(&[0; 7])).contains("7 bytes do not fit into 6"));
        buf.advance(1);
        assert!(panics(|| buf.advance(usize::MAX)).contains("overflow"));
        assert_eq!(buf.filled(), [0]);
    }

    #[test]
    fn filling_a_part_counts_in_the_whole() {
        let mut memory = [MaybeUninit::uninit(); 6];
        let mut buf = ReadBuf::uninit(&mut memory);
        buf.put_slice(b"a");
        buf.fill_at_most(3, |part| {
            assert_eq!(part.capacity(), 3);
            part.initialize_unfilled();
            part.put_slice(b"bc");
        });
        assert_eq!(buf.filled(), b"abc");
        assert_eq!(buf.initialized(), b"abc\0");
        buf.fill_at_most(usize::MAX, |part| assert_eq!(part.capacity(), 3));
    }

    #[test]
    fn a_reader_that_exchanges_the_buffer_is_caught() {
        let mut exchanging = ByHand(|buf: &mut ReadBuf<'_>| {
            *buf = ReadBuf::new(&mut []);
        });
        let mut vec = Vec::with_capacity(64);
        let message = panics(|| {
            let _ = poll_read_into(Pin::new(&mut exchanging), &mut context(), &mut vec);
        });
        assert!(message.contains("put another buffer"), "{message}");
        assert!(vec.is_empty());
        let message = panics(|| {
            let _ = Pin::new(&mut exchanging).poll_read_slice(&mut context(), &mut [0; 64]);
        });
        assert!(message.contains("put another buffer"), "{message}");
    }

    #[test]
    fn a_reader_that_reports_too_much_is_caught() {
        let mut over_reporting = ByHand(|buf: &mut ReadBuf<'_>| {
            buf.put_slice(b"ab");
            buf.advance(10);
        });
        let mut vec = Vec::with_capacity(64);
        let message = panics(|| {
            let _ = poll_read_into(Pin::new(&mut over_reporting), &mut context(), &mut vec);
        });
        assert!(message.contains("only 2 were ever written"), "{message}");
        assert!(vec.is_empty());
    }

    #[test]
    fn reading_into_a_limited_vector_leaves_the_rest_free() {
        let mut filling = ByHand(|buf: &mut ReadBuf<'_>| {
            let room = buf.remaining();
            buf.put_slice(&vec![1; room]);
        });
        let mut vec = Vec::with_capacity(64);
        let mut target = (&mut vec).limit(5);
        let read = poll_read_into(Pin::new(&mut filling), &mut context(), &mut target);
        assert!(matches!(read, Poll::Ready(Ok(5))));
        assert_eq!((vec.len(), vec.capacity()), (5, 64));
    }

    #[test]
    fn it_is_a_bytes_buffer() {
        let mut memory = [0; 4];
        let mut buf = ReadBuf::new(&mut memory);
        BufMut::put_slice(&mut buf, b"ab");
        buf.put_u8(b'c');
        assert_eq!((buf.filled(), buf.remaining_mut()), (&b"abc"[..], 1));
    }
}
