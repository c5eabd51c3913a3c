//! Which files may do what. These lists are the architecture's borders: a longer list is a
//! decision, not a fix.

use super::Violation;
use crate::tree::{LIBRARY, Tree};

/// This file.
const LISTS: &str = "xtask/src/tidy/places.rs";

/// Where `unsafe` may stand, relative to [`LIBRARY`]. A name that ends with `/` is a folder.
pub(crate) const UNSAFE: &[&str] = &[
    "compat/hyper.rs",
    "engine/",
    "os/",
    "task/",
    "io/read_buf.rs",
    "net/by_number.rs",
    "net/socket.rs",
    "net/async_fd/mod.rs",
    "reactor/process.rs",
    "reactor/signals.rs",
    "signal/arrivals.rs",
];

/// Where system calls may be made, relative to [`LIBRARY`].
pub(crate) const SYSCALLS: &[&str] =
    &["engine/", "os/", "net/socket.rs", "reactor/process.rs", "reactor/signals.rs"];

/// The one file that asks the system for the time, relative to [`LIBRARY`].
pub(crate) const CLOCK: &[&str] = &["time/clock.rs"];

/// The one file with a thread-local, and one whose macro makes them for users, relative to
/// [`LIBRARY`].
pub(crate) const THREAD_LOCAL: &[&str] = &["runtime/context.rs", "task/local_key.rs"];

/// Where locks, atomics and counted references may come from std, relative to [`LIBRARY`]: the file
/// that hands them on, and a lock in a static.
pub(crate) const SYNC: &[&str] = &["sync.rs", "reactor/process.rs"];

/// The one file where an import may depend on a `cfg`.
pub(crate) const CONDITIONAL_IMPORTS: &str = "minato/src/sync.rs";

/// Where each name has the feature that makes it public in tokio, so that `cfg` stands everywhere.
pub(crate) const GATED_NAMES: &str = "compat/tokio-1/src/";

/// Whether `path`, a file of the library, is one of `places`.
pub(crate) fn allows(places: &[&str], path: &str) -> bool {
    let Some(path) = path.strip_prefix(LIBRARY) else { return false };
    places.iter().any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)))
}

/// What the lists name exists.
pub(crate) fn exist(tree: &Tree) -> Vec<Violation> {
    let lists = [UNSAFE, SYSCALLS, CLOCK, THREAD_LOCAL, SYNC];
    let places = lists.iter().flat_map(|list| list.iter());
    let exists = |place: &str| tree.rust(LIBRARY).any(|(file, _)| allows(&[place], &file.path));
    let missing = places.filter(|place| tree.file(LISTS).is_some() && !exists(place));
    missing.map(|place| Violation::new(LISTS, 1, format!("{place} does not exist"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_files_differ() {
        assert!(allows(UNSAFE, "minato/src/engine/uring/ring.rs"));
        assert!(allows(UNSAFE, "minato/src/io/read_buf.rs"));
        assert!(!allows(UNSAFE, "minato/src/io/read_buf.rs.rs"));
        assert!(!allows(UNSAFE, "minato/src/io/read.rs"));
        assert!(!allows(UNSAFE, "minato-cli/src/engine/a.rs"));
    }
}
