//! What `cargo minato` and `cargo minato doctor` say where Minato cannot take tokio's place.

mod kit;

use kit::{Project, TOKIO, manifest};

const TOKIO_1: (&str, &str, &str) = ("tokio", "1.40.0", "[features]\nnet = []\ntracing = []\n");

/// Both say so, and nothing is changed.
#[track_caller]
fn refused(project: &Project, texts: &[&str]) {
    let before = project.state();
    project.cargo(["minato", "check"]).fails_with(texts);
    let doctor = project.cargo(["minato", "doctor"]);
    assert!(!doctor.success);
    let doctor = texts.iter().fold(doctor, |doctor, text| doctor.has(text));
    doctor.has("what to do: ");
    assert_eq!(before, project.state());
}

#[test]
fn no_tokio() {
    let project = Project::package("main", "", "fn main() {}");
    refused(&project, &["no package here depends on tokio"]);
}

#[test]
fn a_tokio_that_no_feature_enables() {
    let dependencies = "tokio = { version = \"1\", optional = true }";
    let project = Project::package("main", dependencies, "fn main() {}");
    refused(&project, &["no package here depends on tokio", "optional"]);
    project.cargo(["minato", "doctor", "--features", "tokio"]).succeeds().has("replaces tokio");
}

#[test]
fn tokio_of_another_major_version_only() {
    let project = Project::vendored("tokio = \"0.2\"", &[("tokio", "0.2.25", "")]);
    refused(&project, &["tokio 0.2.25 is in the graph, for main 0.1.0", "only tokio 1"]);
}

#[test]
fn several_major_versions() {
    let old = ("old", "3.0.0", "[dependencies]\ntokio = \"0.2\"\n");
    let project =
        Project::vendored("tokio = \"1\"\nold = \"3\"", &[TOKIO_1, ("tokio", "0.2.25", ""), old]);
    refused(&project, &["tokio 0.2.25 is in the graph, for old 3.0.0", "only tokio 1"]);
}

#[test]
fn a_newer_tokio_than_is_known() {
    let project = Project::vendored("tokio = \"1\"", &[("tokio", "1.99.3", "")]);
    let what = format!("tokio 1.99.3 is newer than the {TOKIO}");
    refused(&project, &[&what, "cargo update tokio@1.99.3 --precise"]);
    // If no lock file says so, the version need not be that one.
    std::fs::remove_file(project.file("Cargo.lock")).unwrap();
    let said = project.cargo(["minato", "check"]);
    assert!(!said.err.contains("newer"), "{}", said.err);
}

#[test]
fn a_requirement_that_excludes_the_version() {
    for (wanted, version) in [("=1.40.0", "1.40.0"), ("1, <1.50", "1.40.0"), ("1.60", "1.60.0")] {
        let user = format!("[dependencies]\ntokio = \"{wanted}\"\n");
        let user = ("user", "2.0.0", user.as_str());
        let project = Project::vendored("user = \"2\"", &[("tokio", version, ""), user]);
        refused(&project, &["user 2.0.0 wants tokio", "which excludes 1.54.1"]);
    }
    // The tests of a library are not built.
    let user = ("user", "2.0.0", "[dev-dependencies]\ntokio = \"=1.40.0\"\n");
    let project = Project::vendored("tokio = \"1\"\nuser = \"2\"", &[TOKIO_1, user]);
    let said = project.cargo(["minato", "check"]);
    assert!(!said.err.contains("excludes"), "{}", said.err);
}

#[test]
fn vendored_sources() {
    let project = Project::vendored("tokio = \"1\"", &[TOKIO_1]);
    refused(&project, &["sources are vendored: tokio 1.40.0 is in", "replace-with"]);
}

#[test]
fn a_patch_that_is_there_already() {
    let files = [
        ("mine/Cargo.toml", &*manifest("tokio", "").replace("0.1.0", "1.50.0")),
        ("mine/src/lib.rs", ""),
        ("src/main.rs", "fn main() {}"),
    ];
    let project = Project::new(&files);
    let patch = "[patch.crates-io]\ntokio = { path = \"mine\" }\n";
    project.write("Cargo.toml", &format!("{}{patch}", manifest("main", "tokio = \"1\"")));
    project.lock();
    refused(&project, &["tokio 1.50.0 is taken from the folder", "remove the [patch]"]);

    // Cargo's configuration may have one, too.
    project.write("Cargo.toml", &manifest("main", "tokio = \"1\""));
    project.write(".cargo/config.toml", patch);
    refused(&project, &["tokio 1.50.0 is taken from the folder", "remove the [patch]"]);
}

#[test]
fn a_tokio_that_comes_from_git() {
    let project = Project::new(&[
        ("tokio/Cargo.toml", &manifest("tokio", "").replace("0.1.0", "1.50.0")),
        ("tokio/src/lib.rs", ""),
        ("src/main.rs", "fn main() {}"),
    ]);
    let folder = project.file("tokio");
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "."],
        &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "a"],
    ] {
        let mut git = std::process::Command::new("git");
        assert!(git.args(arguments).current_dir(&folder).status().unwrap().success());
    }
    let dependency = format!("tokio = {{ git = \"file://{}\" }}", folder.display());
    project.write("Cargo.toml", &manifest("main", &dependency));
    project.lock();
    refused(&project, &["tokio 1.50.0 comes from git+file://", "default registry"]);
}

#[test]
fn minato_beside_itself() {
    let minato = ("minato", "0.1.0", "[features]\nhyper = []\ntokio = []\n");
    let guest = ("minato-tokio", "0.1.0", "");
    let project = Project::vendored(
        "tokio = \"1\"\nminato = { version = \"0.1\", features = [\"hyper\"] }",
        &[TOKIO_1, minato],
    );
    refused(&project, &["minato's feature `hyper` is on, for main 0.1.0", "leave it out"]);
    let project = Project::vendored("tokio = \"1\"\nminato-tokio = \"0.1\"", &[TOKIO_1, guest]);
    refused(&project, &["minato-tokio 0.1.0 is in the graph, for main 0.1.0", "leave it out"]);
}

#[test]
fn a_second_minato() {
    // A lock file cannot hold two packages of one name and version from two folders.
    let minato = manifest("minato", "").replace("0.1.0", env!("CARGO_PKG_VERSION"));
    let project = Project::new(&[
        ("minato/Cargo.toml", &minato),
        ("minato/src/lib.rs", ""),
        ("src/main.rs", "fn main() {}"),
    ]);
    let dependencies = "tokio = \"1\"\nminato = { path = \"minato\" }";
    project.write("Cargo.toml", &manifest("main", dependencies));
    project.lock();
    refused(&project, &["minato"]);
    let said = project.cargo(["minato", "doctor"]);
    said.has("error: the program uses Minato itself, from").has("--minato");
}

#[test]
fn what_only_unstable_tokio_has() {
    let project = Project::vendored(
        "tokio = { version = \"1\", features = [\"tracing\"] }\nconsole-subscriber = \"0.4\"",
        &[TOKIO_1, ("console-subscriber", "0.4.0", "")],
    );
    let said = project.cargo(["minato", "doctor"]);
    let said =
        said.has("warning: tokio's feature `tracing` is in the graph, and will observe nothing");
    let said =
        said.has("warning: console-subscriber 0.4.0 is in the graph, and will observe nothing");
    assert!(!said.out.contains("`--cfg"));

    let project = Project::package("main", "tokio = \"1\"", "fn main() {}");
    project.cargo(["minato", "doctor"]).succeeds();
    let flagged = |mut command: std::process::Command, place: &str| {
        let said = kit::Said::new(command.output().unwrap());
        assert!(!said.success);
        said.has(place).has(" has `--cfg tokio_unstable`").has("take the flag out");
    };
    let mut command = project.command(["minato", "doctor"]);
    command.env("RUSTFLAGS", "--cfg tokio_unstable");
    flagged(command, "error: RUSTFLAGS has");

    // In a file, a comment does not count.
    project.write(".cargo/config.toml", "# tokio_unstable\n");
    project.cargo(["minato", "doctor"]).succeeds();
    let flags = "[build]\nrustflags = [\"--cfg\", \"tokio_unstable\"]\n";
    project.write(".cargo/config.toml", flags);
    flagged(project.command(["minato", "doctor"]), "config.toml has");
}

#[test]
fn systems_for_which_minato_is_not_made() {
    let project = Project::package("main", "tokio = \"1\"", "fn main() {}");
    for target in ["x86_64-pc-windows-msvc", "wasm32-wasip1"] {
        let said = project.cargo(["minato", "doctor", "--target", target]);
        assert!(!said.success);
        said.has(&format!("error: the target {target} is not supported"));
    }
    project.cargo(["minato", "doctor"]).succeeds().has("Nothing is known that would not work");
}

/// A program that does this instead of what the shell pattern stands for.
fn wrapper(project: &Project, program: &str, pattern: &str, instead: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in {pattern}) {instead};; *) exec {program} \"$@\";; esac\n"
    );
    project.write("wrapper", &text);
    let path = project.file("wrapper");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn tools_that_are_too_old() {
    let project = Project::package("main", "tokio = \"1\"", "fn main() {}");
    let mut command = project.command(["minato", "doctor"]);
    command.env("RUSTC", wrapper(&project, "rustc", "-V", "echo 'rustc 1.70.0 (old)'"));
    let said = kit::Said::new(command.output().unwrap());
    assert!(!said.success);
    said.has("error: rustc 1.70.0 is too old").has("rustup update");

    // A cargo that does not know the option ignores it, as does an older one, or refuses it.
    for instead in ["exec cargo generate-lockfile", "exit 1"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cargo-minato"));
        let cargo = wrapper(&project, "cargo", "*generate-lockfile*", instead);
        command.args(["minato", "check"]).current_dir(project.path()).env("CARGO", cargo);
        let said = kit::Said::new(command.output().unwrap());
        said.fails_with(&["cannot use a lock file other than Cargo.lock"]);
    }
}

#[test]
fn minato_not_found() {
    let project = Project::package("main", "tokio = \"1\"", "fn main() {}");
    project.cargo(["minato", "check", "--minato", "."]).fails_with(&["there is no Minato in ."]);
    let call = ["minato", "prepare", "made", "--minato=/nowhere"];
    project.cargo(call).fails_with(&["there is no Minato in /nowhere", "checkout"]);
    assert!(!project.file("made").exists());
}

#[test]
fn no_project() {
    let project = Project::new(&[]);
    for command in ["run", "doctor"] {
        project.cargo(["minato", command]).fails_with(&["could not find `Cargo.toml`"]);
    }
    assert!(!project.file("target").exists());
}

#[test]
fn a_command_that_there_is_not() {
    let project = Project::new(&[]);
    project.cargo(["minato", "tset"]).fails_with(&["there is no command `tset`", "--help"]);
    project.cargo(["minato"]).fails_with(&["a command is missing", "--help"]);
    let said = project.cargo(["minato", "--version"]).succeeds();
    said.has(env!("CARGO_PKG_VERSION")).has(&format!("plays tokio {TOKIO}"));
    for call in [&["minato", "--help"][..], &["minato", "test", "-h"], &["minato", "help"]] {
        project.cargo(call).succeeds().has("Usage: cargo minato").has("prepare").has("doctor");
    }
}

#[test]
fn values_of_our_options() {
    let project = Project::package("main", "tokio = \"1\"", "fn main() {}");
    for (option, value, says) in [
        ("--engine", "simulation", "there is no engine `simulation`"),
        ("--seed", "-1", "--seed wants a value"),
        ("--seed", "one", "--seed wants a number"),
        ("--seed", "18446744073709551616", "--seed wants a number"),
    ] {
        project.cargo(["minato", "test", option, value]).fails_with(&[says]);
    }
    project.cargo(["minato", "test", "--minato"]).fails_with(&["--minato wants a value"]);
}
