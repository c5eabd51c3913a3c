//! Programs that use tokio are built with Minato in its place, by the commands and by a prepared
//! crate; and only what must be raised is raised for it.

mod kit;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use kit::{Project, TOKIO, manifest};

const DEPENDENCIES: &str = "tokio = { version = \"1\", features = [\"macros\", \"net\", \"rt\"] }";

/// Says whose sockets tokio's are.
const LIBRARY: &str = r#"
/// ```
/// assert!(NAME::played());
/// ```
pub fn played() -> bool {
    std::any::type_name::<tokio::net::TcpStream>().starts_with("minato::")
}

#[tokio::test]
async fn in_a_test() {
    assert!(played());
    println!("{:?} {:?}", std::env::var("MINATO_ENGINE"), std::env::var("MINATO_SEED"));
}
"#;

const PROGRAM: &str = "
#[tokio::main(flavor = \"current_thread\")]
async fn main() {
    tokio::task::yield_now().await;
    println!(\"played: {}\", NAME::played());
}
";

/// A package with a library, a program and tests, with another name than that of every other test,
/// so that they can be built in one folder.
fn program(name: &str) -> Project {
    let project = Project::package(name, DEPENDENCIES, &PROGRAM.replace("NAME", name));
    project.write("src/lib.rs", &LIBRARY.replace("NAME", name));
    project
}

#[test]
fn each_command_builds_it_on_minato() {
    let project = program("each_command");
    let before = project.state();
    let said = project.shared(["minato", "run"]).succeeds().has("played: true");
    let lines: Vec<_> = said.err.lines().filter(|line| line.starts_with("minato: ")).collect();
    assert_eq!(lines.len(), 1, "{}", said.err);
    assert!(lines[0].starts_with("minato: Minato 0.2.0 ("), "{}", lines[0]);
    assert!(lines[0].contains(&format!(") replaces tokio {TOKIO}")), "{}", lines[0]);

    let said = project.shared(["minato", "test", "--", "--nocapture"]).succeeds();
    said.has("test in_a_test ... ok").has("src/lib.rs - played (line 2) ... ok");
    // Without a profile of its own, so that not all is built once more, optimized.
    for call in [&["build"][..], &["check"], &["bench", "--profile", "dev"]] {
        project.shared([&["minato"], call].concat()).succeeds().has("replaces tokio");
    }
    let said = project.shared(["minato", "run", "--quiet"]).succeeds();
    assert_eq!((&*said.out, &*said.err), ("played: true\n", ""));
    assert_eq!(before, project.state());
}

#[test]
fn plain_cargo_is_what_it_was_and_neither_builds_again() {
    let project = program("back_and_forth");
    let calls: [&[&str]; 3] = [&["run"], &["minato", "run"], &["minato", "test"]];
    for call in calls {
        project.shared(call).succeeds();
    }
    for _ in 0..2 {
        for (call, says) in calls.iter().zip(["played: false", "played: true", "1 passed"]) {
            let said = project.shared(*call).succeeds().has(says);
            assert!(!said.err.contains("Compiling"), "{}", said.err);
        }
    }
}

#[test]
fn engine_and_seed_reach_the_tests() {
    let project = program("engine");
    let test = |arguments: &[&str]| {
        let call = ["minato", "test", "--lib"].iter().chain(arguments);
        project.shared(call.copied().chain(["--", "--nocapture"])).succeeds()
    };
    test(&["--engine", "sim", "--seed", "7"]).has("Ok(\"sim\") Ok(\"7\")");
    test(&["--engine=os"]).has("Ok(\"os\") Err(NotPresent)");
    test(&[]).has("Err(NotPresent) Err(NotPresent)");
}

#[test]
fn it_works_offline_after_the_first_time_and_locked_if_nothing_is_raised() {
    let project = program("offline");
    project.shared(["minato", "check"]).succeeds();
    for option in ["--offline", "--locked", "--frozen"] {
        project.shared(["minato", "check", option]).succeeds();
    }
    // A lock file that does not fit is an error, as it is for plain cargo.
    project.write("new/Cargo.toml", &manifest("new", ""));
    project.write("new/src/lib.rs", "");
    let dependencies = format!("{DEPENDENCIES}\nnew = {{ path = \"new\" }}");
    project.write("Cargo.toml", &manifest("offline", &dependencies));
    project.shared(["minato", "check", "--locked"]).fails_with(&["Cargo.lock does not fit"]);
    // Without the option it is no error, and the file stays as it is nevertheless.
    let before = project.state();
    project.shared(["minato", "check", "--offline"]).succeeds();
    assert_eq!(before, project.state());
}

/// The versions in a lock file.
fn versions(lock: &str, name: &str) -> Vec<String> {
    let mut versions: Vec<String> = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        if line == format!("name = \"{name}\"") {
            let version = lines.next().unwrap().trim_start_matches("version = ");
            versions.push(version.trim_matches('"').to_string());
        }
    }
    versions
}

#[test]
fn only_what_minato_needs_newer_is_raised() {
    let more = "slab = \"0.4\"\nitoa = \"1\"\ncfg-if = \"1\"";
    let project = Project::package("raised", &format!("{DEPENDENCIES}\n{more}"), "fn main() {}");
    let old = [("tokio", "1.40.0"), ("slab", "0.4.9"), ("itoa", "1.0.9"), ("mio", "1.0.2")];
    for (name, version) in old {
        if !project.cargo(["update", name, "--precise", version]).success {
            return println!("skipped: the registry does not give {name} {version}");
        }
    }
    let before = project.state();
    let lock = project.read("Cargo.lock");
    let says = ["replaces tokio 1.40.0 and plays 1.5", "raised for it: ", "slab 0.4.9 -> "];
    let said = project.shared(["minato", "build"]).succeeds();
    let said = says.iter().fold(said, |said, text| said.has(text));
    assert!(!said.err.contains("itoa 1.0.9 ->"), "{}", said.err);
    let locked = ["minato", "build", "--locked"];
    project.shared(locked).fails_with(&["--locked forbids", "tokio 1.40.0 -> ", "slab 0.4.9 -> "]);
    assert_eq!(before, project.state());

    let ours = our_lock(&project);
    for name in ["itoa", "cfg-if", "pin-project-lite"] {
        assert_eq!(versions(&ours, name), versions(&lock, name), "{name}");
    }
    assert_eq!(versions(&ours, "tokio"), [TOKIO]);

    // The project's lock file is the one that ours follows.
    project.cargo(["update", "itoa", "--precise", "1.0.10"]).succeeds();
    project.shared(["minato", "build"]).succeeds();
    assert_eq!(versions(&our_lock(&project), "itoa"), ["1.0.10"]);
}

/// The newest lock file of ours that is for this project.
fn our_lock(project: &Project) -> String {
    let name = project.read("Cargo.toml").lines().nth(1).unwrap().to_string();
    let folders = fs::read_dir(kit::shared_target().join("minato")).unwrap();
    let files = folders.map(|folder| folder.unwrap().path().join("Cargo.lock"));
    let files = files.filter(|file| file.parent().unwrap().to_string_lossy().contains("/lock-"));
    let ours = files.filter(|file| fs::read_to_string(file).is_ok_and(|text| text.contains(&name)));
    let newest = ours.max_by_key(|file| fs::metadata(file).unwrap().modified().unwrap()).unwrap();
    fs::read_to_string(newest).unwrap()
}

#[test]
fn a_requirement_that_excludes_a_dependency_of_minato_is_an_error() {
    let dependencies = format!("{DEPENDENCIES}\nslab = \"=0.4.9\"");
    let project = Project::package("excluded", &dependencies, "fn main() {}");
    let said =
        project.shared(["minato", "run"]).fails_with(&["slab", "once Minato is in tokio's place"]);
    assert!(!said.out.contains("played"));
}

#[test]
fn a_prepared_crate_serves_plain_cargo() {
    let project = program("prepared");
    let said = project.cargo(["minato", "prepare", "made"]).succeeds();
    let folder = project.file("made").canonicalize().unwrap();
    let lines = format!("[patch.crates-io]\ntokio = {{ path = \"{}\" }}\n", folder.display());
    assert_eq!(said.out, lines);
    project.write("Cargo.toml", &format!("{}{lines}", manifest("prepared", DEPENDENCIES)));
    project.shared(["run"]).succeeds().has("played: true");

    // Tokio's part is what was published, byte for byte.
    let published = published(&project);
    let copied = files(&folder.join("src/tokio"));
    assert_eq!(copied, files(&published));
    assert!(copied.len() > 100);

    // Once more does not touch what is right, and mends what is not.
    let time = |file: &str| {
        let meta = fs::metadata(folder.join(file)).unwrap();
        (meta.mtime(), meta.mtime_nsec(), meta.ino())
    };
    let before = time("src/tokio/lib.rs");
    fs::write(folder.join("src/lib.rs"), "other").unwrap();
    fs::write(folder.join("src/other.rs"), "other").unwrap();
    project.cargo(["minato", "prepare", "made"]).succeeds();
    assert_eq!(before, time("src/tokio/lib.rs"));
    assert_ne!(fs::read_to_string(folder.join("src/lib.rs")).unwrap(), "other");
    assert!(!folder.join("src/other.rs").exists());
}

/// Where cargo unpacked the package.
fn published(project: &Project) -> std::path::PathBuf {
    project.write("scratch/Cargo.toml", &manifest("scratch", &format!("tokio = \"={TOKIO}\"")));
    project.write("scratch/src/lib.rs", "");
    let path = "scratch/Cargo.toml";
    let said =
        project.cargo(["metadata", "--format-version=1", "--manifest-path", path]).succeeds();
    let end = said.out.split(&format!("/tokio-{TOKIO}/Cargo.toml")).next().unwrap();
    let start = end.rfind('"').unwrap() + 1;
    Path::new(&end[start..]).join(format!("tokio-{TOKIO}/src"))
}

/// The files below a folder, with what is in them.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_folder_of_somebody_else_is_not_written_to() {
    let project = Project::new(&[("full/Cargo.toml", "mine"), ("file", "")]);
    std::fs::create_dir(project.file("empty")).unwrap();
    let before = project.state();
    project.cargo(["minato", "prepare", "full"]).fails_with(&["full is not empty"]);
    project.cargo(["minato", "prepare", "file"]).fails_with(&["file"]);
    project.cargo(["minato", "prepare"]).fails_with(&["prepare wants one argument"]);
    project.cargo(["minato", "prepare", "a", "b"]).fails_with(&["prepare wants one argument"]);
    project.cargo(["minato", "prepare", "--x", "b"]).fails_with(&["unexpected option `--x`"]);
    assert_eq!(before, project.state());
    project.cargo(["minato", "prepare", "empty"]).succeeds();
}

#[test]
fn a_source_that_is_not_what_was_published_is_refused() {
    let project = Project::new(&[]);
    let published = published(&project);
    let package = published.parent().unwrap();
    let registry = package.parent().unwrap().parent().unwrap().parent().unwrap();
    // A home of cargo's: all in it is the user's, except for the unpacked packages.
    let host = package.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let copy = project.file(&format!("home/registry/src/{host}"));
    for (name, text) in files(package.parent().unwrap()).into_iter().filter(|(name, _)| {
        name.starts_with(&format!("tokio-{TOKIO}/")) || name.starts_with("pin-project-lite")
    }) {
        let path = copy.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for part in ["index", "cache"] {
        let link = project.file("home/registry").join(part);
        std::os::unix::fs::symlink(registry.join(part), link).unwrap();
    }
    let prepare = || {
        let mut command = project.command(["minato", "prepare", "made"]);
        command.env("CARGO_HOME", project.file("home"));
        kit::Said::new(command.output().unwrap())
    };
    let changed = copy.join(format!("tokio-{TOKIO}/src/sync/mpsc/chan.rs"));
    let text = fs::read_to_string(&changed).unwrap();
    fs::write(&changed, text.replacen('{', "{ ", 1)).unwrap();
    prepare().fails_with(&["are not those of tokio 1.54.1 as it was published"]);
    fs::write(&changed, text).unwrap();
    prepare().succeeds();
}
