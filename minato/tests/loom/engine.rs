//! What the files need of the engines.

#[path = "../../src/engine/key.rs"]
mod key;
#[path = "../../src/engine/readiness.rs"]
mod readiness;

pub(crate) use self::key::Key;
pub(crate) use self::readiness::{Direction, Interest, Readiness};

/// A socket; nothing is asked of it.
pub(crate) struct Source;
