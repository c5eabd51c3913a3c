//! Calling cargo with a lock file of our own, so that the project's is neither read nor written.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use cargo_metadata::semver::Version;
use cargo_metadata::{Metadata, MetadataCommand};
use toml_edit::Value;

use crate::arguments::Shared;
use crate::outcome::{Context, Outcome};

/// Makes cargo accept its unstable options, as on the nightly channel. It has no influence on rustc
/// or on what build scripts find out about it; that is why it is this one and not
/// `RUSTC_BOOTSTRAP`.
const CHANNEL: &str = "__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS";

/// A package without dependencies, to try things with.
const PROBE: &str = r#"
[package]
name = "probe"
edition = "2021"
[lib]
path = "lib.rs"
[workspace]
"#;

/// How this cargo is told to use another lock file.
#[derive(Clone, Copy, Debug)]
enum LockWay {
    /// `resolver.lockfile-path` in the configuration, stable since 1.97.
    Config,
    /// The same with `-Zlockfile-path`, in the versions before.
    UnstableConfig,
    /// `-Zunstable-options --lockfile-path`, in older ones.
    UnstableOption,
}

/// The cargo that called us, or that is found on the search path.
pub(crate) struct Cargo {
    program: OsString,
    pub(crate) version: Version,
    /// The target that is built for unless another one is named.
    pub(crate) host: String,
    way: LockWay,
}

impl Cargo {
    /// Asks cargo what it is, and finds out how it can be told to use another lock file, by trying
    /// it in a folder below `beside`.
    pub(crate) fn new(beside: &Path) -> Outcome<Cargo> {
        let program = program();
        let output = Command::new(&program).arg("-vV").output();
        let output = output.map_err(|error| format!("cargo cannot be started: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let field = |name| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let version = field("release:").and_then(|release| Version::parse(release).ok());
        let (Some(version), Some(host)) = (version, field("host:")) else {
            return Err(format!("`cargo -vV` does not name its version and host:\n{text}"));
        };
        let mut cargo = Cargo { program, version, host: host.to_string(), way: LockWay::Config };
        for way in [LockWay::Config, LockWay::UnstableConfig, LockWay::UnstableOption] {
            cargo.way = way;
            if cargo.probe(beside)? {
                return Ok(cargo);
            }
        }
        Err(format!(
            "cargo {} cannot use a lock file other than Cargo.lock, which cargo minato must leave \
             as it is. Minato wants Rust {} or later",
            cargo.version,
            env!("CARGO_PKG_RUST_VERSION")
        ))
    }

    /// Whether cargo puts its lock file where it is told.
    fn probe(&self, beside: &Path) -> Outcome<bool> {
        let scratch = scratch(beside)?;
        let folder = scratch.path();
        fs::write(folder.join("Cargo.toml"), PROBE).context(folder)?;
        fs::write(folder.join("lib.rs"), "").context(folder)?;
        fs::create_dir(folder.join("other")).context(folder)?;
        let lock = folder.join("other/Cargo.lock");
        let mut command = self.command("generate-lockfile", &lock);
        let output = command.arg("--offline").current_dir(folder).output().context(folder)?;
        Ok(output.status.success() && lock.exists())
    }

    /// A command of cargo's that goes by this lock file.
    pub(crate) fn command(&self, name: &str, lock: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(name);
        let setting = setting("resolver.lockfile-path", &lock.to_string_lossy());
        match self.way {
            LockWay::Config => {
                command.args(setting);
                return command;
            }
            LockWay::UnstableConfig => command.arg("-Zlockfile-path").args(setting),
            LockWay::UnstableOption => {
                command.args(["-Zunstable-options", "--lockfile-path"]).arg(lock)
            }
        };
        let channel = match self.version.pre.split('.').next() {
            Some("nightly") => return command,
            Some("beta") => "beta",
            _ => "stable",
        };
        command.env(CHANNEL, "nightly");
        // Whatever cargo starts is told the channel that cargo really has, so that a cargo which a
        // test or a build script starts behaves as it would otherwise.
        command.args(self::setting(&format!("env.{CHANNEL}.value"), channel));
        command.args(["--config".to_string(), format!("env.{CHANNEL}.force=true")]);
        command
    }

    /// The graph that the project has with this lock file. Cargo may fetch, and may add to the
    /// file.
    pub(crate) fn plain_metadata(&self, lock: &Path, shared: &Shared) -> Outcome<Metadata> {
        let mut command = self.metadata(lock, shared);
        // What cargo adds to this file is nothing that the user should hear of.
        if !shared.is_quiet {
            command.arg("--quiet");
        }
        run(&mut command)
    }

    /// The graph that it has with the crate in this folder in place of tokio.
    pub(crate) fn metadata_with(
        &self,
        folder: &Path,
        lock: &Path,
        shared: &Shared,
    ) -> Outcome<Metadata> {
        run(self.metadata(lock, shared).args(patch(folder)))
    }

    fn metadata(&self, lock: &Path, shared: &Shared) -> Command {
        let mut command = self.command("metadata", lock);
        command.args(["--format-version", "1", "--filter-platform"]);
        command.arg(shared.targets.first().unwrap_or(&self.host)).args(&shared.for_metadata);
        command
    }
}

/// The project without its graph: for that, cargo needs no lock file.
pub(crate) fn project(shared: &Shared) -> Outcome<Metadata> {
    let mut command = Command::new(program());
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    run(command.args(&shared.for_project)).map_err(|_| "cargo finds no project here".to_string())
}

/// The graph of a package of ours with all its features, with the lock file beside its manifest.
/// What lies on the machine is enough for it; only if it is not, cargo asks the registry.
pub(crate) fn graph_of(folder: &Path, is_offline: bool) -> Outcome<Metadata> {
    let command = || {
        let mut command = Command::new(program());
        command.args(["metadata", "--all-features", "--format-version", "1", "--quiet"]);
        command.current_dir(folder);
        command
    };
    let output = command().arg("--offline").output();
    if let Some(output) = output.ok().filter(|output| output.status.success()) {
        return parse(&output);
    }
    let mut command = command();
    run(if is_offline { command.arg("--offline") } else { &mut command })
}

/// Runs a `cargo metadata`. What cargo says goes to the user.
fn run(command: &mut Command) -> Outcome<Metadata> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err("cargo finds no packages that fit together, for the reason above".to_string());
    }
    parse(&output)
}

fn parse(output: &Output) -> Outcome<Metadata> {
    let metadata = MetadataCommand::parse(String::from_utf8_lossy(&output.stdout));
    metadata.map_err(|error| format!("cargo's metadata cannot be read: {error}"))
}

/// The arguments by which the crate in `folder` takes tokio's place.
pub(crate) fn patch(folder: &Path) -> [String; 2] {
    setting("patch.crates-io.tokio.path", &folder.to_string_lossy())
}

/// A folder to work in, which is removed when the value is dropped.
pub(crate) fn scratch(beside: &Path) -> Outcome<tempfile::TempDir> {
    fs::create_dir_all(beside).context(beside)?;
    tempfile::Builder::new().prefix(".tmp-").tempdir_in(beside).context(beside)
}

/// A setting of cargo's configuration, as arguments.
fn setting(key: &str, value: &str) -> [String; 2] {
    ["--config".to_string(), format!("{key}={}", Value::from(value))]
}

fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
