//! What most peers or variants lack.

use crate::peer::{PeerCommand, lacks};

/// Ends the process if several workers are asked of a variant that has one.
pub fn forbid_workers(command: &PeerCommand) {
    if command.runtime_workers() > 1 {
        lacks("several workers in this variant");
    }
}

/// Ends the process if spinning is asked of a runtime that does not spin.
pub fn forbid_spin(command: &PeerCommand) {
    if command.spin {
        lacks("spinning before it parks");
    }
}

/// Ends the process if bulk datagrams are asked of a peer that has none.
pub fn forbid_batch(command: &PeerCommand) {
    if command.batch {
        lacks("datagrams in bulk");
    }
}
