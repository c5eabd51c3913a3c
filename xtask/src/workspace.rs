//! What cargo says about the workspace.

use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::tree;

pub(crate) fn read() -> Result<Metadata, String> {
    let mut command = MetadataCommand::new();
    command.current_dir(tree::root()).no_deps().other_options(["--offline".to_string()]);
    command.exec().map_err(|error| error.to_string())
}

/// The package in this folder of the project.
pub(crate) fn package<'a>(metadata: &'a Metadata, folder: &str) -> Result<&'a Package, String> {
    let manifest = tree::root().join(folder).join("Cargo.toml");
    let mut packages = metadata.packages.iter();
    let found = packages.find(|package| package.manifest_path.as_std_path() == manifest);
    found.ok_or_else(|| format!("there is no package in {folder}"))
}
