//! What a program does past its world: nothing that a seed decides.

use crate::world::World;

impl World {
    /// Notes that something happened which is none of the world's: another thread has woken a task,
    /// or a socket of the system was used. Only the first counts, since all that follows may be its
    /// consequence. It is no part of the [trace](World::trace_hash).
    ///
    /// A `Simulation` of Minato fails with this text.
    pub fn note_escape(&self, what: impl Into<String>) {
        self.lock().escape.get_or_insert(what.into());
    }

    /// What happened first that was none of the world's, if anything did.
    ///
    /// ```
    /// use minato_sim::World;
    ///
    /// let world = World::new(1);
    /// assert_eq!(world.escape(), None);
    /// world.note_escape("a thread has woken a task");
    /// world.note_escape("and another one");
    /// assert_eq!(world.escape().as_deref(), Some("a thread has woken a task"));
    /// ```
    pub fn escape(&self) -> Option<String> {
        self.lock().escape.clone()
    }
}
