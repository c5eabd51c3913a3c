//! `cargo xtask package`: what is published can be used without this repository.
//!
//! Each public package is packed as it would be uploaded, and unpacked again. A workspace of what
//! came out of it, and of nothing else, must build and document itself without warnings. Before
//! that, the manifests must say what a reader of the registry needs, and no dependency may have a
//! licence that asks more of users than ours do.

mod licences;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::Package;

use super::cargo::metadata;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, LONG, cargo};
use crate::tree;

/// Where cargo puts the packages.
fn packed() -> PathBuf {
    tree::target().join("package")
}

/// Where they are unpacked.
fn unpacked() -> PathBuf {
    packed().join("unpacked")
}

pub(crate) fn run() -> Result<Outcome, String> {
    let packages = published()?;
    let mut problems: Vec<String> = packages.iter().flat_map(missing).collect();
    problems.extend(licences::problems(&packages)?);
    if problems.is_empty() {
        pack(&packages)?;
        unpack(&packages).map_err(|error| format!("{}: {error}", unpacked().display()))?;
        build()?;
        println!("{} packages build and document themselves", packages.len());
    }
    Ok(Outcome::from_problems(problems, Counts::default()))
}

/// The members that may be uploaded.
pub(super) fn published() -> Result<Vec<Package>, String> {
    let mut packages = metadata()?.packages;
    packages.retain(|package| package.publish.as_ref().is_none_or(|places| !places.is_empty()));
    Ok(packages)
}

/// What a manifest does not say, and the registry shows or wants.
fn missing(package: &Package) -> Vec<String> {
    let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
    let has_file = |name: &str| folder.join(name).is_file();
    let wanted = [
        ("a description", package.description.is_some()),
        ("documentation", package.documentation.is_some()),
        ("a licence", package.license.is_some()),
        ("rust-version", package.rust_version.is_some()),
        ("keywords, five at most", (1..=5).contains(&package.keywords.len())),
        ("categories, five at most", (1..=5).contains(&package.categories.len())),
        ("README.md", has_file("README.md")),
        ("the texts of its licences", has_file("LICENSE-MIT") && has_file("LICENSE-APACHE")),
    ];
    let missing = wanted.into_iter().filter(|(_, is_there)| !is_there);
    missing.map(|(what, _)| format!("{} lacks {what}", package.name)).collect()
}

/// Packs without building: [`build`] does it for all at once.
fn pack(packages: &[Package]) -> Result<(), String> {
    let mut command = cargo(&["package", "--no-verify", "--allow-dirty", "--quiet"]);
    for package in packages {
        command.args(["--package", &package.name]);
    }
    process::succeed(&mut command, LONG).map(drop)
}

/// Unpacks all into a workspace in which each finds the others, as in the registry.
fn unpack(packages: &[Package]) -> std::io::Result<()> {
    let folder = unpacked();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let (mut members, mut patches) = (String::new(), String::new());
    for Package { name, version, .. } in packages {
        let packed = packed().join(format!("{name}-{version}.crate"));
        let mut tar = Command::new("tar");
        tar.arg("--extract")
            .arg("--gzip")
            .arg("--file")
            .arg(packed)
            .arg("--directory")
            .arg(&folder);
        process::output(&mut tar).map_err(std::io::Error::other)?;
        members += &format!("    \"{name}-{version}\",\n");
        patches += &format!("{name} = {{ path = \"{name}-{version}\" }}\n");
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\n{members}]\n\n[patch.crates-io]\n{patches}"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    // The same versions of all dependencies, so that what was built of them is used again.
    fs::copy(tree::root().join("Cargo.lock"), folder.join("Cargo.lock")).map(drop)
}

/// Builds and documents what was unpacked.
fn build() -> Result<(), String> {
    let documented = ["--no-deps", "--config", "build.rustdocflags=['-D', 'warnings']"];
    for (name, arguments) in [("check", &[] as &[&str]), ("doc", &documented)] {
        let mut command = cargo(&[name, "--workspace", "--all-features"]);
        command.args(arguments).arg("--target-dir").arg(tree::target());
        process::succeed(command.current_dir(unpacked()), LONG)?;
    }
    Ok(())
}
