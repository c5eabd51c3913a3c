//! Signals of the operating system.

#[cfg(feature = "signal")]
pub use minato::signal::ctrl_c;

pub mod unix {
    //! Signals by number.

    pub use minato::signal::unix::{Signal, SignalKind, signal};

    #[cfg(feature = "process")]
    pub(crate) use crate::orphans::{InternalStream, signal_with_handle};
}
