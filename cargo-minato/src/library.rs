//! Where Minato, the library, is taken from.

use std::fmt;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;
use toml_edit::{InlineTable, Value};

use crate::outcome::{Context, Outcome};

/// The checkout that this program was built in, unless it was built from its published package.
const BUILT_IN: Option<&str> = option_env!("MINATO_CHECKOUT");

/// The release that belongs to this program: all crates of a release have one version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// A folder that has all of Minato's source.
    Checkout(PathBuf),
    /// The registry, in this program's own version.
    Published,
}

impl Library {
    /// `given` is what the user named. Else a program that was built in a checkout takes that one,
    /// and one that was installed from the registry takes the library from there.
    pub(crate) fn new(given: Option<PathBuf>) -> Outcome<Library> {
        match (given, BUILT_IN) {
            (Some(given), _) if is_checkout(&given) => Library::in_folder(&given),
            (Some(given), _) => Err(format!(
                "there is no Minato in {}: --minato wants the folder of its checkout, which has \
                 the folder `minato` with the library",
                given.display()
            )),
            (None, Some(folder)) => Library::built_in(Path::new(folder)),
            (None, None) => Ok(Library::Published),
        }
    }

    fn built_in(folder: &Path) -> Outcome<Library> {
        if is_checkout(folder) {
            return Library::in_folder(folder);
        }
        Err(format!(
            "Minato was not found: cargo-minato was built from the checkout {}, which is no longer \
             there. Name another with --minato DIR, or install cargo-minato from one",
            folder.display()
        ))
    }

    fn in_folder(folder: &Path) -> Outcome<Library> {
        Ok(Library::Checkout(folder.canonicalize().context(folder)?))
    }

    /// What a manifest has on the right of `minato = `.
    pub(crate) fn dependency(&self) -> Outcome<Value> {
        let mut table = InlineTable::new();
        match self {
            Library::Checkout(folder) => {
                let folder = folder.join("minato");
                let folder = folder.to_str().ok_or("the path of Minato is not Unicode")?;
                table.insert("path", folder.into());
            }
            Library::Published => drop(table.insert("version", format!("={VERSION}").into())),
        }
        Ok(table.into())
    }

    /// The manifests that decide what the library depends on. The version does so where they lie in
    /// the registry.
    pub(crate) fn manifests(&self) -> Vec<PathBuf> {
        let Library::Checkout(folder) = self else { return Vec::new() };
        ["Cargo.toml", "minato/Cargo.toml", "minato-interpose/Cargo.toml"]
            .map(|manifest| folder.join(manifest))
            .to_vec()
    }

    /// Whether a package of a graph is this library.
    pub(crate) fn is(&self, package: &Package) -> bool {
        package.name == "minato"
            && match self {
                Library::Checkout(folder) => package.manifest_path.starts_with(folder),
                Library::Published => {
                    package.source.is_some() && package.version.to_string() == VERSION
                }
            }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Library::Checkout(folder) => folder.display().fmt(f),
            Library::Published => f.write_str("from the registry"),
        }
    }
}

fn is_checkout(folder: &Path) -> bool {
    folder.join("minato/src/lib.rs").is_file() && folder.join("Cargo.toml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_that_is_gone_is_an_error_that_says_so() {
        let error = Library::built_in(Path::new("/nowhere/minato")).unwrap_err();
        assert!(
            error.contains("built from the checkout /nowhere/minato, which is no longer there")
        );
        let ours = Library::new(None).unwrap();
        let Library::Checkout(folder) = &ours else { panic!("the tests are built in a checkout") };
        assert_eq!(Library::new(Some(folder.clone())), Ok(ours));
    }

    #[test]
    fn a_published_program_takes_the_library_of_its_version() {
        let dependency = Library::Published.dependency().unwrap().to_string();
        assert_eq!(dependency, format!("{{ version = \"={VERSION}\" }}"));
        assert!(Library::Published.manifests().is_empty());
    }
}
