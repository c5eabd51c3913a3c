//! Whether the kernel may be asked to segment: remembered from one send to the next.

use crate::sync::{AtomicU32, AtomicUsize, Ordering};

/// After so many refusals no size is tried any more.
const PATIENCE: u32 = 4;

/// How many segments a call may send.
///
/// A refusal may be due to the size, which is too large for a route, or to the device, which cannot
/// segment at all. So what was refused is not tried again, smaller segments are, and only after
/// several refusals all is sent one by one.
pub(crate) struct Segmentation {
    /// What the kernel takes, 1 if it cannot segment.
    most: usize,
    /// The smallest size that was refused.
    refused: AtomicUsize,
    refusals: AtomicU32,
}

impl Segmentation {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, refused: AtomicUsize::new(usize::MAX), refusals: AtomicU32::new(0) }
    }

    /// How many segments of `size` bytes may be sent at a time.
    pub(crate) fn most(&self, size: usize) -> usize {
        if size < self.refused.load(Ordering::Relaxed) { self.most } else { 1 }
    }

    /// The kernel would not segment to `size` bytes, but sent one datagram of that size.
    pub(crate) fn refused(&self, size: usize) {
        let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
        let size = if refusals < PATIENCE { size } else { 0 };
        self.refused.fetch_min(size, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_not_tried_again() {
        let segmentation = Segmentation::new(64);
        assert_eq!(segmentation.most(9000), 64);
        segmentation.refused(1400);
        assert_eq!(segmentation.most(9000), 1);
        assert_eq!(segmentation.most(1400), 1);
        assert_eq!(segmentation.most(1399), 64);
        segmentation.refused(9000);
        assert_eq!(segmentation.most(1399), 64);
        assert_eq!(segmentation.most(0), 64);
    }

    #[test]
    fn many_refusals_end_it() {
        let segmentation = Segmentation::new(64);
        for size in [1400, 1300, 1200] {
            segmentation.refused(size);
            assert_eq!(segmentation.most(size - 1), 64);
        }
        segmentation.refused(1100);
        assert_eq!(segmentation.most(1), 1);
        assert_eq!(segmentation.most(0), 1);
    }

    #[test]
    fn a_kernel_that_cannot_segment_sends_one_by_one() {
        assert_eq!(Segmentation::new(1).most(1200), 1);
    }
}
