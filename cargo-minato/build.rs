//! Puts the sources of `compat/tokio-1` into the program, so that the program alone can make that
//! crate.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

/// What the made crate consists of, apart from tokio's source.
const PARTS: [&str; 3] = ["Cargo.toml", "build.rs", "src"];

fn main() -> io::Result<()> {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let folder = Path::new(&manifest_dir).join("../compat/tokio-1");
    let mut list = String::from("&[\n");
    for part in PARTS {
        println!("cargo:rerun-if-changed={}", folder.join(part).display());
        embed(&folder, part, &mut list)?;
    }
    list.push_str("]\n");
    let out_dir = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out_dir).join("template.rs"), list)
}

/// Adds the file `path` of the folder to the list, or all files below it.
fn embed(folder: &Path, path: &str, list: &mut String) -> io::Result<()> {
    let full = folder.join(path);
    // Tokio's own source is taken from the user's machine; a copy of it may lie there for the use
    // of editors.
    if path == "src/tokio" || !full.exists() {
        return Ok(());
    }
    if full.is_dir() {
        let mut names: Vec<_> = fs::read_dir(&full)?.collect::<Result<_, _>>()?;
        names.sort_by_key(|entry| entry.file_name());
        return names.iter().try_for_each(|entry| {
            embed(folder, &format!("{path}/{}", entry.file_name().display()), list)
        });
    }
    let full = full.canonicalize()?;
    writeln!(list, "    ({path:?}, include_str!({:?})),", full.display().to_string())
        .expect("writing to a string does not fail");
    Ok(())
}
