//! A compiler that has the sources of its std.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;
use crate::tree;

/// Where what builds with it goes, apart from what other compilers build.
const TARGET_FOLDER: &str = "target/platforms";

/// Where Debian's packages are.
const DEBIAN: &str = "/usr/bin";

pub(super) struct Toolchain {
    /// Where its programs are.
    folder: PathBuf,
}

impl Toolchain {
    /// The one that is in use, if it has the sources (`rustup component add rust-src`); else that
    /// of Debian's packages.
    pub(super) fn with_sources() -> Result<Self, String> {
        let root = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
        let used = Path::new(root.trim()).join("bin");
        let all = [used, PathBuf::from(DEBIAN)].map(|folder| Self { folder });
        all.into_iter().find(Self::has_sources).ok_or_else(|| {
            "no compiler here has the sources of std; Debian's is in the packages rustc-web, \
             cargo-web, rust-web-src and rust-web-clippy"
                .to_owned()
        })
    }

    fn has_sources(&self) -> bool {
        let sources = self.folder.join("../lib/rustlib/src/rust/library/Cargo.toml");
        sources.is_file() && self.folder.join("cargo-clippy").is_file()
    }

    /// Clippy, with a std that is built from its sources. Cargo would not find it by its name where
    /// another toolchain has one.
    pub(super) fn clippy(&self, arguments: &[&str]) -> Command {
        let mut clippy = Command::new(self.folder.join("cargo-clippy"));
        clippy.arg("clippy").args(arguments).args(["-Zbuild-std", "--target-dir", TARGET_FOLDER]);
        for (variable, program) in [("CARGO", "cargo"), ("RUSTC", "rustc")] {
            clippy.env(variable, self.folder.join(program));
        }
        // `-Zbuild-std` is not stable.
        clippy.env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTUP_TOOLCHAIN");
        clippy.current_dir(tree::root());
        clippy
    }
}
