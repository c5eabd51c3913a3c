//! Temporary projects outside of the repository, and `cargo minato` called in them as users call
//! it.

#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// The version of tokio that is played.
pub(crate) const TOKIO: &str = "1.54.1";

/// A project of a user's, removed when the value is dropped.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) success: bool,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn new(output: Output) -> Said {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Said {
            success: output.status.success(),
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Said {
        assert!(self.success, "status {:?}\n{}\n{}", self.code, self.out, self.err);
        self
    }

    /// It failed, and what it said on the error stream has these texts.
    #[track_caller]
    pub(crate) fn fails_with(self, texts: &[&str]) -> Said {
        assert!(!self.success, "it succeeded\n{}\n{}", self.out, self.err);
        for text in texts {
            assert!(self.err.contains(text), "`{text}` is not in:\n{}", self.err);
        }
        self
    }

    #[track_caller]
    pub(crate) fn has(self, text: &str) -> Said {
        let all = format!("{}\n{}", self.out, self.err);
        assert!(all.contains(text), "`{text}` is not in:\n{all}");
        self
    }
}

impl Project {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::Builder::new().prefix("minato-project-").tempdir().unwrap();
        let project = Project { folder };
        project.write(".gitignore", "target\n");
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    /// A package `name` with these dependencies, `src/main.rs` and a lock file.
    pub(crate) fn package(name: &str, dependencies: &str, main: &str) -> Project {
        let project =
            Project::new(&[("Cargo.toml", &manifest(name, dependencies)), ("src/main.rs", main)]);
        project.lock();
        project
    }

    /// A workspace of `plain`, a program that does not use tokio, and `user`, a library that does.
    /// To build only `plain` takes no time, and cargo minato has its work nevertheless.
    pub(crate) fn workspace(main: &str) -> Project {
        let members = "[workspace]\nresolver = \"2\"\nmembers = [\"plain\", \"user\"]\n";
        let user = manifest("user", "tokio = { version = \"1\", features = [\"net\"] }");
        let project = Project::new(&[
            ("Cargo.toml", members),
            ("plain/Cargo.toml", &manifest("plain", "")),
            ("plain/src/main.rs", main),
            ("user/Cargo.toml", &user),
            ("user/src/lib.rs", ""),
        ]);
        project.lock();
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.file(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Makes the lock file, of what is on the machine if that is enough.
    pub(crate) fn lock(&self) {
        if !self.cargo(["generate-lockfile", "--offline"]).success {
            let mut command = self.command(["generate-lockfile"]);
            Said::new(command.env("CARGO_NET_OFFLINE", "false").output().unwrap()).succeeds();
        }
    }

    /// A call of cargo in this project, as from a shell, that finds `cargo minato`.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new("cargo");
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let is_ours = text.starts_with("CARGO") || text.starts_with("RUST") || text == "RUSTC";
            if is_ours && !["CARGO_HOME", "RUSTUP_HOME", "CARGO_NET_OFFLINE"].contains(&&*text) {
                command.env_remove(&name);
            }
        }
        let program = Path::new(env!("CARGO_BIN_EXE_cargo-minato"));
        let folders = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&folders);
        let folders = std::iter::once(program.parent().unwrap().to_path_buf()).chain(folders);
        command.env("PATH", env::join_paths(folders).unwrap());
        command.env("CARGO_TERM_COLOR", "never").current_dir(self.path()).args(arguments);
        command
    }

    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        Said::new(self.command(arguments).output().unwrap())
    }

    /// `cargo minato` with what was built before by other tests at hand.
    pub(crate) fn shared<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Said {
        let mut command = self.command(arguments);
        Said::new(command.env("CARGO_TARGET_DIR", shared_target()).output().unwrap())
    }

    /// All files outside of the target folder, with what is in them.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut state = BTreeMap::new();
        collect(self.path(), &mut state);
        state
    }
}

fn collect(folder: &Path, state: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => collect(&path, state),
            false => drop(state.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
}

/// The folder in which the tests build what takes long, kept from one run of the tests to the next.
pub(crate) fn shared_target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("shared")
}

impl Project {
    /// A package `main` with these dependencies. A folder of vendored packages stands for the
    /// registry, so that the graph can be anything: each has a name, a version and the rest of its
    /// manifest.
    pub(crate) fn vendored(dependencies: &str, packages: &[(&str, &str, &str)]) -> Project {
        let config = "[source]\ncrates-io.replace-with = \"fake\"\nfake.directory = \"fake\"\n";
        let project = Project::new(&[
            ("Cargo.toml", &manifest("main", dependencies)),
            ("src/main.rs", "fn main() {}"),
            (".cargo/config.toml", config),
        ]);
        for (name, version, rest) in packages {
            let folder = format!("fake/{name}-{version}");
            let head = format!("name = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"");
            let package = format!("[package]\n{head}\n{rest}\n");
            project.write(&format!("{folder}/Cargo.toml"), &package);
            project.write(&format!("{folder}/src/lib.rs"), "");
            project.write(&format!("{folder}/.cargo-checksum.json"), "{\"files\":{}}");
        }
        project.lock();
        project
    }
}

/// The manifest of a package.
pub(crate) fn manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
         [dependencies]\n{dependencies}\n"
    )
}
