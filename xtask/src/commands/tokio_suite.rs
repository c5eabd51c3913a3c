//! `cargo xtask tokio-suite`: tokio's own published tests on the crate that plays tokio. They are
//! copied out of the package, below `target/`. Those that fail must be those that are listed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use cargo_metadata::MetadataCommand;

use super::programs;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, cargo, minutes};
use crate::tree;

/// Where the package is made that the tests are compiled in.
const FOLDER: &str = "target/tokio-suite";
const FOLDER_MANIFEST: &str = "target/tokio-suite/Cargo.toml";

/// The crate's own tests, which are run with tokio's.
const OURS: &str = "compat/tokio-1/tests";

const MANIFEST: &str = include_str!("tokio_suite.toml");

/// Tests that fail, one a line: `FILE TEST  # reason`. One whose reason starts with `hangs` is not
/// run, and a file whose TEST is `*` is not compiled.
const LISTS: [&str; 2] = ["compat/tokio-1/by-design.txt", DEVIATIONS];

/// Those that are not by the design of the whole library.
pub(super) const DEVIATIONS: &str = "compat/tokio-1/deviations.txt";

/// It asks for a folder that it may not read, and root may read all.
const NOT_AS_ROOT: &str = "fs_try_exists";

#[derive(Debug, PartialEq)]
pub(super) struct Listed<'a> {
    pub(super) file: &'a str,
    pub(super) test: &'a str,
    hangs: bool,
}

pub(crate) fn run() -> Result<Outcome, String> {
    let read = |path| fs::read_to_string(tree::root().join(path));
    let texts = LISTS.into_iter().map(read).collect::<io::Result<Vec<_>>>();
    let text = texts.map_err(|error| format!("{LISTS:?}: {error}"))?.concat();
    let listed: Vec<Listed<'_>> = text.lines().filter_map(parse).collect();
    let manifest = package(&prepare()?)?;
    let files = copy_tests(&manifest).map_err(|error| format!("{FOLDER}: {error}"))?;
    let is_root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let is_left_out = |file: &String| {
        let is_listed = |listed: &Listed<'_>| listed.file == file && listed.test == "*";
        (is_root && file == NOT_AS_ROOT) || listed.iter().any(is_listed)
    };
    let files: Vec<&String> = files.iter().filter(|file| !is_left_out(file)).collect();
    let test = |names: &[&String]| {
        let mut command = cargo(&["test", "--quiet", "--manifest-path", FOLDER_MANIFEST]);
        command.env("CARGO_TARGET_DIR", tree::programs_target());
        command.args(names.iter().flat_map(|name| ["--test", name.as_str()]));
        command
    };
    process::succeed(test(&files).arg("--no-run"), minutes(40))?;
    let (mut problems, mut counts) = (Vec::new(), Counts::default());
    for file in files {
        let mut command = test(&[file]);
        command.args(["--", "--test-threads=2", "--exact"]);
        let listed = listed.iter().filter(|listed| listed.file == *file);
        let (hanging, failing): (Vec<_>, Vec<_>) = listed.partition(|listed| listed.hangs);
        command.args(hanging.iter().flat_map(|listed| ["--skip", listed.test]));
        let (output, problem) = process::run(&mut command, minutes(8));
        let failing = failing.iter().map(|listed| listed.test).collect();
        problems.extend(judge(&output, problem, &failing).map(|why| format!("{file}: {why}")));
        counts += process::count_tests(&output);
    }
    Ok(Outcome::from_problems(problems, counts))
}

/// A line of a list: `FILE TEST  # reason`.
pub(super) fn parse(line: &str) -> Option<Listed<'_>> {
    let (names, reason) = line.split_once('#')?;
    let (file, test) = names.trim().split_once(' ')?;
    Some(Listed { file, test: test.trim(), hangs: reason.trim().starts_with("hangs") })
}

/// What is wrong with a run in which these tests should fail. `problem` is why cargo failed.
fn judge(output: &str, problem: Option<String>, expected: &BTreeSet<&str>) -> Option<String> {
    if !output.contains("test result: ") {
        return problem.or_else(|| Some("no result".to_string()));
    }
    let (_, last) = output.rsplit_once("\nfailures:\n").unwrap_or_default();
    let names = last.lines().map_while(|line| line.strip_prefix("    "));
    let failed: BTreeSet<&str> = names.collect();
    let list = |names: Vec<&&str>| names.iter().map(|name| format!(" {name}")).collect::<String>();
    let new = list(failed.difference(expected).collect());
    let good = list(expected.difference(&failed).collect());
    let new = (!new.is_empty()).then(|| format!("failed:{new}"));
    let good = (!good.is_empty()).then(|| format!("listed, but did not fail:{good}"));
    let parts: Vec<String> = new.into_iter().chain(good).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Makes the crate that plays tokio, and gives its folder.
pub(super) fn prepare() -> Result<PathBuf, String> {
    let folder = tree::root().join("target/tokio-played");
    let mut prepare = Command::new(programs::cargo_minato()?);
    process::succeed(prepare.args(["minato", "prepare"]).arg(&folder), process::LONG)?;
    Ok(folder)
}

/// Makes the package of the tests. Gives the manifest of the tokio that was published.
fn package(played: &Path) -> Result<PathBuf, String> {
    let folder = tree::root().join(FOLDER);
    let write = |folder: &Path, text: &str| {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("lib.rs"), "")?;
        fs::write(folder.join("Cargo.toml"), text)
    };
    let published = folder.join("published");
    write(&published, MANIFEST).map_err(|error| format!("{published:?}: {error}"))?;
    let patch = format!("[patch.crates-io]\ntokio = {{ path = {played:?} }}\n");
    write(&folder, &format!("{MANIFEST}{patch}"))
        .map_err(|error| format!("{folder:?}: {error}"))?;
    manifest_of("tokio", &published)
}

/// The manifest of a package that the one in `folder` depends on, which is fetched if need be.
pub(super) fn manifest_of(name: &str, folder: &Path) -> Result<PathBuf, String> {
    let metadata = MetadataCommand::new().current_dir(folder).exec();
    let packages = metadata.map_err(|error| error.to_string())?.packages;
    let package = packages.into_iter().find(|package| package.name == name);
    Ok(package.ok_or_else(|| format!("cargo found no {name}"))?.manifest_path.into())
}

/// Copies the tests of tokio that are beside this manifest, and ours. Gives the files' names.
fn copy_tests(manifest: &Path) -> io::Result<BTreeSet<String>> {
    let (theirs, ours) = (manifest.with_file_name("tests"), tree::root().join(OURS));
    let to = tree::root().join(FOLDER).join("tests");
    let mut names = BTreeSet::new();
    for (from, folder) in [(theirs.join("support"), "support"), (theirs, ""), (ours, "")] {
        fs::create_dir_all(to.join(folder))?;
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                fs::copy(&path, to.join(folder).join(format!("{name}.rs")))?;
                names.extend(folder.is_empty().then_some(name));
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_test_and_may_say_that_it_hangs() {
        let listed = |hangs| Listed { file: "tcp", test: "a::b", hangs };
        assert_eq!(parse("tcp a::b  # waits go on"), Some(listed(false)));
        assert_eq!(parse("tcp a::b  # hangs: waits go on"), Some(listed(true)));
        assert_eq!(parse("# a comment"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn only_what_differs_from_the_list_is_a_problem() {
        let output = "\nfailures:\n\n---- a ----\n\nfailures:\n    a\n    b\n\ntest result: FAILED";
        assert_eq!(judge(output, None, &BTreeSet::from(["a", "b"])), None);
        let why = judge(output, None, &BTreeSet::from(["b", "c"])).unwrap();
        assert_eq!(why, "failed: a; listed, but did not fail: c");
        assert_eq!(judge("test result: ok", None, &BTreeSet::new()), None);
        assert!(judge("error", None, &BTreeSet::new()).is_some());
    }
}
