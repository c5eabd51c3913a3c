//! tokio's own published source, on the user's machine: cargo finds it or fetches it, and here it
//! is compared with what was published.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cargo;
use crate::outcome::{Context, Outcome};
use crate::prepare::files;

/// The version that is played.
pub(crate) const VERSION: &str = "1.54.1";

/// What [`digest`] says about the folder `src` of the published package.
pub(crate) const DIGEST: &str = "bf6b7d019d31fa96795dd129dd94dd473774ec75c59de978aa77bac196962b1b";

/// A package that depends on tokio and on nothing else. It is a workspace of its own, so that a
/// workspace around it does not take it for a member.
const SCRATCH: &str = r#"
[package]
name = "scratch"
edition = "2021"
[lib]
path = "lib.rs"
[workspace]
[dependencies.tokio]
default-features = false
"#;

/// The files of tokio's folder `src`, byte for byte. `beside` is a folder in which cargo may work:
/// it obeys the configuration files of that folder and of those around it.
pub(crate) fn published(beside: &Path, is_offline: bool) -> Outcome<Vec<(PathBuf, Vec<u8>)>> {
    let scratch = cargo::scratch(beside)?;
    let manifest = scratch.path().join("Cargo.toml");
    fs::write(&manifest, format!("{SCRATCH}version = \"={VERSION}\"\n")).context(&manifest)?;
    fs::write(scratch.path().join("lib.rs"), "").context(scratch.path())?;
    let metadata = cargo::graph_of(scratch.path(), is_offline)?;
    let found = metadata
        .packages
        .iter()
        .find(|package| package.name == "tokio" && package.version.to_string() == VERSION);
    let package = found.ok_or("cargo found no tokio")?;
    let root = package.manifest_path.parent().expect("a manifest lies in a folder");
    let root = root.join("src").into_std_path_buf();
    let mut texts = Vec::new();
    for file in files(&root).context(&root)? {
        let text = fs::read(&file).context(&file)?;
        texts.push((file.strip_prefix(&root).expect("it is below").to_path_buf(), text));
    }
    match digest(&texts) == DIGEST {
        true => Ok(texts),
        false => Err(format!(
            "the files in {} are not those of tokio {VERSION} as it was published ({}). Remove \
             that folder, so that cargo unpacks it again",
            root.display(),
            digest(&texts)
        )),
    }
}

/// A text that differs where a path or a byte does.
fn digest(texts: &[(PathBuf, Vec<u8>)]) -> String {
    let mut hash = Sha256::new();
    for (path, text) in texts {
        // On every system the same.
        for part in path {
            hash.update(b"/");
            hash.update(part.as_encoded_bytes());
        }
        hash.update(b"\n");
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hexadecimal(&hash.finalize())
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
