//! What minato and tokio share beyond the servers, since they have one API: the runtime, the relay,
//! and calls that block. [`crate::rt`] is the crate of either.

pub(crate) mod blocking;
pub(crate) mod host;
pub(crate) mod relay;
