//! When a copy between two sockets is worth a pipe: the policy, apart from what moves the bytes.
//!
//! Splicing saves two copies of each byte and costs a call or two more for each piece. So it is
//! slower for messages and much faster for a stream that keeps coming. The two are told apart by
//! *bursts*: what a reader gives from one time that it had nothing to the next.

/// A burst of at least so many bytes counts as one of a stream that keeps coming.
const THICK: u64 = 64 * 1024;
/// So many bytes in thick bursts, one after the other, and splicing begins.
const SUSTAINED: u64 = 512 * 1024;
/// A burst of fewer bytes is better copied ...
const THIN: u64 = 32 * 1024;
/// ... and after so many of them, one after the other, splicing ends.
const THIN_BURSTS: u8 = 4;

/// How thick the bursts of a reader are.
#[derive(Debug, Default)]
pub(super) struct Pace {
    burst: u64,
    /// What came since the last burst that was not thick.
    sustained: u64,
    thin_bursts: u8,
}

impl Pace {
    /// So many bytes came.
    #[inline]
    pub(super) fn moved(&mut self, bytes: usize) {
        self.burst += bytes as u64;
    }

    /// The reader has nothing more at the moment. To hear so again, because the other direction had
    /// something to do, is no burst.
    pub(super) fn pause(&mut self) {
        let burst = std::mem::take(&mut self.burst);
        if burst == 0 {
            return;
        }
        self.sustained = if burst < THICK { 0 } else { self.sustained + burst };
        self.thin_bursts = if burst < THIN { self.thin_bursts.saturating_add(1) } else { 0 };
    }

    /// Whether enough has come in thick bursts for splicing to begin.
    #[inline]
    pub(super) fn is_sustained(&self) -> bool {
        self.sustained + self.burst >= SUSTAINED
    }

    /// Whether it has thinned out, so that splicing ends.
    pub(super) fn is_thin(&self) -> bool {
        self.thin_bursts >= THIN_BURSTS
    }

    /// Begins to judge anew: the other way was taken, or could not be.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader gives in a burst, in pieces.
    fn burst(pace: &mut Pace, pieces: usize, bytes: usize) {
        for _ in 0..pieces {
            pace.moved(bytes);
        }
        pace.pause();
    }

    #[test]
    fn one_long_burst_is_sustained_before_it_ends() {
        let mut pace = Pace::default();
        for _ in 0..SUSTAINED / 8192 {
            assert!(!pace.is_sustained());
            pace.moved(8192);
        }
        assert!(pace.is_sustained());
    }

    #[test]
    fn thick_bursts_add_up_and_a_thinner_one_begins_anew() {
        let mut pace = Pace::default();
        for _ in 0..7 {
            burst(&mut pace, 8, 8192);
        }
        assert!(!pace.is_sustained());
        burst(&mut pace, 7, 8192);
        assert!(!pace.is_sustained());
        for _ in 0..8 {
            assert!(!pace.is_sustained());
            burst(&mut pace, 8, 8192);
        }
        assert!(pace.is_sustained());
    }

    #[test]
    fn messages_of_any_number_are_not_sustained() {
        let mut pace = Pace::default();
        for size in [1, 64, 15_000, 32_768, 65_535] {
            for _ in 0..10_000 {
                burst(&mut pace, 1, size);
                assert!(!pace.is_sustained());
            }
        }
    }

    #[test]
    fn a_pause_that_goes_on_is_no_burst() {
        let mut pace = Pace::default();
        for _ in 0..SUSTAINED / THICK {
            assert!(!pace.is_sustained());
            burst(&mut pace, 1, THICK as usize);
            for _ in 0..10 {
                pace.pause();
            }
            assert!(!pace.is_thin());
        }
        assert!(pace.is_sustained());
    }

    #[test]
    fn only_thin_bursts_in_a_row_end_it() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            for _ in 1..THIN_BURSTS {
                burst(&mut pace, 1, 100);
                assert!(!pace.is_thin());
            }
            burst(&mut pace, 1, THIN as usize);
            assert!(!pace.is_thin());
        }
        for _ in 0..THIN_BURSTS {
            assert!(!pace.is_thin());
            burst(&mut pace, 1, 100);
        }
        assert!(pace.is_thin());
        pace.begin();
        assert!(!pace.is_thin());
    }
}
