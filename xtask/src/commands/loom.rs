//! `cargo xtask loom`: the models of wakes, joins, readiness and parking hold in every interleaving
//! that loom tries.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::outcome::Outcome;
use crate::process;
use crate::tree;

const LIMIT: Duration = Duration::from_secs(5 * 60);

pub(crate) fn run() -> Outcome {
    let file = "minato/tests/loom.rs";
    if !tree::root().join(file).exists() {
        return Outcome::missing("loom", file);
    }
    let arguments = [
        "test",
        "--package",
        "minato",
        "--release",
        "--test",
        "loom",
        "--target-dir",
        "target/loom",
    ];
    let mut build = process::cargo(&arguments);
    // Fat optimization across crates would take longer than the models.
    build.arg("--no-run").env("RUSTFLAGS", "--cfg minato_loom");
    build.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    let built = process::run(&mut build, process::LONG);
    if let Some(problem) = built.problem {
        return Outcome::failed(problem);
    }
    let Some(binary) = executable(&built.stderr) else {
        return Outcome::failed("cargo did not say which program it built");
    };
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
