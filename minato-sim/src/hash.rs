//! A hash of bytes that keeps up with bulk traffic.
//!
//! The hash tells two runs apart, and it is the same on every machine. It does not resist an
//! attacker who searches for collisions.

use crate::choice::mix;

/// Bytes that one round of the main loop takes in: two words for each of four accumulators. They
/// are independent, because a single one would wait for its own multiplication in every round.
const BLOCK: usize = 64;

const FACTORS: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93];

/// Takes two words into an accumulator. Both halves of the product count: the high bits of a word
/// only reach the high half, the low bits mostly the low one.
const fn absorb(accumulator: u64, words: [u64; 2], factor: u64) -> u64 {
    let product = (accumulator ^ words[0]) as u128 * (words[1] ^ factor) as u128;
    product as u64 ^ (product >> 64) as u64
}

/// The hash of a few words. They go in side by side, so a long event takes hardly longer than
/// a short one.
#[inline(always)]
pub(crate) fn hash_words<const N: usize>(words: &[u64; N]) -> u64 {
    let mut sums = FACTORS;
    for (index, pair) in words.chunks(2).enumerate() {
        let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
        let sum = &mut sums[index % 4];
        *sum = absorb(*sum, pair, FACTORS[(index + 1) % 4]);
    }
    let [first, second, third, fourth] = sums;
    first ^ second.rotate_left(16) ^ third.rotate_left(32) ^ fourth.rotate_left(48)
}

/// The two words of a block that go into the accumulator at `index`.
const fn words(block: &[u8; BLOCK], index: usize) -> [u64; 2] {
    let mut bytes = [0; 8];
    let (first, rest) = block.split_at(16 * index).1.split_at(8);
    bytes.copy_from_slice(first);
    let first = u64::from_le_bytes(bytes);
    bytes.copy_from_slice(rest.split_at(8).0);
    [first, u64::from_le_bytes(bytes)]
}

/// The hash of `bytes`, starting from `seed`.
pub(crate) const fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = mix(seed);
    let mut rest = bytes;
    // 1. Whole blocks go into four accumulators, which then become one.
    if bytes.len() >= BLOCK {
        let mut sums = [hash; 4];
        while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
            sums[0] = absorb(sums[0], words(block, 0), FACTORS[0]);
            sums[1] = absorb(sums[1], words(block, 1), FACTORS[1]);
            sums[2] = absorb(sums[2], words(block, 2), FACTORS[2]);
            sums[3] = absorb(sums[3], words(block, 3), FACTORS[3]);
            rest = after;
        }
        hash = mix(mix(mix(mix(sums[0]) ^ sums[1]) ^ sums[2]) ^ sums[3]);
    }
    // 2. Whole words follow one by one.
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        hash = absorb(hash, [u64::from_le_bytes(*word), 0], FACTORS[0]);
        rest = after;
    }
    // 3. The last bytes are filled up with zeros, which the length tells from real ones.
    let mut last = [0; 8];
    last.split_at_mut(rest.len()).0.copy_from_slice(rest);
    mix(absorb(hash, [u64::from_le_bytes(last), 0], FACTORS[0]) ^ bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::hash;
    use std::collections::BTreeSet;

    #[test]
    fn every_length_and_every_byte_counts() {
        let mut seen = BTreeSet::new();
        for len in 0..200 {
            let mut bytes = vec![0; len];
            assert!(seen.insert(hash(1, &bytes)), "{len} zeros");
            for at in 0..len {
                bytes[at] = 1;
                assert!(seen.insert(hash(1, &bytes)), "byte {at} of {len}");
                bytes[at] = 0;
            }
        }
        assert!(seen.insert(hash(2, &[])), "the seed");
    }

    /// A fixed value shows a change of the hash, or a machine with another order of bytes.
    #[test]
    fn the_hash_is_the_same_on_every_machine() {
        let bytes: Vec<u8> = (0..77).collect();
        assert_eq!(hash(7, &bytes), 0xa5cf_90dc_5470_c900);
    }
}
