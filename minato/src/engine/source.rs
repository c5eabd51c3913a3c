//! What an engine registers.

use super::Foreign;
use crate::os::RawDescriptor;
use crate::sim::SimSocket;
use crate::sync::Arc;

/// What an engine registers. It must stay open until it is deregistered.
pub(crate) enum Source {
    /// A socket of the operating system, or an event queue.
    Os(RawDescriptor),
    /// A descriptor that somebody else owns.
    Foreign(Foreign),
    /// A socket of a simulated host.
    Sim(Arc<SimSocket>),
}
