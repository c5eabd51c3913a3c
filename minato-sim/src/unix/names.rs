//! The names of a host's Unix sockets.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::arena::Key;
use crate::errno::{self, fail};
use crate::socket::Kind;

/// Which socket has which name.
#[derive(Debug, Default)]
pub(crate) struct UnixNames {
    /// Paths, as files are: one stays when its socket is closed, and nobody is there then.
    paths: BTreeMap<PathBuf, Option<Key>>,
    /// Abstract names: each kind of socket has its own, and they go with their sockets.
    abstract_names: BTreeMap<(PathBuf, Kind), Key>,
    /// How many names were given out.
    automatic: u32,
}

/// Whether it is an abstract name, and no path.
fn is_abstract(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().first() == Some(&0)
}

impl UnixNames {
    /// Gives a name to a socket, which may have one already: then this fails, but tells first that
    /// a path is taken, as Linux does.
    pub(super) fn bind(
        &mut self,
        path: &Path,
        kind: Kind,
        key: Key,
        is_bound: bool,
    ) -> io::Result<PathBuf> {
        let name = path.to_owned();
        if is_abstract(path) {
            let entry = (name.clone(), kind);
            match self.abstract_names.contains_key(&entry) {
                _ if is_bound => return fail(errno::EINVAL),
                true => return fail(errno::EADDRINUSE),
                false => self.abstract_names.insert(entry, key),
            };
        } else {
            match self.paths.contains_key(path) {
                true => return fail(errno::EADDRINUSE),
                false if is_bound => return fail(errno::EINVAL),
                false => self.paths.insert(name.clone(), Some(key)),
            };
        }
        Ok(name)
    }

    /// Gives the next abstract name that is free: five hexadecimal digits, as Linux gives them.
    pub(super) fn bind_automatically(&mut self, kind: Kind, key: Key) -> PathBuf {
        loop {
            self.automatic += 1;
            let name = PathBuf::from(format!("\0{:05x}", self.automatic & 0xf_ffff));
            if let Ok(name) = self.bind(&name, kind, key, false) {
                return name;
            }
        }
    }

    /// The socket at `path`. Of the two kinds one path can be only one, and the caller must look.
    pub(super) fn find(&self, path: &Path, kind: Kind) -> io::Result<Key> {
        let found = if is_abstract(path) {
            self.abstract_names.get(&(path.to_owned(), kind)).copied()
        } else {
            match self.paths.get(path) {
                Some(found) => *found,
                None if path.as_os_str().is_empty() => return fail(errno::EINVAL),
                None => return fail(errno::ENOENT),
            }
        };
        found.map_or_else(|| fail(errno::ECONNREFUSED), Ok)
    }

    /// The socket `key` is closed.
    pub(super) fn closed(&mut self, name: &Path, kind: Kind, key: Key) {
        if let Some(at) = self.paths.get_mut(name) {
            at.take_if(|at| *at == key);
        } else if is_abstract(name) {
            self.abstract_names.remove(&(name.to_owned(), kind));
        }
    }

    pub(super) fn unlink(&mut self, path: &Path) -> io::Result<()> {
        self.paths.remove(path).map_or_else(|| fail(errno::ENOENT), |_| Ok(()))
    }
}
