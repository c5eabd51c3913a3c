//! A ring of words that grows: entries are added at its end and taken from its front.

/// The least room, which is enough for any event without its bytes.
const SMALLEST: usize = 256;

/// Words in a buffer whose length is a power of two, or zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring {
    words: Vec<u64>,
    start: usize,
    len: usize,
}

impl Ring {
    pub(crate) fn push(&mut self, word: u64) {
        if self.len == self.words.len() {
            self.grow();
        }
        let at = (self.start + self.len) & (self.words.len() - 1);
        self.words[at] = word;
        self.len += 1;
    }

    /// Adds as many words as an event has. Their number is known, so they are moved without a call.
    #[inline(always)]
    pub(crate) fn extend<const N: usize>(&mut self, words: &[u64; N]) {
        if self.words.len() - self.len < N {
            self.grow();
        }
        let at = (self.start + self.len) & (self.words.len() - 1);
        match self.words.get_mut(at..).and_then(<[u64]>::first_chunk_mut::<N>) {
            Some(room) => {
                *room = *words;
                self.len += N;
            }
            // They go on at the front.
            None => words.iter().for_each(|word| self.push(*word)),
        }
    }

    /// The first word, if there is one.
    pub(crate) fn first(&self) -> Option<u64> {
        self.words.get(self.start).copied().filter(|_| self.len > 0)
    }

    /// Removes words from the front.
    pub(crate) fn remove(&mut self, count: usize) {
        let count = count.min(self.len);
        self.len -= count;
        self.start = (self.start + count) & self.words.len().wrapping_sub(1);
    }

    /// All words in their order.
    pub(crate) fn to_vec(&self) -> Vec<u64> {
        let end = (self.start + self.len).min(self.words.len());
        let first = &self.words[self.start..end];
        let mut words = Vec::with_capacity(self.len);
        words.extend_from_slice(first);
        words.extend_from_slice(&self.words[..self.len - first.len()]);
        words
    }

    fn grow(&mut self) {
        let mut words = self.to_vec();
        words.resize((2 * self.words.len()).max(SMALLEST), 0);
        self.words = words;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;
    use std::collections::VecDeque;

    #[test]
    fn it_does_what_a_deque_does() {
        let (mut ring, mut deque) = (Ring::default(), VecDeque::new());
        let mut next = 0;
        for round in 0..2000_usize {
            let words: [u64; 13] = std::array::from_fn(|index| next + index as u64);
            next += words.len() as u64;
            ring.extend(&words);
            deque.extend(&words);
            for _ in 0..round % 5 {
                ring.push(next);
                deque.push_back(next);
                next += 1;
            }
            let count = (round * 5 % 29).min(deque.len());
            ring.remove(count);
            deque.drain(..count);
            assert_eq!(ring.first(), deque.front().copied());
            assert!(ring.to_vec().iter().eq(&deque), "round {round}");
        }
        assert!(deque.len() > 256, "it has grown: {}", deque.len());
    }
}
