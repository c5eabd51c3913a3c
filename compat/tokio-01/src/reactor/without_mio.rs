//! What stands in for the event sources of mio 0.6 where the feature `mio-06` is off: nothing.

/// What the module `reactor` has of mio 0.6.
pub(crate) mod public {}

/// Where a reactor's event sources of mio 0.6 are.
pub(crate) struct Nest;

impl Nest {
    pub(crate) fn new(_: Option<minato::reactor::Handle>) -> Self {
        Self
    }

    pub(crate) fn of_default() -> &'static Self {
        &Self
    }
}

/// The readiness of a socket in the words of mio 0.6.
pub(crate) struct SocketEvents;

impl SocketEvents {
    pub(crate) fn on(_: &super::Handle) -> Self {
        Self
    }

    pub(crate) fn would_block_reading(&self) {}

    pub(crate) fn would_block_writing(&self) {}
}
