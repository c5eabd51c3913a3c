//! Sweeps of the tests of a package, whose sweeps are played by the package itself.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{self, Ended};

/// A package with one file of tests.
struct Package(TempDir);

impl Package {
    fn new(tests: &str) -> Package {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[workspace]\n[package]\nname = \"fleet\"\nedition = \"2024\"\n";
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir_all(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "").unwrap();
        fs::create_dir_all(folder.path().join("tests")).unwrap();
        fs::write(folder.path().join("tests/swarm.rs"), tests).unwrap();
        Package(folder)
    }

    fn sweeping() -> Package {
        Package::new(include_str!("package/swarm.rs"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn sim(&self, arguments: &[&str]) -> Ended {
        process::run_in(self.path(), &[&["sim"], arguments].concat())
    }
}

#[test]
fn a_sweep_that_passes_is_counted() {
    let ended = Package::sweeping().sim(&["calm"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let expected = "calm: 100 seeds, 100.00 simulated hours, faults: cut 100, marks: a mark 100 in";
    assert!(ended.stdout.contains(expected), "{ended:?}");
    assert!(ended.stdout.contains("1 test: 100 seeds, 100.00 simulated hours"), "{ended:?}");
}

#[test]
fn seeds_are_those_that_were_asked_for() {
    let package = Package::sweeping();
    let ended = package.sim(&["--seeds", "8..11", "--jobs", "2", "--test", "swarm", "stormy"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("stormy: 3 seeds"), "{ended:?}");
    let ended = package.sim(&["--seeds", "3", "stormy"]);
    assert!(ended.stdout.contains("stormy: 3 seeds"), "{ended:?}");
    // Which faults it knows is for the sweep to say.
    let ended = package.sim(&["--seeds", "3", "--faults", "cut,crash", "stormy"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = package.sim(&["--seeds", "3", "--faults", "rain", "stormy"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    // A time that is over at once still takes the seeds of one sweep, which nobody took before.
    let ended = package.sim(&["--time", "0", "stormy"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("stormy: 10 seeds"), "{ended:?}");
}

#[test]
fn a_failure_is_kept_and_run_first_until_it_passes() {
    let package = Package::sweeping();
    let ended = package.sim(&["stormy"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = "stormy failed with 1 of 10 seeds: it is a seven";
    assert!(ended.stdout.contains(expected), "{ended:?}");
    assert!(ended.stdout.contains("timeline.svg"), "{ended:?}");
    assert!(ended.stdout.contains("failed: stormy (swarm)"), "{ended:?}");
    let folder = package.path().join(".minato/regressions/swarm/stormy");
    let lines = fs::read_to_string(folder.join("replay")).unwrap();
    assert!(lines.ends_with("\nstormy 7 calm = 0123abcd\n"), "{lines}");

    // Seeds without the failing one: the line alone finds it, without its hash.
    let ended = package.sim(&["--seeds", "0..3", "stormy"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("a run that failed before still fails:"), "{ended:?}");
    assert!(ended.stdout.contains("stormy fails in this run: stormy 7 calm\n"), "{ended:?}");

    fs::write(package.path().join("mended"), "").unwrap();
    let ended = package.sim(&["stormy"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("stormy: 1 run that failed before: passed\n"), "{ended:?}");
    assert_eq!(fs::read_to_string(folder.join("replay")).unwrap(), lines);
}

#[test]
fn a_failure_of_one_of_several_scenarios_is_run_again() {
    let package = Package::sweeping();
    let ended = package.sim(&["two_scenarios"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let ended = package.sim(&["--seeds", "0..3", "two_scenarios"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("loud fails in this run: loud 7 calm\n"), "{ended:?}");
}

#[test]
fn only_what_can_sweep_is_asked_and_a_crash_is_named() {
    let skipped = ["--skip", "endless", "--skip", "stormy", "--skip", "two_scenarios"];
    let ended = Package::sweeping().sim(&[&["--"][..], &skipped].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.contains("both::sim: 1 seed,"), "{ended:?}");
    assert!(ended.stdout.contains("crashing crashed: signal: 6"), "{ended:?}");
    assert!(ended.stdout.contains("  the last words\n"), "{ended:?}");
    assert!(!ended.stdout.contains("no_sweep_at_all"), "{ended:?}");
}

#[test]
fn what_keeps_sweeps_from_running_is_told() {
    let ended = Package::new("#[test]\nfn other() {}\n").sim(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("no scenario found"), "{ended:?}");
    let ended = Package::sweeping().sim(&["no_such_test"]);
    assert!(ended.stderr.contains("no scenario found"), "{ended:?}");
    let ended = Package::new("#[test]\nfn wrong() { this is wrong }\n").sim(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("error: the tests could not be built\n"), "{ended:?}");
    let ended = Package::sweeping().sim(&["--no-such-option"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--no-such-option"), "{ended:?}");
    let ended = process::run(&["sim", "--seeds", "7..7"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("there is no seed in it"), "{ended:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_the_tests_too() {
    let package = Package::sweeping();
    // Built before, so that the program comes to its sweep soon.
    assert_eq!(package.sim(&["calm"]).code, Some(0));
    let mut program = process::program(&["sim", "--jobs", "1", "endless"]);
    program.current_dir(package.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "endless: 1 seed"));
    let number = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &number]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(lines.last().as_deref(), Some("interrupted"));
}
