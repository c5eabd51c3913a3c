//! The licences of all that comes with a public package.

use std::collections::{BTreeSet, HashMap};

use cargo_metadata::{DependencyKind, MetadataCommand, Package, PackageId};
use spdx::{Expression, Licensee, ParseMode};

use crate::tree;

/// What asks no more of a user than the notices that our own licences ask for.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The dependencies of `packages`, tests apart, whose licences are not allowed.
pub(super) fn problems(packages: &[Package]) -> Result<Vec<String>, String> {
    let mut command = MetadataCommand::new();
    let metadata = command.current_dir(tree::root()).exec().map_err(|error| error.to_string())?;
    let nodes = metadata.resolve.as_ref().map(|resolve| &resolve.nodes).into_iter().flatten();
    let nodes: HashMap<_, _> = nodes.map(|node| (&node.id, node)).collect();
    let mut reached: BTreeSet<&PackageId> = BTreeSet::new();
    let mut next: Vec<&PackageId> = packages.iter().map(|package| &package.id).collect();
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            let dependencies = nodes.get(id).map(|node| &node.deps).into_iter().flatten();
            let shipped = dependencies.filter(|dependency| {
                let mut kinds = dependency.dep_kinds.iter();
                kinds.any(|kind| kind.kind != DependencyKind::Development)
            });
            next.extend(shipped.map(|dependency| &dependency.pkg));
        }
    }
    println!("{} packages are shipped or built with ours", reached.len());
    let shipped = metadata.packages.iter().filter(|package| reached.contains(&package.id));
    Ok(shipped.filter_map(problem).collect())
}

fn problem(package: &Package) -> Option<String> {
    let Some(text) = &package.license else {
        return Some(format!("{} {} names no licence", package.name, package.version));
    };
    let is_allowed = is_allowed(text);
    (!is_allowed).then(|| format!("{} {} is under {text}", package.name, package.version))
}

/// Whether the user may choose licences that are all allowed.
fn is_allowed(text: &str) -> bool {
    let allowed: Vec<Licensee> =
        ALLOWED.iter().map(|name| Licensee::parse(name).expect("a known licence")).collect();
    // Older manifests write `MIT/Apache-2.0`.
    Expression::parse_mode(text, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_allowed_and_a_duty_is_not() {
        assert!(is_allowed("MIT OR GPL-3.0-only"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!is_allowed("MIT AND GPL-3.0-only"));
        assert!(!is_allowed("LGPL-2.1-or-later"));
        assert!(!is_allowed("no such licence"));
    }
}
