//! `cargo xtask loom`: the models of wakes, joins, readiness and parking hold in every interleaving
//! that loom tries.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::outcome::Outcome;
use crate::process;
use crate::tree;

const LIMIT: Duration = Duration::from_secs(5 * 60);

pub(crate) fn run() -> Result<Outcome, String> {
    let mut build = process::cargo(&["test", "--package", "minato", "--release", "--test", "loom"]);
    build.args(["--target-dir", "target/loom", "--no-run"]).env("RUSTFLAGS", "--cfg minato_loom");
    // Fat optimization across crates would take longer than the models.
    build.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    let built = process::succeed(&mut build, process::LONG)?;
    let binary = executable(&built).ok_or("cargo did not say which program it built")?;
    let mut models = process::program(&tree::root().join(binary));
    // The unit tests of the files under test are in the program too, and are none of loom's.
    models.arg("models");
    process::tests(models.env("LOOM_MAX_PREEMPTIONS", "2"), LIMIT)
}

/// The path in cargo's line `Executable tests/loom.rs (target/..)`.
fn executable(output: &str) -> Option<PathBuf> {
    let line = output.lines().find(|line| line.trim_start().starts_with("Executable "))?;
    let (_, path) = line.rsplit_once('(')?;
    Some(Path::new(path.trim_end().strip_suffix(')')?).to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found() {
        let output = "   Compiling minato\n  Executable tests/loom.rs (target/loom/deps/loom-1)\n";
        assert_eq!(executable(output), Some(PathBuf::from("target/loom/deps/loom-1")));
        assert_eq!(executable("Finished\n"), None);
    }
}
