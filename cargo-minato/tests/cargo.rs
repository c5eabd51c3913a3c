//! `cargo minato run` and the like do what cargo does by that name, in the same surroundings, and
//! leave no trace in the project.

mod kit;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kit::Project;

/// Prints whose sockets tokio's are, what cargo tells a program, and what is beside the sources.
const SURROUNDINGS: &str = r#"
fn main() {
    let mut seen: Vec<String> = std::env::vars()
        .filter(|(name, _)| !name.contains("CHANNEL_OVERRIDE") && name != "_")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    seen.sort();
    println!("{}", seen.join("\n"));
    println!("{:?}", std::env::current_dir().unwrap());
    println!("{:?}", std::env::args().collect::<Vec<_>>());
    println!("{} {}", env!("CARGO_MANIFEST_DIR"), include_str!("../fixtures/text"));
    println!("{}", include_str!(concat!(env!("OUT_DIR"), "/seen")));
}

#[test]
fn a_fixture_is_where_it_was() {
    let text = std::fs::read_to_string("fixtures/text").unwrap();
    assert_eq!(text, include_str!("../fixtures/text"));
}
"#;

/// A build script that keeps what it sees.
const BUILD_SCRIPT: &str = r#"
fn main() {
    let mut seen: Vec<String> = std::env::vars()
        .filter(|(name, _)| !name.contains("CHANNEL_OVERRIDE") && name != "_")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    seen.sort();
    seen.push(format!("{:?}", std::env::current_dir()));
    seen.push(std::fs::read_to_string("fixtures/text").unwrap());
    let out = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("seen");
    std::fs::write(out, seen.join("\n")).unwrap();
    println!("cargo:rerun-if-changed=fixtures");
}
"#;

/// A program that says that it runs, and goes on.
const WAITS: &str = r#"
fn main() {
    println!("ready");
    std::thread::sleep(std::time::Duration::from_secs(600));
}
"#;

fn surroundings() -> Project {
    let project = Project::workspace(SURROUNDINGS);
    project.write("plain/fixtures/text", "a fixture");
    project.write("plain/build.rs", BUILD_SCRIPT);
    project
}

/// What remains if the tool has tidied up.
fn made(project: &Project, target: &str) -> Vec<String> {
    let entries = fs::read_dir(project.file(target).join("minato")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_program_sees_what_it_sees_under_plain_cargo() {
    let project = surroundings();
    let seen = |arguments: &[&str], folder: &str| {
        project.cargo(["clean"]).succeeds();
        let mut command = project.command(arguments);
        command.current_dir(project.file(folder)).env("A_VARIABLE", "of the user");
        kit::Said::new(command.output().unwrap()).succeeds().out
    };
    for (folder, arguments) in [
        ("", &["run", "-p", "plain", "--", "--locked", "-v", "two words"][..]),
        ("plain", &["run", "first", "--minato", "x", "--target-dir", "x", "-h"]),
        ("plain/src", &["run", "--release", "--offline"]),
        ("user", &["run", "--manifest-path", "../plain/Cargo.toml", "--", "--minato", "x"]),
        ("", &["run", "--package=plain", "--config", "env.MORE=\"1\"", "--", "--", "x"]),
    ] {
        let plain = seen(arguments, folder);
        let ours = seen(&[&["minato"], arguments].concat(), folder);
        assert!(plain.contains("A_VARIABLE=of the user") && plain.contains("a fixture"), "{plain}");
        assert_eq!(plain, ours, "{folder} {arguments:?}");
    }
}

#[test]
fn tests_find_their_fixtures() {
    let project = surroundings();
    let said = project.cargo(["minato", "test", "-p", "plain", "fixture"]).succeeds();
    said.has("test a_fixture_is_where_it_was ... ok").has("1 passed");
}

#[test]
fn a_project_is_left_as_it_was() {
    let project = surroundings();
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(project.path()).output();
        kit::Said::new(output.unwrap()).succeeds().out
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "a"]);
    let before = project.state();
    for command in ["run", "test", "build", "check", "bench"] {
        project.cargo(["minato", command, "-p", "plain"]).succeeds();
    }
    // Also after a failure.
    project.cargo(["minato", "build", "-p", "nobody"]).fails_with(&["nobody"]);
    project.cargo(["minato", "build", "--bad-option"]).fails_with(&["--bad-option"]);
    assert_eq!(before, project.state());
    assert_eq!(git(&["status", "--short"]), "");
}

#[test]
fn no_lock_file_appears_where_there_was_none() {
    let project = Project::workspace("fn main() {}");
    fs::remove_file(project.file("Cargo.lock")).unwrap();
    project.cargo(["minato", "run", "-p", "plain"]).succeeds();
    assert!(!project.file("Cargo.lock").exists());
}

#[test]
fn the_target_folder_is_the_one_of_plain_cargo() {
    let project = Project::workspace("fn main() {}");
    let program = |folder: &str| project.file(folder).join("debug/plain");
    project.cargo(["minato", "build", "-p", "plain"]).succeeds();
    assert!(program("target").exists());
    assert!(project.read("target/CACHEDIR.TAG").starts_with("Signature: "));

    // These are relative to the folder in which cargo is called.
    let mut command = project.command(["minato", "build", "--target-dir", "../option/target"]);
    command.current_dir(project.file("plain"));
    kit::Said::new(command.output().unwrap()).succeeds();
    assert!(program("option/target").exists() && made(&project, "option/target").len() == 2);
    let mut command = project.command(["minato", "build"]);
    command.env("CARGO_TARGET_DIR", "variable").current_dir(project.file("plain"));
    kit::Said::new(command.output().unwrap()).succeeds();
    assert!(program("plain/variable").exists() && made(&project, "plain/variable").len() == 2);

    project.write(".cargo/config.toml", "[build]\ntarget-dir = \"configured\"\n");
    project.cargo(["minato", "build", "-p", "plain"]).succeeds();
    assert!(program("configured").exists() && made(&project, "configured").len() == 2);
}

#[test]
fn the_exit_status_is_the_programs() {
    let project = Project::workspace(
        "fn main() { std::process::exit(std::env::args().nth(1).unwrap().parse().unwrap()) }
         #[test] fn fails() { panic!() }",
    );
    for code in [0, 1, 7, 101] {
        let said = project.cargo(["minato", "run", "-p", "plain", &code.to_string()]);
        assert_eq!(said.code, Some(code));
    }
    assert_eq!(project.cargo(["minato", "test", "-p", "plain"]).code, Some(101));
    let said = project.cargo(["minato", "test", "-p", "plain", "--no-run"]);
    assert_eq!(said.code, Some(0));
}

/// Starts a call in a process group of its own, and returns when the program runs.
fn start(project: &Project, arguments: &[&str]) -> Child {
    let mut command = project.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

fn kill(signal: &str, child: &Child) {
    let target = format!("-{}", child.id());
    assert!(Command::new("kill").args([signal, "--", &target]).status().unwrap().success());
}

#[test]
fn a_signal_ends_it_as_it_ends_cargo() {
    let project = Project::workspace(WAITS);
    let before = project.state();
    for signal in ["-INT", "-TERM", "-KILL"] {
        let ends = [&["run", "-p", "plain"][..], &["minato", "run", "-p", "plain"]].map(|call| {
            let mut child = start(&project, call);
            kill(signal, &child);
            let status = child.wait().unwrap();
            (status.code(), status.signal())
        });
        assert_eq!(ends[0], ends[1], "{signal}");
        assert_eq!(before, project.state());
    }
}

#[test]
fn one_that_is_ended_at_any_time_leaves_nothing_that_is_in_the_way() {
    let project = Project::workspace("fn main() {}");
    let before = project.state();
    let delays = [1, 20, 60, 120, 200, 300, 450, 700, 1000];
    for (delay, signal) in delays.into_iter().zip(["-KILL", "-INT"].into_iter().cycle()) {
        // Each one starts from nothing.
        drop(fs::remove_dir_all(project.file("target/minato")));
        let mut command = project.command(["minato", "build", "-p", "plain"]);
        let mut child = command.stderr(Stdio::null()).process_group(0).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        if child.try_wait().unwrap().is_none() {
            kill(signal, &child);
        }
        child.wait().unwrap();
        assert_eq!(before, project.state());
        project.cargo(["minato", "build", "-p", "plain"]).succeeds();
        assert_eq!(before, project.state());
    }
}

#[test]
fn several_at_once_are_as_one_after_the_other() {
    let project = Project::workspace("fn main() { println!(\"done\") }");
    for _ in 0..2 {
        let mut call = project.command(["minato", "run", "-p", "plain"]);
        call.stdout(Stdio::piped()).stderr(Stdio::piped());
        let children: Vec<Child> = (0..4).map(|_| call.spawn().unwrap()).collect();
        for child in children {
            kit::Said::new(child.wait_with_output().unwrap()).succeeds().has("done");
        }
        // One crate, one lock file, and nothing that was begun and not finished.
        let names = made(&project, "target");
        assert!(names.len() == 2 && names.iter().all(|name| !name.starts_with('.')), "{names:?}");
    }
}

#[test]
fn a_cargo_that_a_program_starts_is_as_it_was() {
    let project = Project::workspace(
        r#"fn main() {
            let cargo = std::env::var("CARGO").unwrap();
            for arguments in ["config get", "check -Zno-such-flag", "metadata --no-deps -q"] {
                let mut command = std::process::Command::new(&cargo);
                let output = command.args(arguments.split(' ')).output().unwrap();
                println!("{} {}", output.status, String::from_utf8_lossy(&output.stderr));
            }
        }"#,
    );
    let plain = project.cargo(["run", "-p", "plain"]).succeeds().out;
    let ours = project.cargo(["minato", "run", "-p", "plain"]).succeeds().out;
    assert!(plain.contains("error"), "{plain}");
    assert_eq!(plain, ours);
}

#[test]
fn another_toolchain_is_the_one_that_was_asked_for() {
    let output = Command::new("rustup").args(["toolchain", "list"]).output();
    let Ok(output) = output else { return println!("skipped: there is no rustup here") };
    let project = Project::workspace("fn main() { println!(\"{}\", env!(\"CARGO\")) }");
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in list.lines().filter_map(|line| line.split_whitespace().next()) {
        let name = format!("+{name}");
        let version = project.cargo([&name, "-V"]).out;
        let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
        let wanted = env!("CARGO_PKG_RUST_VERSION").split('.').nth(1).unwrap();
        if minor < Some(wanted.parse().unwrap()) {
            println!("skipped: {name} is too old, or has no cargo: {version}");
            continue;
        }
        let plain = project.cargo([&name, "run", "-p", "plain"]).succeeds().out;
        let ours = project.cargo([&name, "minato", "run", "-p", "plain"]).succeeds().out;
        assert_eq!(plain, ours);
    }
}
