//! The table of a reactor's slots: what turns a key into a slot, or into nobody.

use std::io;

use super::slot::Slot;
use crate::engine::Key;
use crate::sync::Arc;

/// Slots by index, each place with the generation of its present or last holder.
///
/// A key is valid as long as its generation is that of its place, so an event that was on its way
/// when a socket was closed finds nobody, also when the place has a new holder.
#[derive(Default)]
pub(crate) struct Slots {
    places: Vec<Place>,
    free: Vec<usize>,
}

#[derive(Default)]
struct Place {
    generation: usize,
    slot: Option<Arc<Slot>>,
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Gives `slot` a place.
    ///
    /// # Errors
    ///
    /// When the reactor holds as many sockets as a key can count.
    pub(crate) fn insert(&mut self, slot: Arc<Slot>) -> io::Result<Key> {
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.places.len() > Key::INDEX_LIMIT => {
                return Err(io::Error::other("the reactor holds as many sockets as it can count"));
            }
            None => {
                self.places.push(Place::default());
                // Room for every place, so that giving one back never allocates.
                self.free.reserve(self.places.len());
                self.places.len() - 1
            }
        };
        let place = &mut self.places[index];
        place.slot = Some(slot);
        Ok(Key::new(index, place.generation))
    }

    /// The slot that `key` names.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&Arc<Slot>> {
        let place = self.places.get(key.index())?;
        if place.generation == key.generation() { place.slot.as_ref() } else { None }
    }

    /// Takes the slot of `key` out; the key names nobody from then on.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Arc<Slot>> {
        self.get(key)?;
        let place = &mut self.places[key.index()];
        place.generation = Key::new(0, place.generation.wrapping_add(1)).generation();
        self.free.push(key.index());
        place.slot.take()
    }

    /// Every slot.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Slot>> {
        self.places.iter().filter_map(|place| place.slot.as_ref())
    }

    /// Takes every slot out.
    pub(crate) fn drain(&mut self) -> Vec<Arc<Slot>> {
        self.free.clear();
        std::mem::take(&mut self.places).into_iter().filter_map(|place| place.slot).collect()
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
            slots.free.push(key.index());
            slots.places[key.index()].slot.take()
        }
        let config = ProptestConfig { failure_persistence: None, ..Default::default() };
        let found = TestRunner::new(config).run(&steps(), |steps| agree(steps, forgetful));
        assert!(matches!(found, Err(TestError::Fail(..))), "{found:?}");
    }
}
