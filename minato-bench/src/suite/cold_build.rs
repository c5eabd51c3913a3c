//! A cold release build: a TCP echo server with timers and a multi-threaded runtime, as a user
//! would write it first, for each peer with equal features.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::suite::measure::Measured;
use crate::suite::metric::Metric;
use crate::suite::peers::Peer;
use crate::suite::process::{Program, Trouble};

/// How long a build may take.
const LIMIT: Duration = Duration::from_secs(600);

/// A peer's line in `[dependencies]`. `ROOT` stands for the workspace.
const DEPENDENCIES: [(&str, &str); 3] = [
    ("minato", "minato = { path = \"ROOT/minato\" }"),
    (
        "tokio",
        "tokio = { version = \"1\", features = \
         [\"rt-multi-thread\", \"net\", \"io-util\", \"time\", \"sync\", \"fs\", \"macros\"] }",
    ),
    ("smol", "smol = \"2\""),
];

/// Builds once in an empty target folder.
pub(crate) fn measure(peer: &Peer) -> Result<Measured, Trouble> {
    let dependency = DEPENDENCIES.iter().find(|(family, _)| *family == peer.family);
    let Some((family, dependency)) = dependency else {
        return Err(Trouble::Lacks("a program to build".to_string()));
    };
    let root = root();
    let folder = crate::suite::build::target_folder()?.join("cold-build").join(family);
    let _ = fs::remove_dir_all(&folder);
    write(&folder, &dependency.replace("ROOT", &root.to_string_lossy()), &root)?;
    let measured = build(&folder);
    let _ = fs::remove_dir_all(&folder);
    measured
}

/// The workspace.
fn root() -> std::path::PathBuf {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().unwrap_or(member).to_path_buf()
}

/// A package that depends on one peer, with the versions of our lock file.
fn write(folder: &Path, dependency: &str, root: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"cold-build\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n{dependency}\n\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

fn build(folder: &Path) -> Result<Measured, Trouble> {
    let cargo = || {
        let mut command = crate::suite::build::cargo();
        command.current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
        command
    };
    // What is not there yet is fetched before the watch starts.
    run(cargo().arg("fetch"))?;
    let begun = Instant::now();
    run(cargo().args(["build", "--release", "--offline"]))?;
    let elapsed = begun.elapsed();
    let tree = ["tree", "--offline", "--edges", "normal,build", "--prefix", "none"];
    let lines = run(cargo().args(tree).args(["--format", "{p}"]))?;
    Ok(vec![(Metric::Build, elapsed.as_secs_f64()), (Metric::Crates, third_party(&lines) as f64)])
}

fn run(command: &mut Command) -> Result<Vec<String>, Trouble> {
    Program::start(command, None)?.output(LIMIT).map(|(lines, _)| lines)
}

/// The crates in `cargo tree`'s lines that come from elsewhere: those of this machine are shown
/// with their path.
fn third_party(lines: &[String]) -> usize {
    let crates = lines.iter().map(|line| line.trim_end_matches(" (*)"));
    let crates = crates.filter(|line| !line.is_empty() && !line.contains('/'));
    crates.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_others_count_once() {
        let lines = [
            "cold-build v0.0.0 (/a/b)",
            "minato v0.1.0 (/a/minato)",
            "mio v1.0.4",
            "libc v0.2.1",
            "libc v0.2.1",
            "mio v1.0.4 (*)",
        ];
        let lines = lines.map(str::to_string);
        assert_eq!(third_party(&lines), 2);
    }
}
