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

    /// Cargo, which builds std as well.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(self.folder.join("cargo"));
        cargo.args(arguments);
        self.prepare(cargo)
    }

    /// The same with clippy, which is not found by its name where another toolchain has one.
    pub(super) fn clippy(&self, arguments: &[&str]) -> Command {
        let mut clippy = Command::new(self.folder.join("cargo-clippy"));
        clippy.arg("clippy").args(arguments);
        self.prepare(clippy)
    }

    fn prepare(&self, mut command: Command) -> Command {
        command.args(["-Zbuild-std", "--target-dir", TARGET_FOLDER]).current_dir(tree::root());
        for (variable, program) in [("CARGO", "cargo"), ("RUSTC", "rustc"), ("RUSTDOC", "rustdoc")]
        {
            command.env(variable, self.folder.join(program));
        }
        // `-Zbuild-std` is not stable.
        command.env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTUP_TOOLCHAIN");
        command
    }
}
