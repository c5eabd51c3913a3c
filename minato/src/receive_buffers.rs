//! Memory to receive into that belongs to a thread and not to a connection.
//!
//! Few receives of a thread need memory at the same time, however many connections wait. What was
//! used a moment ago is still in the processor's cache, so the last buffer that came back is the
//! first to be taken.

use std::cell::Cell;

/// Memory for one receive. It starts where a page starts, and the kernel copies fastest to there.
#[repr(align(4096))]
pub(crate) struct ReceiveBuffer(pub(crate) [u8; Self::SIZE]);

impl ReceiveBuffer {
    pub(crate) const SIZE: usize = 16 * 1024;

    /// Makes one of zeroes. It is zeroed this once, and not between two receives.
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self([0; Self::SIZE]))
    }
}

/// The buffers of a thread that nobody uses at the moment.
///
/// An allocator, or the drop of a thread's locals, may call back at any time: what is here is taken
/// out before anything else happens.
pub(crate) struct SpareBuffers {
    buffers: [Cell<Option<Box<ReceiveBuffer>>>; Self::MAX_COUNT],
    count: Cell<usize>,
}

impl SpareBuffers {
    /// How many are kept; those that come back while there are as many are freed.
    pub(crate) const MAX_COUNT: usize = 8;

    pub(crate) const fn new() -> Self {
        Self { buffers: [const { Cell::new(None) }; Self::MAX_COUNT], count: Cell::new(0) }
    }

    /// Takes the one that came back last.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Box<ReceiveBuffer>> {
        let last = self.count.get().checked_sub(1)?;
        self.count.set(last);
        self.buffers[last].take()
    }

    /// Keeps `buffer` if there is a place for it.
    #[inline]
    pub(crate) fn push(&self, buffer: Box<ReceiveBuffer>) {
        let count = self.count.get();
        if let Some(place) = self.buffers.get(count) {
            self.count.set(count + 1);
            place.set(Some(buffer));
        }
    }
}
