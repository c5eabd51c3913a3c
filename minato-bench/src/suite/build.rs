//! Builds the peers: `cargo run` builds only the program that it runs.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The cargo that runs us, or the one in the path.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// The folder with the binaries of all profiles.
pub(crate) fn target_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(folder.to_path_buf())
}

/// Builds all binaries of this package in the profile of this program.
///
/// # Errors
///
/// If cargo cannot be run, or fails.
pub fn build_peers() -> io::Result<()> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::file_name).unwrap_or_default();
    // The profile `dev` has a folder of another name.
    let profile = if folder == "debug" { OsString::from("dev") } else { folder.to_os_string() };
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let status = cargo()
        .args(["build", "--bins", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(target_folder()?)
        .arg("--profile")
        .arg(profile)
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("cargo could not build the peers: {status}")))
}
