//! The parts of a reactor that threads meet in.

#[path = "../../src/reactor/park.rs"]
pub(crate) mod park;
#[path = "../../src/reactor/readiness.rs"]
pub(crate) mod readiness;
#[path = "../../src/reactor/slot.rs"]
pub(crate) mod slot;
#[path = "../../src/reactor/waiters.rs"]
pub(crate) mod waiters;

#[path = "../../src/reactor/watch/sleep.rs"]
mod sleep;

pub(crate) mod watch {
    pub(crate) use super::sleep::Sleep;
}

/// What `sleep.rs` takes from the module above it.
pub(crate) const AFTER_TIMER: std::time::Duration = std::time::Duration::from_millis(2);

/// A reactor in which nothing is registered: the models' slots are not registered.
pub(crate) mod inner {
    use std::io;

    use super::slot::Slot;
    use crate::engine::{Key, Source};
    use crate::sync::Arc;

    pub(crate) struct ReactorInner {
        pub(crate) driver: Driver,
    }

    pub(crate) struct Driver;

    impl Driver {
        pub(crate) fn deregister(&self, _source: &Source) -> io::Result<()> {
            Ok(())
        }

        pub(crate) fn rearm(&self, _source: &Source, _key: Key) -> io::Result<()> {
            Ok(())
        }
    }

    impl ReactorInner {
        pub(crate) fn has_ended(&self) -> bool {
            false
        }

        pub(crate) fn is_from_before_fork(&self) -> bool {
            false
        }

        pub(crate) fn insert(&self, _source: &Source, _slot: Arc<Slot>) -> io::Result<Key> {
            Ok(Key::new(0, 0))
        }

        pub(crate) fn remove(&self, _key: Key) {}
    }
}
