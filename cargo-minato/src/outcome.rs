//! Errors are sentences for the user.

use std::fmt::Display;
use std::path::Path;

/// What a function of this program returns.
pub(crate) type Outcome<T> = Result<T, String>;

/// Says which file an error is about.
pub(crate) trait Context<T> {
    /// The error with the path in front.
    fn context(self, path: &Path) -> Outcome<T>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn context(self, path: &Path) -> Outcome<T> {
        self.map_err(|error| format!("{}: {error}", path.display()))
    }
}
