//! Makes the crate that plays tokio: our part, which this program carries in itself, beside tokio's
//! own source, which is on the user's machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use sha2::{Digest, Sha256};
use toml_edit::{DocumentMut, InlineTable, Item, Value};

use crate::outcome::{Context, Outcome};
use crate::{cargo, source};

/// Our part of the crate: paths and texts.
const TEMPLATE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/template.rs"));

/// Where the template's manifest wants to be told where Minato is.
const PLACEHOLDER: &str = "\nminato = MINATO\n";

/// The template's feature for what a simulated world needs.
const SIMULATION: &str = "simulation";

/// The file by which a folder is known to be ours to overwrite.
const MARK: &str = ".made-by-cargo-minato";

/// What distinguishes two crates that play tokio.
#[derive(Clone)]
pub(crate) struct Recipe {
    /// The checkout of Minato.
    pub(crate) minato: PathBuf,
    /// Whether the feature `simulation` is on, whichever features are asked for.
    pub(crate) simulation: bool,
}

impl Recipe {
    /// `minato` is what the user gave, else it is the checkout that this program was built from.
    pub(crate) fn new(minato: Option<PathBuf>, simulation: bool) -> Outcome<Recipe> {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        let built_from = ours.parent().unwrap_or(ours).to_path_buf();
        Ok(Recipe { minato: checkout(minato, built_from)?, simulation })
    }

    /// A name for the crate that differs where the recipes, or what this program carries, do.
    pub(crate) fn name(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.minato.as_os_str().as_encoded_bytes());
        hash.update([u8::from(self.simulation)]);
        for text in TEMPLATE.iter().flat_map(|(path, text)| [path, text]) {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        hash.update(source::DIGEST);
        let digest = source::hexadecimal(&hash.finalize()[..8]);
        format!("tokio-{}-{digest}", source::VERSION)
    }

    /// The crate in a folder below `base`. It is made if it is not there; a crate of another recipe
    /// is another folder, so a folder that is there is whole and stays as it is.
    pub(crate) fn place(&self, base: &Path, is_offline: bool) -> Outcome<PathBuf> {
        let folder = base.join(self.name());
        if !folder.exists() {
            let scratch = cargo::scratch(base)?;
            let made = scratch.path().join("crate");
            self.write(&made, is_offline)?;
            cargo::graph_of(&made, is_offline)?;
            // Somebody else may have been faster, with the same.
            if let Err(error) = fs::rename(&made, &folder) {
                return if folder.exists() { Ok(folder) } else { Err(error).context(&folder) };
            }
        }
        Ok(folder)
    }

    /// The manifest of the crate.
    fn manifest(&self, template: &str) -> Outcome<String> {
        let mut path = InlineTable::new();
        let folder = self.minato.join("minato");
        let folder = folder.to_str().ok_or("the path of Minato is not Unicode")?;
        path.insert("path", folder.into());
        let text = template.replace(PLACEHOLDER, &format!("\nminato = {path}\n"));
        let mut manifest: DocumentMut = text.parse().map_err(|error| {
            format!("the manifest that cargo-minato carries is not well-formed: {error}")
        })?;
        // A feature that each other one turns on is on whatever the dependents ask for, and cargo
        // finds the optional dependencies that it needs.
        let features = manifest.get_mut("features").and_then(Item::as_table_like_mut);
        if let Some(features) = features.filter(|_| self.simulation) {
            for (name, list) in features.iter_mut() {
                if let Some(list) = list.as_array_mut().filter(|_| name != SIMULATION) {
                    list.push(SIMULATION);
                }
            }
        }
        Ok(manifest.to_string())
    }

    /// Writes the crate to `folder`, which is empty, absent, or was written by this function. Files
    /// that are right already are not touched, so that cargo does not build them again.
    fn write(&self, folder: &Path, is_offline: bool) -> Outcome<()> {
        let is_free = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        if !is_free && !folder.join(MARK).exists() {
            return Err(format!(
                "{} is not empty, and cargo minato did not make what is in it",
                folder.display()
            ));
        }
        fs::create_dir_all(folder).context(folder)?;
        let mut texts = vec![(PathBuf::from(MARK), Vec::new())];
        for (path, text) in TEMPLATE {
            let text = match *path {
                "Cargo.toml" => self.manifest(text)?,
                _ => (*text).to_string(),
            };
            texts.push((PathBuf::from(path), text.into_bytes()));
        }
        let parent = folder.canonicalize().context(folder)?;
        let parent = parent.parent().unwrap_or(&parent);
        for (path, text) in source::published(parent, is_offline)? {
            texts.push((Path::new("src/tokio").join(path), text));
        }
        let wanted: BTreeSet<_> = texts.iter().map(|(path, _)| folder.join(path)).collect();
        for file in files(&folder.join("src")).context(folder)? {
            if !wanted.contains(&file) {
                fs::remove_file(&file).context(&file)?;
            }
        }
        for (path, text) in texts {
            let path = folder.join(path);
            if fs::read(&path).is_ok_and(|old| old == text) {
                continue;
            }
            let parent = path.parent().expect("a file lies in a folder");
            fs::create_dir_all(parent).context(parent)?;
            fs::write(&path, text).context(&path)?;
        }
        Ok(())
    }
}

/// The checkout that was given, else the one that this program was built from.
fn checkout(given: Option<PathBuf>, built_from: PathBuf) -> Outcome<PathBuf> {
    let is_given = given.is_some();
    let folder = given.unwrap_or(built_from);
    if folder.join("minato/src/lib.rs").is_file() && folder.join("Cargo.toml").is_file() {
        return folder.canonicalize().context(&folder);
    }
    let folder = folder.display();
    Err(match is_given {
        true => format!(
            "there is no Minato in {folder}: --minato wants the folder of its checkout, which has \
             the folder `minato` with the library"
        ),
        false => format!(
            "Minato was not found: cargo-minato was built from the checkout {folder}, which is no \
             longer there. Name another with --minato DIR, or install cargo-minato from one"
        ),
    })
}

/// All files below a folder, which may be absent.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = Vec::from_iter(folder.exists().then(|| folder.to_path_buf()));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// `cargo minato prepare`.
pub(crate) fn run(folder: &Path, recipe: &Recipe) -> Outcome<ExitCode> {
    recipe.write(folder, false)?;
    let folder = folder.canonicalize().context(folder)?;
    let folder = Value::from(folder.to_str().ok_or("the path of the folder is not Unicode")?);
    println!("[patch.crates-io]\ntokio = {{ path = {} }}", folder.to_string().trim());
    eprintln!(
        "minato: with these lines in Cargo.toml, tokio is played. If cargo warns that the patch \
         was not used, Cargo.lock is too old for it: `cargo update` helps"
    );
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_that_is_gone_is_an_error_that_says_so() {
        let gone = PathBuf::from("/nowhere/minato");
        let error = checkout(None, gone.clone()).unwrap_err();
        assert!(
            error.contains("built from the checkout /nowhere/minato, which is no longer there")
        );
        let ours = Recipe::new(None, false).unwrap().minato;
        assert_eq!(checkout(Some(ours.clone()), gone), Ok(ours));
    }

    #[test]
    fn the_manifest_names_minato_and_simulates_by_every_feature() {
        let template = TEMPLATE.iter().find(|(path, _)| *path == "Cargo.toml").unwrap().1;
        let manifest = |simulation| {
            let minato = PathBuf::from("/a \"folder\"");
            let text = Recipe { minato, simulation }.manifest(template).unwrap();
            text.parse::<DocumentMut>().unwrap()
        };
        let [plain, simulated] = [false, true].map(manifest);
        let path = plain["dependencies"]["minato"]["path"].as_str();
        assert_eq!(path, Some("/a \"folder\"/minato"));
        assert!(plain.get("workspace").is_some());
        let turned_on = |manifest: &DocumentMut| {
            let features = manifest["features"].as_table().unwrap();
            let has = |item: &Item| item.as_array().unwrap().to_string().contains("simulation");
            (features.iter().filter(|(_, item)| has(item)).count(), features.len())
        };
        let (count, all) = turned_on(&simulated);
        assert!(count == all - 1 && turned_on(&plain) == (0, all), "{count} of {all}");
    }

    #[test]
    fn recipes_that_differ_have_folders_that_differ() {
        let ours = Recipe::new(None, false).unwrap();
        let simulated = Recipe { simulation: true, ..ours.clone() };
        let elsewhere = Recipe { minato: PathBuf::from("/elsewhere"), ..ours.clone() };
        let mut names = [ours.name(), simulated.name(), elsewhere.name(), ours.clone().name()];
        assert_eq!(names[0], names[3]);
        names.sort();
        assert!(names.windows(2).filter(|pair| pair[0] != pair[1]).count() == 2);
    }
}
