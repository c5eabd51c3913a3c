//! A part of a buffer.

use std::ops::Range;

/// A part of a buffer, as which it goes into a future by value: `write_all` of a window writes that
/// part, `read_exact` fills it.
///
/// ```
/// use futures::Future;
/// use tokio::tokio_io::io::{Window, read_exact};
///
/// let mut window = Window::new([0; 6]);
/// window.set_start(2).set_end(4);
/// let (_, window) = read_exact(&b"ahoy"[..], window).wait()?;
/// assert_eq!(&window.into_inner(), b"\0\0ah\0\0");
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Window<T> {
    inner: T,
    range: Range<usize>,
}

impl<T: AsRef<[u8]>> Window<T> {
    /// A window on all of `t`.
    pub fn new(t: T) -> Self {
        Self { range: 0..t.as_ref().len(), inner: t }
    }

    /// The whole buffer.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The whole buffer, to be changed. Where it becomes shorter than the window, using the window
    /// panics.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Gives the whole buffer back.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Where the window begins.
    pub fn start(&self) -> usize {
        self.range.start
    }

    /// Where the window ends: the index behind its last byte.
    pub fn end(&self) -> usize {
        self.range.end
    }

    /// Moves the beginning of the window.
    ///
    /// # Panics
    ///
    /// When `start` lies behind the end of the window or of the buffer.
    pub fn set_start(&mut self, start: usize) -> &mut Self {
        let (end, len) = (self.range.end, self.inner.as_ref().len());
        assert!(start <= end && start <= len, "a window from {start} to {end} of {len} bytes");
        self.range.start = start;
        self
    }

    /// Moves the end of the window.
    ///
    /// # Panics
    ///
    /// When `end` lies before the beginning of the window or behind the end of the buffer.
    pub fn set_end(&mut self, end: usize) -> &mut Self {
        let (start, len) = (self.range.start, self.inner.as_ref().len());
        assert!(start <= end && end <= len, "a window from {start} to {end} of {len} bytes");
        self.range.end = end;
        self
    }
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Window<T> {
    fn as_ref(&self) -> &[u8] {
        &self.inner.as_ref()[self.range.clone()]
    }
}

impl<T: AsMut<[u8]>> AsMut<[u8]> for Window<T> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.inner.as_mut()[self.range.clone()]
    }
}
