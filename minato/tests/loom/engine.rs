//! What the files need of the engines.

#[path = "../../src/engine/key.rs"]
mod key;
#[path = "../../src/engine/readiness.rs"]
mod readiness;

pub(crate) use self::key::Key;
pub(crate) use self::readiness::{Direction, Interest, Readiness};

use crate::os::{Address, RawDescriptor, Transport};

/// A socket of which nothing is known.
pub(crate) struct Source;

impl Source {
    pub(crate) fn shown(&self) -> Self {
        Self
    }

    pub(crate) fn describe(&self) -> (Transport, Option<Address>, Option<Address>) {
        (Transport, None, None)
    }

    pub(crate) fn untold(&self) -> Readiness {
        Readiness::EMPTY
    }

    pub(crate) fn number(&self) -> Option<RawDescriptor> {
        None
    }
}
