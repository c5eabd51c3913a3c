//! A buffer that is filled step by step and knows which part of it was ever written.

use std::fmt;
use std::mem::MaybeUninit;

/// A byte buffer in three parts: filled, initialized but not filled, and never written.
///
/// Readers fill it from the front; nobody reads bytes that were never written. There is no way to
/// exchange the buffer inside it, so a caller may trust what it finds there after a read.
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

    /// How many bytes are free behind the filled part.
    pub fn remaining(&self) -> usize {
        self.buf.len() - self.filled
    }

    /// The filled part.
    pub fn filled(&self) -> &[u8] {
        // SAFETY: `filled <= initialized`, and those bytes were written.
        unsafe { &*(&raw const self.buf[..self.filled] as *const [u8]) }
    }

    /// The filled part, to be changed in place.
    pub fn filled_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `filled`.
        unsafe { &mut *(&raw mut self.buf[..self.filled] as *mut [u8]) }
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
    pub fn advance(&mut self, len: usize) {
        let filled = self.filled.checked_add(len).expect("filled bytes overflow");
        self.set_filled(filled);
    }

    /// Sets the size of the filled part.
    ///
    /// # Panics
    ///
    /// When that would count bytes that were never written.
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
    /// They must have been written.
    pub unsafe fn assume_init(&mut self, len: usize) {
        self.initialized = self.initialized.max(self.filled + len);
    }

    /// Copies `bytes` behind the filled part and counts them as filled.
    ///
    /// # Panics
    ///
    /// When they do not fit.
    pub fn put_slice(&mut self, bytes: &[u8]) {
        let room = self.remaining();
        assert!(bytes.len() <= room, "{} bytes do not fit into {room} free ones", bytes.len());
        let end = self.filled + bytes.len();
        for (to, from) in self.buf[self.filled..end].iter_mut().zip(bytes) {
            to.write(*from);
        }
        self.initialized = self.initialized.max(end);
        self.filled = end;
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
