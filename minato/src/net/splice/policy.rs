//! When a copy between two sockets is worth a pipe.
//!
//! Splicing saves two copies of each byte and costs a call or two more for each piece. So it is
//! slower for messages and much faster for a stream that keeps coming. A *burst* tells the two
//! apart: it is what a reader gives from one time that it had nothing to the next.

/// Once a burst has so many bytes, splicing starts. A record of 64 KiB gets there, and costs half
/// of what copying it does; one of 32 KiB does not, and would cost a quarter more.
const START_AFTER: u64 = 56 * 1024;
/// A burst of fewer bytes is better copied ...
const SMALL_BURST: u64 = 32 * 1024;
/// ... and after this many of them in a row, splicing stops.
const STOP_AFTER: u8 = 4;

/// What the bursts of a reader were like.
#[derive(Debug, Default)]
pub(super) struct Policy {
    burst: u64,
    small_bursts: u8,
}

impl Policy {
    /// The reader gave so many bytes.
    #[inline]
    pub(super) fn moved(&mut self, bytes: usize) {
        self.burst += bytes as u64;
    }

    /// The reader has nothing more at the moment. If it said so before, because the other direction
    /// had something to do, that ends no burst.
    pub(super) fn pause(&mut self) {
        let burst = std::mem::take(&mut self.burst);
        if burst == 0 {
            return;
        }
        self.small_bursts =
            if burst < SMALL_BURST { self.small_bursts.saturating_add(1) } else { 0 };
    }

    /// Whether splicing starts.
    #[inline]
    pub(super) fn starts(&self) -> bool {
        self.burst >= START_AFTER
    }

    /// Whether splicing stops.
    pub(super) fn stops(&self) -> bool {
        self.small_bursts >= STOP_AFTER
    }

    /// Judges anew: splicing has started or stopped, or could not start.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader gives in a burst, in pieces.
    fn burst(policy: &mut Policy, pieces: usize, bytes: usize) {
        for _ in 0..pieces {
            policy.moved(bytes);
        }
        policy.pause();
    }

    #[test]
    fn one_long_burst_starts_it_before_it_ends() {
        let mut policy = Policy::default();
        for _ in 0..START_AFTER / 8192 {
            assert!(!policy.starts());
            policy.moved(8192);
        }
        assert!(policy.starts());
    }

    #[test]
    fn messages_of_any_number_do_not_start_it() {
        let mut policy = Policy::default();
        for size in [1, 64, 15_000, 32_768, START_AFTER as usize - 1] {
            for _ in 0..10_000 {
                burst(&mut policy, 1, size);
                assert!(!policy.starts());
            }
        }
    }

    #[test]
    fn a_pause_that_goes_on_is_no_burst() {
        let mut policy = Policy::default();
        for _ in 1..STOP_AFTER {
            burst(&mut policy, 1, 100);
            for _ in 0..10 {
                policy.pause();
            }
        }
        assert!(!policy.stops());
        policy.moved(100);
        policy.pause();
        assert!(policy.stops());
    }

    #[test]
    fn only_small_bursts_in_a_row_stop_it() {
        let mut policy = Policy::default();
        for _ in 0..100 {
            for _ in 1..STOP_AFTER {
                burst(&mut policy, 1, 100);
                assert!(!policy.stops());
            }
            burst(&mut policy, 1, SMALL_BURST as usize);
            assert!(!policy.stops());
        }
        for _ in 0..STOP_AFTER {
            assert!(!policy.stops());
            burst(&mut policy, 1, 100);
        }
        assert!(policy.stops());
        policy.restart();
        assert!(!policy.stops());
    }
}
