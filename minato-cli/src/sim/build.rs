//! Building the tests of a package, by cargo.

use std::env;
use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::Message;

use crate::in_context;

/// A program of tests.
#[derive(Debug)]
pub(super) struct Binary {
    pub(super) path: PathBuf,
    /// The name of its target, such as that of a file in `tests/`.
    pub(super) target: String,
    /// The folder of its package, in which cargo runs tests.
    pub(super) folder: PathBuf,
}

/// What `cargo test` was told, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CargoArguments {
    /// For the build.
    pub(super) build: Vec<String>,
    /// For the program of tests: the name of a test, and what follows `--`.
    pub(super) harness: Vec<String>,
}

/// The options of `cargo test` whose value is the next argument.
const WITH_VALUE: [&str; 20] = [
    "--test",
    "--bin",
    "--bench",
    "--example",
    "-p",
    "--package",
    "--exclude",
    "-F",
    "--features",
    "--target",
    "--target-dir",
    "--manifest-path",
    "--profile",
    "-j",
    "--jobs",
    "--color",
    "--config",
    "-Z",
    "-C",
    "--lockfile-path",
];

impl CargoArguments {
    /// Finds the name of a test among the arguments: the first that is no option, nor the value of
    /// one.
    pub(super) fn parse(arguments: &[String]) -> CargoArguments {
        let mut parsed = CargoArguments::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                parsed.harness.extend(rest.by_ref().filter(|more| *more != "--").cloned());
            } else if !argument.starts_with('-') {
                parsed.harness.push(argument.clone());
            } else {
                parsed.build.push(argument.clone());
                if WITH_VALUE.contains(&&**argument) {
                    parsed.build.extend(rest.next().cloned());
                }
            }
        }
        parsed
    }
}

/// Builds the tests, and returns those programs in which there are sweeps. Cargo shows on standard
/// error how it gets on; `None` if it failed, which it has then explained.
pub(super) fn build(arguments: &[String]) -> io::Result<Option<Vec<Binary>>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo)
        .args(["test", "--no-run", "--message-format=json-render-diagnostics"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| in_context("cannot start cargo", &error))?;
    let mut binaries = Vec::new();
    let messages = cargo.stdout.take().map(BufReader::new);
    for message in messages.into_iter().flat_map(Message::parse_stream) {
        if let Message::CompilerArtifact(artifact) = message?
            && let Some(path) = artifact.executable
            && artifact.profile.test
        {
            let manifest = artifact.manifest_path.into_std_path_buf();
            binaries.push(Binary {
                path: path.into_std_path_buf(),
                target: artifact.target.name,
                folder: manifest.parent().unwrap_or(Path::new(".")).to_owned(),
            });
        }
    }
    if !cargo.wait()?.success() {
        return Ok(None);
    }
    let mut sweeping = Vec::new();
    for binary in binaries {
        if can_sweep(&binary.path)? {
            sweeping.push(binary);
        }
    }
    Ok(Some(sweeping))
}

/// Whether a program has the code of sweeps in it: the name of a variable that only they read. The
/// linker leaves out what nothing calls.
fn can_sweep(program: &Path) -> io::Result<bool> {
    let bytes = fs::read(program)
        .map_err(|error| in_context(&format!("cannot read {}", program.display()), &error))?;
    Ok(memchr::memmem::find(&bytes, b"MINATO_SIM_LIST").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> (String, String) {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let parsed = CargoArguments::parse(&arguments);
        (parsed.build.join(" "), parsed.harness.join(" "))
    }

    #[test]
    fn the_name_of_a_test_is_no_value_of_an_option() {
        let both = |build: &str, harness: &str| (build.to_owned(), harness.to_owned());
        assert_eq!(parse(&[]), both("", ""));
        assert_eq!(parse(&["swarm"]), both("", "swarm"));
        assert_eq!(
            parse(&["-p", "register", "--release", "swarm", "--test=x", "--", "--", "--skip", "y"]),
            both("-p register --release --test=x", "swarm --skip y")
        );
        assert_eq!(parse(&["--test", "swarm"]), both("--test swarm", ""));
    }
}
