//! The names of the crate that plays tokio are there under the features under which tokio has them,
//! and under no others: both crates are asked for all names, with one feature after the other.

use std::collections::BTreeSet;
use std::fs;

use super::tokio_suite;
use crate::outcome::{Counts, Outcome};
use crate::process::cargo;
use crate::tree;

const NAMES: &str = "compat/tokio-1/names.txt";

const FOLDER: &str = "target/tokio-names";

/// tokio's features, apart from those that need `tokio_unstable`, and from `full`.
const FEATURES: &[&str] = &[
    "",
    "fs",
    "io-std",
    "io-util",
    "macros",
    "net",
    "parking_lot",
    "process",
    "rt",
    "rt-multi-thread",
    "signal",
    "sync",
    "test-util",
    "time",
];

pub(crate) fn run() -> Result<Outcome, String> {
    Ok(Outcome::from_problems(problems()?, Counts::default()))
}

/// What differs.
fn problems() -> Result<Vec<String>, String> {
    let names = tree::root().join(NAMES);
    let names = fs::read_to_string(&names).map_err(|error| format!("{NAMES}: {error}"))?;
    let names: Vec<&str> = names.lines().collect();
    let played = tokio_suite::prepare()?;
    let imports: String = names.iter().map(|name| format!("use tokio::{name} as _;\n")).collect();
    let features = FEATURES.iter().filter(|feature| !feature.is_empty());
    let features: String =
        features.map(|feature| format!("{feature} = [\"tokio/{feature}\"]\n")).collect();
    let patch = format!("[patch.crates-io]\ntokio = {{ path = {played:?} }}\n");
    for (folder, patch) in [("published", ""), ("played", &patch)] {
        let manifest = format!(
            "[package]\nname = \"names\"\nedition = \"2021\"\n[workspace]\n[lib]\n\
             path = \"lib.rs\"\n[features]\n{features}[dependencies]\ntokio = \"=1.54.1\"\n{patch}"
        );
        let folder = tree::root().join(FOLDER).join(folder);
        let write = |name, text: &str| fs::write(folder.join(name), text);
        let result = fs::create_dir_all(&folder)
            .and_then(|()| write("Cargo.toml", &manifest))
            .and_then(|()| write("lib.rs", &format!("#![allow(unused_imports)]{imports}")));
        result.map_err(|error| format!("{folder:?}: {error}"))?;
    }
    let mut problems = Vec::new();
    for feature in FEATURES {
        let [published, played] = [absent("published", feature)?, absent("played", feature)?];
        problems.extend(published.symmetric_difference(&played).map(|line| {
            let state = if played.contains(line) { "is not there" } else { "is there" };
            let name = names.get(line - 1).unwrap_or(&"(no name)");
            format!("with the feature `{feature}`, unlike in tokio, `tokio::{name}` {state}")
        }));
    }
    Ok(problems)
}

/// The lines whose names are not there.
fn absent(folder: &str, feature: &str) -> Result<BTreeSet<usize>, String> {
    let manifest = format!("{FOLDER}/{folder}/Cargo.toml");
    let mut check = cargo(&["check", "--message-format=short", "--target-dir", FOLDER]);
    check.args(["--manifest-path", &manifest, "--features", feature]);
    // Not shown: most of what it says is as it should be.
    let output = check.output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().filter_map(|line| line.strip_prefix("lib.rs:"));
    let lines = lines.filter_map(|line| line.split(':').next()?.parse().ok());
    let lines: BTreeSet<usize> = lines.collect();
    if lines.is_empty() && !output.status.success() {
        return Err(format!("with the feature `{feature}`: {text}"));
    }
    Ok(lines)
}
