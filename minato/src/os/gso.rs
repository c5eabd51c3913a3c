//! Whether the kernel may be asked to segment: remembered from one send to the next.

use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// After this many refusals no size is tried any more.
const MAX_REFUSALS: u32 = 4;

/// How many segments a call may send.
///
/// A refusal may be due to the size, which is too large for a route, or to the device, which cannot
/// segment at all. So what was refused is not tried again, smaller segments are, and only after
/// several refusals all is sent one by one.
pub(crate) struct Segmentation {
    /// What the kernel takes, 1 if it cannot segment.
    max: usize,
    /// The smallest size that was refused.
    refused: AtomicUsize,
    refusals: AtomicU32,
}

impl Segmentation {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, refused: AtomicUsize::new(usize::MAX), refusals: AtomicU32::new(0) }
    }

    /// How many segments of `size` bytes may be sent at a time.
    pub(crate) fn max_segments(&self, size: usize) -> usize {
        if size < self.refused.load(Ordering::Relaxed) { self.max } else { 1 }
    }

    /// The kernel would not segment to `size` bytes, but sent one datagram of that size.
    pub(crate) fn refused(&self, size: usize) {
        let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
        let size = if refusals < MAX_REFUSALS { size } else { 0 };
        self.refused.fetch_min(size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_not_tried_again() {
        let segmentation = Segmentation::new(64);
        assert_eq!(segmentation.max_segments(9000), 64);
        segmentation.refused(1400);
        assert_eq!(segmentation.max_segments(9000), 1);
        assert_eq!(segmentation.max_segments(1400), 1);
        assert_eq!(segmentation.max_segments(1399), 64);
        segmentation.refused(9000);
        assert_eq!(segmentation.max_segments(1399), 64);
        assert_eq!(segmentation.max_segments(0), 64);
    }

    #[test]
    fn many_refusals_end_it() {
        let segmentation = Segmentation::new(64);
        for size in [1400, 1300, 1200] {
            segmentation.refused(size);
            assert_eq!(segmentation.max_segments(size - 1), 64);
        }
        segmentation.refused(1100);
        assert_eq!(segmentation.max_segments(1), 1);
        assert_eq!(segmentation.max_segments(0), 1);
    }

    #[test]
    fn a_kernel_that_cannot_segment_sends_one_by_one() {
        assert_eq!(Segmentation::new(1).max_segments(1200), 1);
    }
}
