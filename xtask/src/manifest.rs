//! A reader for the little of TOML that our own manifests and the lock file use: tables of `key =
//! value` lines, and arrays that may go over several lines.

use std::path::PathBuf;

use crate::process;
use crate::tree;

/// The `[tables]` of a file, in order, with their entries.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) tables: Vec<(String, Vec<(String, String)>)>,
}

impl Manifest {
    pub(crate) fn read(path: &str) -> Result<Manifest, String> {
        let text = std::fs::read_to_string(tree::root().join(path));
        Ok(Manifest::parse(&text.map_err(|error| format!("{path}: {error}"))?))
    }

    pub(crate) fn parse(text: &str) -> Manifest {
        let mut tables: Vec<(String, Vec<(String, String)>)> = vec![(String::new(), Vec::new())];
        let mut lines = text.lines().map(without_comment);
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.starts_with('[') {
                tables.push((line.trim_matches(['[', ']']).to_string(), Vec::new()));
            } else if let Some((key, value)) = line.split_once('=') {
                let mut value = value.trim().to_string();
                // An array that goes on: its brackets are not closed yet.
                while value.matches('[').count() > value.matches(']').count() {
                    let Some(more) = lines.next() else { break };
                    value.push_str(more.trim());
                }
                let table = &mut tables.last_mut().expect("starts with one table").1;
                table.push((key.trim().trim_matches('"').to_string(), value));
            }
        }
        Manifest { tables }
    }

    /// The entries of the first table of this name.
    pub(crate) fn table(&self, name: &str) -> &[(String, String)] {
        self.tables.iter().find(|(table, _)| table == name).map_or(&[], |(_, entries)| entries)
    }

    pub(crate) fn value(&self, table: &str, key: &str) -> Option<&str> {
        get(self.table(table), key)
    }

    /// The names of `[dependencies]`, those for one platform included, without dev- and
    /// build-dependencies.
    pub(crate) fn dependencies(&self) -> Vec<&str> {
        let tables = self.tables.iter().filter(|(name, _)| {
            name == "dependencies"
                || (name.starts_with("target.") && name.ends_with(".dependencies"))
        });
        tables
            .flat_map(|(_, entries)| entries)
            .map(|(key, _)| key.split('.').next().unwrap_or(key).trim())
            .collect()
    }
}

/// The value of a key in a table's entries, without quotes.
pub(crate) fn get<'a>(entries: &'a [(String, String)], key: &str) -> Option<&'a str> {
    entries.iter().find(|(name, _)| name == key).map(|(_, value)| value.trim_matches('"'))
}

/// The strings of an array.
pub(crate) fn strings(array: &str) -> Vec<String> {
    array.split('"').skip(1).step_by(2).map(str::to_string).collect()
}

/// The folders of the workspace's members, or of its default members.
pub(crate) fn members(key: &str) -> Result<Vec<String>, String> {
    let manifest = Manifest::read("Cargo.toml")?;
    let array = manifest.value("workspace", key);
    Ok(strings(array.ok_or_else(|| format!("Cargo.toml: no {key} in [workspace]"))?))
}

/// The name of the package in this folder.
pub(crate) fn package_name(folder: &str) -> Result<String, String> {
    let manifest = Manifest::read(&format!("{folder}/Cargo.toml"))?;
    let name = manifest.value("package", "name").map(str::to_string);
    name.ok_or_else(|| format!("{folder}/Cargo.toml: the package has no name"))
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let mut command =
        process::cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"]);
    let output = command.output().map_err(|error| format!("cargo metadata: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value =
        text.split("\"target_directory\":\"").nth(1).and_then(|rest| rest.split('"').next());
    value.map(PathBuf::from).ok_or_else(|| "cargo metadata names no target directory".to_string())
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[workspace]
        members = [ # all
          \"a\",
          \"b/c\",
        ]

        [dependencies]
        mio.workspace = true
        libc = { version = \"0.2\", features = [\"x\"] }
        [target.'cfg(unix)'.dependencies]
        nix = \"1\"
        [dev-dependencies]
        smol = \"2\"
        [package]
        name = \"one # two\"";

    #[test]
    fn arrays_and_tables_are_read() {
        let manifest = Manifest::parse(TEXT);
        assert_eq!(strings(manifest.value("workspace", "members").unwrap()), ["a", "b/c"]);
        assert_eq!(manifest.dependencies(), ["mio", "libc", "nix"]);
        assert_eq!(manifest.value("package", "name"), Some("one # two"));
        assert_eq!(manifest.value("package", "absent"), None);
    }

    #[test]
    fn the_real_workspace_is_read() {
        assert!(members("members").unwrap().contains(&"xtask".to_string()));
        assert_eq!(package_name("xtask").unwrap(), "xtask");
        assert!(target_directory().unwrap().is_absolute());
    }
}
