//! The name of a slot in a reactor: an index and a generation in one word.

/// Names one registered socket; a key of a slot that was given back names none.
///
/// The index is in the lower half of the word and the generation in the upper half, so that a key
/// fits into the word that the kernel gives back with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(usize);

impl Key {
    const HALF: u32 = usize::BITS / 2;

    /// The largest index that fits; a reactor refuses more sockets than that.
    pub(crate) const INDEX_LIMIT: usize = (1 << Self::HALF) - 2;

    pub(crate) fn new(index: usize, generation: usize) -> Self {
        debug_assert!(index <= Self::INDEX_LIMIT);
        Self(index | generation << Self::HALF)
    }

    pub(crate) fn from_word(word: usize) -> Self {
        Self(word)
    }

    pub(crate) fn word(self) -> usize {
        self.0
    }

    pub(crate) fn index(self) -> usize {
        self.0 & ((1 << Self::HALF) - 1)
    }

    pub(crate) fn generation(self) -> usize {
        self.0 >> Self::HALF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_its_parts() {
        let key = Key::new(Key::INDEX_LIMIT, 77);
        assert_eq!(key.index(), Key::INDEX_LIMIT);
        assert_eq!(key.generation(), 77);
        assert_eq!(Key::from_word(key.word()), key);
    }
}
