//! Why a task was not spawned.

use std::error::Error;
use std::fmt;
use std::io;

/// A task was not spawned, and its future was dropped.
#[derive(Debug)]
pub struct SpawnError {
    is_shutdown: bool,
    reason: Option<String>,
}

impl SpawnError {
    /// The executor has been shut down, or there is none.
    pub fn shutdown() -> Self {
        Self { is_shutdown: true, reason: None }
    }

    /// The executor takes no more tasks at present.
    pub fn at_capacity() -> Self {
        Self { is_shutdown: false, reason: None }
    }

    /// There is no executor, and none may be started.
    pub(crate) fn nobody(error: &io::Error) -> Self {
        let reason = format!("there is no runtime to spawn on: {error}");
        Self { reason: Some(reason), ..Self::shutdown() }
    }

    /// The executor lacks the threads or descriptors that it needs to start.
    pub(crate) fn cannot_start(error: &io::Error) -> Self {
        let reason = format!("the runtime cannot be started: {error}");
        Self { reason: Some(reason), ..Self::at_capacity() }
    }

    /// Whether the executor has been shut down, or there is none.
    pub fn is_shutdown(&self) -> bool {
        self.is_shutdown
    }

    /// Whether the executor could not take the task at present.
    pub fn is_at_capacity(&self) -> bool {
        !self.is_shutdown
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.reason, self.is_shutdown) {
            (Some(reason), _) => reason,
            (None, true) => "the runtime has been shut down, and takes no more tasks",
            (None, false) => "the executor is at capacity, and takes no more tasks",
        })
    }
}

impl Error for SpawnError {}
