//! The files that the checks look at.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;
use crate::source::Source;

/// The library's sources.
pub(crate) const LIBRARY: &str = "minato/src/";

/// One text file of the project.
pub(crate) struct File {
    /// Relative to the project's root, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
    /// What a Rust file says.
    pub(crate) rust: Option<Source>,
}

/// A Rust file, and what it says.
pub(crate) type RustFile<'a> = (&'a File, &'a Source);

/// The text files that git knows, or would know after `git add .`.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    /// All paths, those of binary files included.
    pub(crate) paths: Vec<String>,
}

impl Tree {
    /// Reads the project's files. New files count before they are added, so that a check before a
    /// commit sees what the commit will hold.
    pub(crate) fn read() -> Result<Tree, String> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listing = process::output(git.current_dir(root()))?;
        // A file that was deleted and not yet committed is still listed.
        let paths = listing.split('\0').filter(|path| root().join(path).is_file());
        let paths: BTreeSet<String> = paths.map(str::to_string).collect();
        let mut files = Vec::new();
        for path in &paths {
            let bytes = std::fs::read(root().join(path));
            match String::from_utf8(bytes.map_err(|error| format!("{path}: {error}"))?) {
                Ok(text) => files.push(File::new(path, text)),
                Err(_) if path.ends_with(".rs") => return Err(format!("{path}: is not UTF-8")),
                Err(_) => {}
            }
        }
        Ok(Tree { files, paths: paths.into_iter().collect() })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The library's files that are not test files.
    pub(crate) fn library(&self) -> impl Iterator<Item = RustFile<'_>> {
        self.rust(LIBRARY).filter(|(file, _)| !file.is_test())
    }

    /// The Rust files whose path starts with `prefix`.
    pub(crate) fn rust<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = RustFile<'a>> {
        let files = self.files.iter().filter(move |file| file.path.starts_with(prefix));
        files.filter_map(|file| Some((file, file.rust.as_ref()?)))
    }
}

impl File {
    fn new(path: &str, text: String) -> File {
        let rust = path.ends_with(".rs").then(|| Source::new(&text));
        File { path: path.to_string(), text, rust }
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// The project's root: the folder above xtask's.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask lies in the project's root").to_path_buf()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where all that is no member of ours is built: programs, suites, the demo. They have much in
/// common.
pub(crate) fn programs_target() -> PathBuf {
    target().join("programs")
}

/// Whether what takes long is asked for, too: `.ci/run --long` sets the variable.
pub(crate) fn is_long() -> bool {
    env::var_os("MINATO_CI_LONG").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Tree {
        /// A tree that exists only in a test.
        pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
            Tree {
                files: files.iter().map(|(path, text)| File::new(path, text.to_string())).collect(),
                paths: files.iter().map(|(path, _)| path.to_string()).collect(),
            }
        }
    }

    #[test]
    fn the_real_tree_is_read() {
        let tree = Tree::read().unwrap();
        assert!(tree.file("xtask/src/tree.rs").is_some_and(|file| file.rust.is_some()));
        assert!(tree.file("Cargo.toml").is_some_and(|file| file.rust.is_none()));
        assert!(!tree.paths.iter().any(|path| path.starts_with("target/")));
    }

    #[test]
    fn test_files_are_known_by_their_path() {
        let tree = Tree::of(&[("a/tests/b.rs", ""), ("a/src/b/tests.rs", ""), ("a/src/b.rs", "")]);
        assert_eq!(tree.files.iter().map(File::is_test).collect::<Vec<_>>(), [true, true, false]);
    }
}
