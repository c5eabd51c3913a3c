//! Puts the sources of `compat/tokio-1` into the program, so that the program alone can make that
//! crate. Links in the folder `template` lead to them, since a package holds nothing from outside
//! of its own folder; the manifest has another name there, since a package holds no other package.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

/// What the made crate consists of, apart from tokio's source: names there, and in the folder.
const PARTS: [(&str, &str); 2] = [("Cargo.toml", "manifest.toml"), ("src", "src")];

fn main() -> io::Result<()> {
    let manifest_dir = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let manifest_dir = Path::new(&manifest_dir);
    let folder = manifest_dir.join("template");
    let mut list = String::from("&[\n");
    for (path, part) in PARTS {
        println!("cargo:rerun-if-changed={}", folder.join(part).display());
        embed(&folder.join(part), path, &mut list)?;
    }
    // A published package has no library beside it.
    if let Some(checkout) = manifest_dir.parent().filter(|it| it.join("minato/Cargo.toml").exists())
    {
        println!("cargo:rustc-env=MINATO_CHECKOUT={}", checkout.display());
    }
    list.push_str("]\n");
    let out_dir = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out_dir).join("template.rs"), list)
}

/// Adds the file `full` to the list as `path`, or all files below it.
fn embed(full: &Path, path: &str, list: &mut String) -> io::Result<()> {
    // Tokio's own source is taken from the user's machine; a copy of it may lie there for the use
    // of editors.
    if path == "src/tokio" {
        return Ok(());
    }
    if full.is_dir() {
        let mut names: Vec<_> = fs::read_dir(full)?.collect::<Result<_, _>>()?;
        names.sort_by_key(|entry| entry.file_name());
        return names.iter().try_for_each(|entry| {
            embed(&entry.path(), &format!("{path}/{}", entry.file_name().display()), list)
        });
    }
    let full = full.canonicalize()?;
    writeln!(list, "    ({path:?}, include_str!({:?})),", full.display().to_string())
        .expect("writing to a string does not fail");
    Ok(())
}
