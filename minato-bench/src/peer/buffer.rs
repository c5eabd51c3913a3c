//! The read buffer of all peers.
//!
//! The kernel's copy to user space slows by up to three quarters when a buffer begins just after a
//! page boundary. Where an allocator happens to put a buffer must not decide who looks fast.

use std::ops::{Deref, DerefMut};

/// The size of a connection's buffer, for all peers.
pub const BUFFER: usize = 16 * 1024;

/// A buffer of [`BUFFER`] bytes on the heap that begins on a page boundary.
///
/// ```
/// use minato_bench::peer::{BUFFER, PageBuffer};
///
/// let buffer = PageBuffer::new();
/// assert_eq!(buffer.len(), BUFFER);
/// assert_eq!(buffer.as_ptr().addr() % 4096, 0);
/// ```
#[derive(Debug, Clone)]
pub struct PageBuffer(Box<Pages>);

#[derive(Debug, Clone)]
#[repr(align(4096))]
struct Pages([u8; BUFFER]);

impl PageBuffer {
    /// A zeroed buffer.
    pub fn new() -> PageBuffer {
        PageBuffer(Box::new(Pages([0; BUFFER])))
    }
}

impl Default for PageBuffer {
    fn default() -> PageBuffer {
        PageBuffer::new()
    }
}

impl Deref for PageBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.0
    }
}

impl DerefMut for PageBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0.0
    }
}
