//! The steps that run cargo: data where they only call it, functions where they ask first what to
//! run.

use std::fs::File;
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};

use crate::outcome::{Counts, Outcome};
use crate::process::{self, LONG, cargo, minutes};
use crate::tree::{self, Tree};

/// Ours of the crate that plays tokio.
const PLAYED: &str = "compat/tokio-1/src/";

type Arguments = &'static [&'static str];

/// All sources are formatted. Those of the crate that plays tokio are no member's: each is given by
/// itself, since the modules that it names are not all there.
pub(super) fn fmt() -> Result<Outcome, String> {
    process::succeed(&mut cargo(&["fmt", "--all", "--check"]), LONG)?;
    for (file, _) in Tree::read()?.rust(PLAYED) {
        let input = File::open(tree::root().join(&file.path)).map_err(|error| error.to_string())?;
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.args(["--check", "--config-path"]).arg(tree::root()).stdin(input);
        process::output(&mut rustfmt).map_err(|problem| format!("{}: {problem}", file.path))?;
    }
    Ok(Outcome::default())
}

/// In tests and examples too.
pub(super) const CLIPPY: Arguments =
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];

pub(super) const DOC: Arguments =
    &["doc", "--no-deps", "--workspace", "--config", "build.rustdocflags=['-D', 'warnings']"];

/// The members that a plain `cargo test` leaves out. Whatever is built of them is built for all of
/// them: for another selection cargo would choose other features of what they depend on, and build
/// most of it once more.
const MEMBERS: Arguments =
    &["--all-features", "--workspace", "--exclude=minato", "--exclude=minato-cli"];

/// Link-time optimization would take longer than the models.
const LOOM: Arguments = &[
    "test",
    "--package=minato",
    "--release",
    "--test=loom",
    "--target-dir=target/loom",
    "--config=profile.release.lto='off'",
    "--config=profile.release.codegen-units=16",
];

/// Tests that do not run under AddressSanitizer: they count what it does itself (threads,
/// allocations, system calls), or compile other programs, or need another build. A name stands for
/// all that start with it.
const NOT_UNDER_ASAN: &[&str] = &["api", "count", "loom"];

/// Tests that run under AddressSanitizer only with `--long`: those of parts without unsafe code of
/// their own, or of such that other tests use as well.
const RARELY_UNDER_ASAN: &[&str] = &["bad_input", "executors", "origin", "stuck", "time"];

const ASAN_PLATFORMS: &[&str] = &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// What cargo says about the workspace.
pub(super) fn metadata() -> Result<Metadata, String> {
    let mut command = MetadataCommand::new();
    command.current_dir(tree::root()).no_deps().other_options(["--offline".to_string()]);
    command.exec().map_err(|error| error.to_string())
}

/// The package in this folder of the project.
pub(super) fn package(folder: &str) -> Result<Package, String> {
    let manifest = tree::root().join(folder).join("Cargo.toml");
    let mut packages = metadata()?.packages.into_iter();
    let found = packages.find(|package| package.manifest_path.as_std_path() == manifest);
    found.ok_or_else(|| format!("there is no package in {folder}"))
}

/// A package's features but `default`. An optional dependency that no feature names by `dep:` is
/// one too.
pub(super) fn features(package: &Package) -> Vec<&str> {
    package.features.keys().map(String::as_str).filter(|feature| *feature != "default").collect()
}

/// The names of a package's programs of this kind.
fn programs(package: &Package, kind: TargetKind) -> impl Iterator<Item = &str> {
    let programs = package.targets.iter().filter(move |program| program.is_kind(kind.clone()));
    programs.map(|program| program.name.as_str())
}

/// The README's command that starts with `start`, for what a newcomer types is what is checked.
pub(super) fn from_readme(start: &str) -> Result<Command, String> {
    let text = std::fs::read_to_string(tree::root().join("README.md"));
    let text = text.map_err(|error| format!("README.md: {error}"))?;
    let words = fenced(&text, start);
    let words = words.ok_or_else(|| format!("README.md has no fenced line `{start}`"))?;
    Ok(cargo(&words[1..]))
}

/// The words of the fenced line that starts with these.
fn fenced<'a>(text: &'a str, start: &str) -> Option<Vec<&'a str>> {
    let lines = text.split("```").skip(1).step_by(2).flat_map(str::lines).map(str::trim);
    // What follows `#` explains the command to the reader.
    let commands = lines.filter_map(|line| line.trim_start_matches("$ ").split(" #").next());
    let mut commands = commands.map(|command| command.split_whitespace().collect::<Vec<_>>());
    commands.find(|words| words.starts_with(&start.split(' ').collect::<Vec<_>>()))
}

/// The README's test command passes, doctests included. The counts are of all tests, not only of
/// those up to the first failure.
pub(super) fn test() -> Result<Outcome, String> {
    Ok(process::tests(from_readme("cargo test")?.arg("--no-fail-fast"), LONG))
}

pub(super) fn members() -> Result<Outcome, String> {
    Ok(process::tests(of_members("test").arg("--no-fail-fast"), LONG))
}

fn of_members(command: &str) -> Command {
    let mut cargo = cargo(&[command]);
    cargo.args(MEMBERS);
    cargo
}

/// The names of the tests that the two steps above run, from the same programs: others would have
/// to be built.
pub(super) fn list_tests() -> Result<String, String> {
    let list = |mut command: Command| process::output(command.args(["--", "--list"]));
    Ok(list(from_readme("cargo test")?)? + &list(of_members("test"))?)
}

/// The library compiles without features, with each alone and with all together.
pub(super) fn every_feature() -> Result<Outcome, String> {
    let package = package("minato")?;
    let features = features(&package);
    let mut problems = Vec::new();
    for list in selections(&features) {
        let mut check = cargo(&["check", "--package=minato", "--lib", "--no-default-features"]);
        match process::succeed(check.args(["--features", &list]), minutes(10)) {
            // `-D warnings` would go through RUSTFLAGS and have every dependency built again.
            Ok(output) if output.contains("warning: ") => {
                problems.push(format!("warnings with the features `{list}`"));
            }
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    Ok(Outcome::from_problems(problems, Counts::default()))
}

/// None, each alone, and all: a feature only adds impls, so what it needs shows when it is alone,
/// and what it disturbs when all are there.
fn selections(features: &[&str]) -> Vec<String> {
    let alone = features.iter().map(|feature| feature.to_string());
    let all = (features.len() > 1).then(|| features.join(","));
    [String::new()].into_iter().chain(alone).chain(all).collect()
}

/// Every example ends by itself with success.
pub(super) fn examples() -> Result<Outcome, String> {
    process::succeed(of_members("build").arg("--examples"), LONG)?;
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for folder in ["examples", "minato-tokio"] {
        let package = package(folder)?;
        let before = counts;
        for name in programs(&package, TargetKind::Example) {
            let mut example = Command::new(tree::target().join("debug/examples").join(name));
            match process::succeed(&mut example, minutes(1)) {
                Ok(_) => counts.passed += 1,
                Err(problem) => {
                    counts.failed += 1;
                    problems.push(format!("example {name}: {problem}"));
                }
            }
        }
        if counts == before {
            problems.push(format!("there is no program in {folder}/"));
        }
    }
    Ok(Outcome::from_problems(problems, counts))
}

/// One short round of each area. It shows that the suite and all peers run, built without
/// optimization. No figure is judged: one from a busy machine would be worth nothing.
pub(super) fn bench_smoke() -> Result<Outcome, String> {
    // With the tests of a package cargo builds its programs.
    process::succeed(of_members("test").arg("--no-run"), LONG)?;
    let mut suite = Command::new(tree::target().join("debug/minato-bench"));
    // The suite would call cargo to build the peers, which are there.
    process::succeed(suite.arg("--smoke").env("CARGO", "true"), minutes(15))?;
    Ok(Outcome::default())
}

/// The models of wakes, joins, readiness and parking hold in every interleaving that loom tries.
pub(super) fn loom() -> Result<Outcome, String> {
    let flags = "--cfg minato_loom";
    // Built first: the limit is for the models alone.
    process::succeed(cargo(LOOM).arg("--no-run").env("RUSTFLAGS", flags), LONG)?;
    // The unit tests of the files under test are in the program too, and are none of loom's.
    let mut models = cargo(LOOM);
    models.args(["--", "models"]).env("RUSTFLAGS", flags).env("LOOM_MAX_PREEMPTIONS", "2");
    Ok(process::tests(&mut models, minutes(5)))
}

/// This machine's platform, if it has an AddressSanitizer; else why it cannot be used.
pub(super) fn asan_host() -> Result<Result<String, String>, String> {
    let described = process::output(Command::new("rustc").arg("-vV"))?;
    let host = described.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.ok_or("rustc names no host")?;
    let is_known = ASAN_PLATFORMS.contains(&host);
    let why = || format!("there is no AddressSanitizer to use on {host}");
    Ok(is_known.then(|| host.to_string()).ok_or_else(why))
}

/// The library's tests pass under AddressSanitizer, which sees what unsafe code does to memory.
pub(super) fn asan() -> Result<Outcome, String> {
    let host = match asan_host()? {
        Ok(host) => host,
        Err(why) => return Ok(Outcome::skipped(why)),
    };
    let mut command = cargo(&["test", "--package", "minato", "--no-fail-fast", "--lib"]);
    // A target of its own keeps the sanitizer out of build scripts and procedural macros.
    command.args(["--target", &host, "--target-dir", "target/asan"]);
    let package = package("minato")?;
    let is_long = tree::is_long();
    if !is_long {
        println!("not run without --long: {}", RARELY_UNDER_ASAN.join(", "));
    }
    let tests = programs(&package, TargetKind::Test).filter(|name| runs_under_asan(name, is_long));
    tests.for_each(|name| _ = command.args(["--test", name]));
    let leaks = tree::root().join("xtask/leaks.supp");
    command.env("LSAN_OPTIONS", format!("suppressions={}", leaks.display()));
    command.env("RUSTFLAGS", "-Zsanitizer=address --cfg minato_asan").env("RUSTC_BOOTSTRAP", "1");
    Ok(process::tests(&mut command, LONG))
}

fn runs_under_asan(test: &str, is_long: bool) -> bool {
    let is_in = |starts: &[&str]| starts.iter().any(|start| test.starts_with(start));
    !is_in(NOT_UNDER_ASAN) && (is_long || !is_in(RARELY_UNDER_ASAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_are_those_that_a_plain_test_leaves_out() {
        let metadata = metadata().unwrap();
        let plain = metadata.workspace_default_packages().into_iter();
        let mut excluded: Vec<String> =
            plain.map(|package| format!("--exclude={}", package.name)).collect();
        excluded.sort();
        assert_eq!(MEMBERS[2..], excluded);
    }

    #[test]
    fn only_fenced_lines_are_commands() {
        let text =
            "cargo test is here\n```sh\n$ cargo run --release  # the tour\ncargo test\n```\n";
        assert_eq!(fenced(text, "cargo test").unwrap(), ["cargo", "test"]);
        assert_eq!(fenced(text, "cargo run").unwrap(), ["cargo", "run", "--release"]);
        assert_eq!(fenced("cargo test\n", "cargo test"), None);
        assert_eq!(fenced("```\ncargo tests\n```", "cargo test"), None);
    }

    #[test]
    fn each_feature_is_tried_alone_and_all_together() {
        assert_eq!(selections(&["f0", "f1", "f2"]), ["", "f0", "f1", "f2", "f0,f1,f2"]);
        assert_eq!(selections(&["f0"]), ["", "f0"]);
        assert_eq!(selections(&[]), [""]);
    }

    #[test]
    fn tests_that_count_are_left_out_under_asan() {
        let names = ["tcp", "count_allocations", "loom", "time"];
        assert_eq!(names.map(|name| runs_under_asan(name, true)), [true, false, false, true]);
        assert_eq!(names.map(|name| runs_under_asan(name, false)), [true, false, false, false]);
    }
}
