//! What each byte of a conversation must be: it follows from the conversation's key and the byte's
//! position, so that a byte which is lost, doubled, moved or of another conversation is noticed.

/// The contents of one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(pub(crate) u64);

impl Pattern {
    /// Eight bytes, by SplitMix64 of the key and the number of the word.
    fn word(self, number: u64) -> [u8; 8] {
        let mut mixed = self.0 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    }

    fn byte(self, position: u64) -> u8 {
        self.word(position / 8)[(position % 8) as usize]
    }

    /// Writes what stands at `position` and after it.
    pub(crate) fn fill(self, position: u64, bytes: &mut [u8]) {
        for (at, byte) in (position..).zip(bytes) {
            *byte = self.byte(at);
        }
    }

    /// The position of the first of `bytes`, which should stand at `position`, that is wrong.
    pub(crate) fn first_wrong(self, position: u64, bytes: &[u8]) -> Option<u64> {
        (position..).zip(bytes).find(|(at, byte)| self.byte(*at) != **byte).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_moved_or_of_others_is_noticed() {
        let pattern = Pattern(7);
        let mut bytes = [0; 100];
        pattern.fill(1000, &mut bytes);
        assert_eq!(pattern.first_wrong(1000, &bytes), None);
        assert_eq!(pattern.first_wrong(1010, &bytes[10..]), None);
        assert_eq!(pattern.first_wrong(1000, &bytes[1..]), Some(1000));
        assert_eq!(pattern.first_wrong(1008, &bytes), Some(1008));
        assert_eq!(Pattern(8).first_wrong(1000, &bytes), Some(1000));
        bytes[42] ^= 1;
        assert_eq!(pattern.first_wrong(1000, &bytes), Some(1042));
    }
}
