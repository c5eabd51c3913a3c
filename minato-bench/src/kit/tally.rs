//! The counts of a sink of datagrams, and its answer to who asks for them.

use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::peer::QUESTION;

/// What one socket of a sink has received, beside the counts of the others.
///
/// Each count is written by one task alone, so that none costs a locked instruction.
#[derive(Debug, Clone)]
pub struct Tally {
    counts: Arc<[AtomicU64]>,
    own: usize,
}

impl Tally {
    /// One for each of `sockets` sockets.
    pub fn for_sockets(sockets: usize) -> Vec<Tally> {
        let counts: Arc<[AtomicU64]> =
            iter::repeat_with(AtomicU64::default).take(sockets).collect();
        (0..sockets).map(|own| Tally { counts: counts.clone(), own }).collect()
    }

    /// Counts the datagrams of a message with segments of `stride` bytes. Returns the answer if the
    /// last of them is the question.
    pub fn take(&self, message: &[u8], stride: usize) -> Option<[u8; 8]> {
        let stride = stride.max(1);
        let before = message.len().saturating_sub(1) / stride;
        // The kernel joins datagrams of one length, and one shorter one at the end.
        let asked = message[before * stride..] == QUESTION;
        let questions = match asked {
            true => message.chunks(stride).filter(|segment| **segment == QUESTION).count(),
            false => 0,
        };
        let count = &self.counts[self.own];
        let datagrams = (before + 1 - questions) as u64;
        count.store(count.load(Ordering::Relaxed) + datagrams, Ordering::Relaxed);
        asked.then(|| self.total().to_le_bytes())
    }

    /// What all sockets have received, without the questions.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted() {
        let [tally] = &Tally::for_sockets(1)[..] else { panic!("there is one") };
        for (len, stride, total) in [(64, 64, 1), (640, 64, 11), (641, 64, 22), (0, 0, 23)] {
            assert_eq!(tally.take(&vec![7; len], stride), None);
            assert_eq!(tally.total(), total);
        }
    }

    #[test]
    fn the_question_is_answered_and_not_counted() {
        let [one, other] = &Tally::for_sockets(2)[..] else { panic!("there are two") };
        assert_eq!(one.take(&[7; 64], 64), None);
        assert_eq!(other.take(&[7; 6400], 64), None);
        assert_eq!(one.take(&QUESTION, 8), Some(101_u64.to_le_bytes()));
        let joined = [&[7; 128][..], &QUESTION].concat();
        assert_eq!(other.take(&joined, 64), Some(103_u64.to_le_bytes()));
        let twice = [QUESTION, QUESTION].concat();
        assert_eq!(other.take(&twice, 8), Some(103_u64.to_le_bytes()));
        assert_eq!((one.total(), other.total()), (103, 103));
    }
}
