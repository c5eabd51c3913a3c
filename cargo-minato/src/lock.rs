//! The lock file that cargo goes by instead of the project's: a copy of that, in which tokio is the
//! played one, and in which only what that crate needs newer is raised.

use std::collections::HashMap;
use std::fmt;

use cargo_metadata::semver::Version;
use cargo_metadata::{Metadata, Package};
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
    let ours = parse(ours)?.1;
    let taken = taken(&packages, &ours, needs);
    // The packages that others depend on under a version that is no longer there.
    let mut renamed = HashMap::new();
    for (new, is_taken) in ours.into_iter().zip(taken) {
        let Some(at) = new.counterpart(&packages) else {
            packages.push(new);
            continue;
        };
        let old = &mut packages[at];
        let [old_name, new_name] = [&*old, &new].map(|it| format!("{} {}", it.name, it.version));
        if is_taken {
            *old = new;
            renamed.insert(old_name, new_name);
        } else {
            renamed.insert(new_name, old_name);
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

/// Which of ours are taken: those that the project lacks; those that are in a folder, such as the
/// tokio that takes the place of the registry's; and those that a taken one needs newer than the
/// project has them.
fn taken(project: &[Entry], ours: &[Entry], needs: &Metadata) -> Vec<bool> {
    let is_given = |new: &Entry| new.source.is_none() || new.counterpart(project).is_none();
    let mut taken: Vec<bool> = ours.iter().map(is_given).collect();
    loop {
        let is_taken = |package: &&Package| {
            let mut taken = ours.iter().zip(&taken).filter(|(_, is_taken)| **is_taken);
            taken.any(|(new, _)| new.name == *package.name && new.version == package.version)
        };
        let needing = needs.packages.iter().filter(is_taken);
        let wanted: Vec<_> = needing.flat_map(|package| &package.dependencies).collect();
        let is_too_old = |new: &Entry| {
            let old = new.counterpart(project).map(|at| &project[at].version);
            wanted.iter().filter(|wanted| wanted.name == new.name).any(|wanted| {
                wanted.req.matches(&new.version) && !old.is_some_and(|old| wanted.req.matches(old))
            })
        };
        let next = ours.iter().zip(&taken).map(|(new, is_taken)| *is_taken || is_too_old(new));
        let next: Vec<bool> = next.collect();
        if next == taken {
            return taken;
        }
        taken = next;
    }
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
    /// The place of the package that cannot be in a graph beside this one.
    fn counterpart(&self, packages: &[Entry]) -> Option<usize> {
        packages.iter().position(|old| {
            self.replaces(&old.name, &old.version)
                && (self.source.is_none() || self.source == old.source)
        })
    }

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

    /// A package, its version and its requirements.
    type Needing<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

    /// A graph of these packages.
    fn needs(packages: &[Needing<'_>]) -> Metadata {
        let dependency = |(name, req): &(&str, &str)| {
            format!(
                r#"{{"name":"{name}","source":null,"req":"{req}","kind":null,"rename":null,
                "optional":false,"uses_default_features":true,"features":[],"target":null}}"#
            )
        };
        let package = |(name, version, requirements): &Needing<'_>| {
            let dependencies: Vec<String> = requirements.iter().map(dependency).collect();
            format!(
                r#"{{"name":"{name}","version":"{version}","id":"{name}","source":null,
                "dependencies":[{}],"targets":[],"features":{{}},"edition":"2021",
                "manifest_path":"/a/Cargo.toml"}}"#,
                dependencies.join(",")
            )
        };
        let packages: Vec<String> = packages.iter().map(package).collect();
        let text = format!(
            r#"{{"packages":[{}],"workspace_members":[],"resolve":null,"target_directory":"/a",
            "version":1,"workspace_root":"/a"}}"#,
            packages.join(",")
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
            ("bytes", "1.6.0", false, &["core"]),
            ("core", "2.0.0", false, &[]),
            ("part", "1.0.0", false, &[]),
            ("old", "0.3.0", false, &[]),
        ]);
        let ours = lock(&[
            ("tokio", "1.54.1", true, &["bytes", "minato", "slab"]),
            ("minato", "0.1.0", true, &["old"]),
            ("slab", "0.4.12", false, &["part"]),
            ("bytes", "1.12.0", false, &["core"]),
            ("core", "2.1.0", false, &[]),
            ("part", "1.6.0", false, &[]),
            ("old", "0.4.0", false, &[]),
        ]);
        // What stays as it is, as `bytes` does, raises nothing; what is raised may.
        let needs = needs(&[
            ("minato", "0.1.0", &[("slab", "^0.4.11"), ("bytes", "^1.2"), ("old", "^0.4")]),
            ("slab", "0.4.12", &[("part", "^1.5")]),
            ("bytes", "1.12.0", &[("core", "^2.1")]),
        ]);
        let merged = merge(&project, &ours, &needs).unwrap();
        let expected = [
            r#"bytes 1.6.0 ["core 2.0.0"]"#,
            r#"core 2.0.0 []"#,
            r#"main 0.1.0 here ["bytes 1.6.0", "slab 0.4.12", "tokio 1.54.1"]"#,
            r#"minato 0.1.0 here ["old 0.4.0"]"#,
            r#"old 0.3.0 []"#,
            r#"old 0.4.0 []"#,
            r#"part 1.6.0 []"#,
            r#"slab 0.4.12 ["part 1.6.0"]"#,
            r#"tokio 1.54.1 here ["bytes 1.6.0", "minato 0.1.0", "slab 0.4.12"]"#,
        ];
        assert_eq!(packages(&merged), expected);
        let raised: Vec<String> =
            raised(&project, &merged).unwrap().iter().map(Raised::to_string).collect();
        assert_eq!(
            raised,
            ["tokio 1.40.0 -> 1.54.1", "slab 0.4.9 -> 0.4.12", "part 1.0.0 -> 1.6.0",]
        );
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
