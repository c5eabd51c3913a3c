//! How a current-thread runtime is made.

use std::io;

use super::Runtime;
use super::local::Local;
use crate::clock::Clock;

/// Describes a [`Runtime`].
#[derive(Clone, Debug)]
pub struct Builder {
    clock: Clock,
}

impl Builder {
    /// A runtime by the clock of this thread.
    pub fn new() -> Self {
        Self { clock: Clock::new() }
    }

    /// The clock that [`clock::now`](crate::clock::now) and the timers go by within the runtime.
    pub fn clock(&mut self, clock: Clock) -> &mut Self {
        self.clock = clock;
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// When the system has no more descriptors.
    pub fn build(&mut self) -> io::Result<Runtime> {
        Local::new(self.clock.clone()).map(Runtime::of)
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
