//! Makes the crate that plays tokio: our part, which this program carries in itself, beside tokio's
//! own source, which is on the user's machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use sha2::{Digest, Sha256};
use toml_edit::{DocumentMut, Item, Value};

use crate::library::Library;
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
    pub(crate) library: Library,
    /// Whether the feature `simulation` is on, whichever features are asked for.
    pub(crate) simulation: bool,
}

impl Recipe {
    /// `minato` is the checkout that the user named, if any.
    pub(crate) fn new(minato: Option<PathBuf>, simulation: bool) -> Outcome<Recipe> {
        Ok(Recipe { library: Library::new(minato)?, simulation })
    }

    /// A name for the crate that differs where the recipes, or what this program carries, do.
    pub(crate) fn name(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.library.to_string());
        hash.update(env!("CARGO_PKG_VERSION"));
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
        let minato = self.library.dependency()?;
        let text = template.replace(PLACEHOLDER, &format!("\nminato = {minato}\n"));
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
    fn the_manifest_names_minato_and_simulates_by_every_feature() {
        let template = TEMPLATE.iter().find(|(path, _)| *path == "Cargo.toml").unwrap().1;
        let manifest = |simulation| {
            let library = Library::Checkout(PathBuf::from("/a \"folder\""));
            let text = Recipe { library, simulation }.manifest(template).unwrap();
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
        let elsewhere = Library::Checkout(PathBuf::from("/elsewhere"));
        let elsewhere = Recipe { library: elsewhere, ..ours.clone() };
        let mut names = [ours.name(), simulated.name(), elsewhere.name(), ours.clone().name()];
        assert_eq!(names[0], names[3]);
        names.sort();
        assert!(names.windows(2).filter(|pair| pair[0] != pair[1]).count() == 2);
    }
}
