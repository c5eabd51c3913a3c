//! The lock file that cargo goes by instead of the project's: a copy of that, in which tokio is the
//! played one, and in which only what that crate needs newer is raised.

use std::collections::HashMap;
use std::fmt;

use cargo_metadata::Metadata;
use cargo_metadata::semver::Version;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use crate::outcome::Outcome;

/// One package of a lock file.
struct Entry {
    name: String,
    version: Version,
    source: Option<String>,
    /// What it depends on, each as `name version`.
    dependencies: Vec<String>,
    /// All of it but the dependencies.
    table: Table,
}

/// A package whose version differs from the one in the project's lock file.
pub(crate) struct Raised {
    pub(crate) name: String,
    pub(crate) from: Version,
    to: Version,
}

impl fmt::Display for Raised {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} -> {}", self.name, self.from, self.to)
    }
}

/// The packages of the project's lock file that ours has in another version.
pub(crate) fn raised(project: &str, ours: &str) -> Outcome<Vec<Raised>> {
    let (_, ours) = parse(ours)?;
    let (_, project) = parse(project)?;
    let raised = project.into_iter().filter_map(|Entry { name, version: from, .. }| {
        let mut same = ours.iter().filter(|other| other.replaces(&name, &from)).peekable();
        let to = same.peek()?.version.clone();
        same.all(|other| other.version != from).then_some(Raised { name, from, to })
    });
    Ok(raised.collect())
}

/// The project's lock file with the packages of `ours`, which is that of the crate that plays
/// tokio. `needs` is the graph of that crate, whose requirements decide what must be raised.
pub(crate) fn merge(project: &str, ours: &str, needs: &Metadata) -> Outcome<String> {
    let (mut document, mut packages) = parse(project)?;
    // The packages that others depend on under a version that is no longer there.
    let mut renamed = HashMap::new();
    for new in parse(ours)?.1 {
        // A crate that is in a folder takes the place of the one from the registry: that is tokio.
        let is_local = new.source.is_none();
        let same = packages.iter_mut().find(|old| {
            new.replaces(&old.name, &old.version) && (is_local || old.source == new.source)
        });
        let Some(old) = same else {
            packages.push(new);
            continue;
        };
        let names = [&*old, &new].map(|entry| format!("{} {}", entry.name, entry.version));
        let dependencies = needs.packages.iter().flat_map(|package| &package.dependencies);
        let mut wanted = dependencies.filter(|wanted| wanted.name == new.name);
        let is_new_enough = wanted
            .all(|wanted| wanted.req.matches(&old.version) || !wanted.req.matches(&new.version));
        if is_local || !is_new_enough {
            *old = new;
            let [gone, stays] = names;
            renamed.insert(gone, stays);
        } else {
            let [stays, gone] = names;
            renamed.insert(gone, stays);
        }
    }
    let mut tables = ArrayOfTables::new();
    for Entry { dependencies, mut table, .. } in packages {
        let dependencies =
            dependencies.into_iter().map(|name| renamed.get(&name).cloned().unwrap_or(name));
        table.insert("dependencies", value(Array::from_iter(dependencies)));
        tables.push(table);
    }
    document.insert("package", Item::ArrayOfTables(tables));
    Ok(document.to_string())
}

/// The file, and its packages.
fn parse(text: &str) -> Outcome<(DocumentMut, Vec<Entry>)> {
    let mut document: DocumentMut =
        text.parse().map_err(|error| format!("the lock file is not well-formed: {error}"))?;
    let packages =
        document.remove("package").and_then(|packages| packages.into_array_of_tables().ok());
    let mut entries = Vec::new();
    for mut table in packages.unwrap_or_default() {
        let text = |key| table.get(key).and_then(Item::as_str);
        let name = text("name").ok_or("the lock file has a package without a name")?.to_string();
        let version = text("version").and_then(|version| Version::parse(version).ok());
        let version = version.ok_or_else(|| format!("the lock file has no version of {name}"))?;
        let source = text("source").map(str::to_string);
        let listed = table.remove("dependencies").and_then(|listed| listed.into_value().ok());
        let listed = listed.as_ref().and_then(|listed| listed.as_array()).into_iter().flatten();
        let dependencies = listed.filter_map(|name| Some(name.as_str()?.to_string())).collect();
        entries.push(Entry { name, version, source, dependencies, table });
    }
    // A version is left out where there is only one, and there may soon be another.
    let names: Vec<_> =
        entries.iter().map(|entry| (entry.name.clone(), entry.version.clone())).collect();
    for dependency in entries.iter_mut().flat_map(|entry| &mut entry.dependencies) {
        let words: Vec<&str> = dependency.split(' ').collect();
        *dependency = match words[..] {
            [name] => match names.iter().find(|(known, _)| known == name) {
                Some((_, version)) => format!("{name} {version}"),
                None => name.to_string(),
            },
            [name, version, ..] => format!("{name} {version}"),
            [] => continue,
        };
    }
    Ok((document, entries))
}

impl Entry {
    /// Whether a graph can have only one of the two.
    fn replaces(&self, name: &str, version: &Version) -> bool {
        let range = |version: &Version| match (version.major, version.minor) {
            (0, 0) => (0, 0, version.patch),
            (0, minor) => (0, minor, 0),
            (major, _) => (major, 0, 0),
        };
        self.name == name && range(&self.version) == range(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str, bool, &[&str])]) -> String {
        let package = |(name, version, is_local, needs): &(&str, &str, bool, &[&str])| {
            let source = if *is_local { "" } else { "source = \"registry+index\"\n" };
            format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}\
                 dependencies = {needs:?}\n"
            )
        };
        format!("version = 4\n{}", packages.iter().map(package).collect::<String>())
    }

    /// A graph in which one package has these requirements.
    fn needs(requirements: &[(&str, &str)]) -> Metadata {
        let dependency = |(name, req): &(&str, &str)| {
            format!(
                r#"{{"name":"{name}","source":null,"req":"{req}","kind":null,"rename":null,
                "optional":false,"uses_default_features":true,"features":[],"target":null}}"#
            )
        };
        let dependencies: Vec<String> = requirements.iter().map(dependency).collect();
        let text = format!(
            r#"{{"packages":[{{"name":"minato","version":"0.1.0","id":"minato","source":null,
            "dependencies":[{}],"targets":[],"features":{{}},"manifest_path":"/a/Cargo.toml",
            "edition":"2021"}}],"workspace_members":[],"resolve":null,"target_directory":"/a",
            "version":1,"workspace_root":"/a"}}"#,
            dependencies.join(",")
        );
        cargo_metadata::MetadataCommand::parse(text).unwrap()
    }

    fn packages(lock: &str) -> Vec<String> {
        let (_, entries) = parse(lock).unwrap();
        let mut all: Vec<String> = entries
            .into_iter()
            .map(|entry| {
                let kind = if entry.source.is_some() { "" } else { " here" };
                format!("{} {}{kind} {:?}", entry.name, entry.version, entry.dependencies)
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn tokio_is_replaced_and_what_is_new_enough_stays() {
        let project = lock(&[
            ("main", "0.1.0", true, &["bytes", "slab", "tokio"]),
            ("tokio", "1.40.0", false, &["bytes"]),
            ("slab", "0.4.9", false, &[]),
            ("bytes", "1.6.0", false, &[]),
            ("old", "0.3.0", false, &[]),
        ]);
        let ours = lock(&[
            ("tokio", "1.54.1", true, &["bytes", "minato", "slab"]),
            ("minato", "0.1.0", true, &["old"]),
            ("slab", "0.4.12", false, &[]),
            ("bytes", "1.12.0", false, &[]),
            ("old", "0.4.0", false, &[]),
        ]);
        let needs = needs(&[("slab", "^0.4.11"), ("bytes", "^1.2"), ("old", "^0.4")]);
        let merged = merge(&project, &ours, &needs).unwrap();
        let expected = [
            r#"bytes 1.6.0 []"#,
            r#"main 0.1.0 here ["bytes 1.6.0", "slab 0.4.12", "tokio 1.54.1"]"#,
            r#"minato 0.1.0 here ["old 0.4.0"]"#,
            r#"old 0.3.0 []"#,
            r#"old 0.4.0 []"#,
            r#"slab 0.4.12 []"#,
            r#"tokio 1.54.1 here ["bytes 1.6.0", "minato 0.1.0", "slab 0.4.12"]"#,
        ];
        assert_eq!(packages(&merged), expected);
        let raised: Vec<String> =
            raised(&project, &merged).unwrap().iter().map(Raised::to_string).collect();
        assert_eq!(raised, ["tokio 1.40.0 -> 1.54.1", "slab 0.4.9 -> 0.4.12"]);
    }

    #[test]
    fn references_have_versions_where_there_are_several() {
        let project = lock(&[
            ("a", "1.0.0", false, &["b 0.1.0", "c"]),
            ("b", "0.1.0", false, &[]),
            ("b", "0.2.0 ".trim(), false, &["c 1.0.0 (registry+index)"]),
            ("c", "1.0.0", false, &[]),
        ]);
        let expected = [
            r#"a 1.0.0 ["b 0.1.0", "c 1.0.0"]"#,
            r#"b 0.1.0 []"#,
            r#"b 0.2.0 ["c 1.0.0"]"#,
            r#"c 1.0.0 []"#,
        ];
        assert_eq!(packages(&project), expected);
        assert_eq!(packages(&merge(&project, "", &needs(&[])).unwrap()), expected);
    }

    #[test]
    fn versions_replace_each_other_as_cargo_sees_it() {
        let is_one = |a: &str, b: &str| {
            let (_, mut entries) = parse(&lock(&[("a", a, false, &[])])).unwrap();
            entries.remove(0).replaces("a", &Version::parse(b).unwrap())
        };
        assert!(is_one("1.2.3", "1.9.0") && is_one("0.4.1", "0.4.9") && is_one("0.0.3", "0.0.3"));
        assert!(
            !is_one("1.2.3", "2.0.0") && !is_one("0.4.1", "0.5.0") && !is_one("0.0.3", "0.0.4")
        );
    }
}
