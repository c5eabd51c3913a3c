//! The table of a reactor's slots: what turns a key into a slot, or into nobody.

use std::io;

use slab::Slab;

use super::slot::Slot;
use crate::engine::Key;
use crate::sync::Arc;

/// Slots by index, each with the generation of its key.
///
/// No two keys have one generation, so an event that was on its way when a socket was closed finds
/// nobody, also when the place has a new holder. (The count begins anew after so many sockets that
/// no event is on its way for that long.)
#[derive(Default)]
pub(crate) struct Slots {
    places: Slab<(usize, Arc<Slot>)>,
    next_generation: usize,
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Gives `slot` a place.
    ///
    /// # Errors
    ///
    /// When the reactor holds as many sockets as a key can count.
    pub(crate) fn insert(&mut self, slot: Arc<Slot>) -> io::Result<Key> {
        let place = self.places.vacant_entry();
        if place.key() > Key::INDEX_LIMIT {
            return Err(io::Error::other("the reactor holds as many sockets as it can count"));
        }
        let key = Key::new(place.key(), self.next_generation);
        self.next_generation = Key::new(0, self.next_generation.wrapping_add(1)).generation();
        place.insert((key.generation(), slot));
        Ok(key)
    }

    /// The slot that `key` names.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&Arc<Slot>> {
        let (generation, slot) = self.places.get(key.index())?;
        (*generation == key.generation()).then_some(slot)
    }

    /// Takes the slot of `key` out; the key names nobody from then on.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Arc<Slot>> {
        self.get(key)?;
        Some(self.places.remove(key.index()).1)
    }

    /// Every slot.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.places.iter().map(|(_, (_, slot))| slot)
    }

    /// Takes every slot out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Arc<Slot>> + use<> {
        std::mem::take(&mut self.places).into_iter().map(|(_, (_, slot))| slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Readiness;
    use proptest::prelude::*;
    use proptest::test_runner::{TestError, TestRunner};
    use std::collections::HashMap;

    fn slot() -> Arc<Slot> {
        Arc::new(Slot::new(Readiness::ALL, Readiness::EMPTY))
    }

    /// Whether to insert, and which one to take out else.
    type Step = (bool, u8);

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec(any::<Step>(), 0..200)
    }

    /// Against a map that never forgets a key: a live key finds its slot, a dead one nobody.
    fn agree(
        steps: Vec<Step>,
        remove: fn(&mut Slots, Key) -> Option<Arc<Slot>>,
    ) -> Result<(), TestCaseError> {
        let mut slots = Slots::default();
        let mut live: HashMap<Key, Arc<Slot>> = HashMap::new();
        let mut dead: Vec<Key> = Vec::new();
        for (insert, pick) in steps {
            if insert || live.is_empty() {
                let new = slot();
                let key = slots.insert(new.clone()).unwrap();
                prop_assert!(live.insert(key, new).is_none());
                prop_assert!(!dead.contains(&key));
            } else {
                let key = *live.keys().nth(usize::from(pick) % live.len()).unwrap();
                let removed = remove(&mut slots, key).unwrap();
                prop_assert!(Arc::ptr_eq(&removed, &live.remove(&key).unwrap()));
                dead.push(key);
            }
            prop_assert_eq!(slots.len(), live.len());
            for (key, expected) in &live {
                prop_assert!(Arc::ptr_eq(slots.get(*key).unwrap(), expected));
            }
            for key in &dead {
                prop_assert!(slots.get(*key).is_none());
                prop_assert!(slots.remove(*key).is_none());
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_key_finds_its_slot_or_nobody(steps in steps()) {
            agree(steps, Slots::remove)?;
        }
    }

    /// A key that is used again without another generation.
    #[test]
    fn the_canary_gives_the_same_key_to_two_slots() {
        fn forgetful(slots: &mut Slots, key: Key) -> Option<Arc<Slot>> {
            slots.next_generation = 0;
            slots.remove(key)
        }
        let config = ProptestConfig { failure_persistence: None, ..Default::default() };
        let found = TestRunner::new(config).run(&steps(), |steps| agree(steps, forgetful));
        assert!(matches!(found, Err(TestError::Fail(..))), "{found:?}");
    }
}
