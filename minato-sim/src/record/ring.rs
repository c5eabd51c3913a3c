//! A ring of words that grows: entries are added at its end and taken from its front.

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

    pub(crate) fn extend(&mut self, words: &[u64]) {
        if words.is_empty() {
            return;
        }
        while self.words.len() - self.len < words.len() {
            self.grow();
        }
        let at = (self.start + self.len) & (self.words.len() - 1);
        if let Some(room) = self.words.get_mut(at..at + words.len()) {
            room.copy_from_slice(words);
        } else {
            let (end, front) = words.split_at(self.words.len() - at);
            self.words[at..].copy_from_slice(end);
            self.words[..front.len()].copy_from_slice(front);
        }
        self.len += words.len();
    }

    /// The first word, if there is one.
    pub(crate) fn first(&self) -> Option<u64> {
        (self.len > 0).then(|| self.words[self.start])
    }

    /// Removes words from the front.
    pub(crate) fn remove(&mut self, count: usize) {
        let count = count.min(self.len);
        self.len -= count;
        self.start = if self.len == 0 { 0 } else { (self.start + count) & (self.words.len() - 1) };
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
        words.resize((2 * self.words.len()).max(256), 0);
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
            let words: Vec<u64> = (next..).take(round * 7 % 23).collect();
            next += words.len() as u64;
            ring.extend(&words);
            ring.push(next);
            deque.extend(&words);
            deque.push_back(next);
            let count = (round * 5 % 24).min(deque.len());
            ring.remove(count);
            deque.drain(..count);
            assert_eq!(ring.first(), deque.front().copied());
            assert!(ring.to_vec().iter().eq(&deque), "round {round}");
        }
        assert!(deque.len() > 256, "it has grown: {}", deque.len());
    }
}
