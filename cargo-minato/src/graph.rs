//! What a graph of packages says about tokio, and whether Minato can take its place in it.

use std::fmt;
use std::path::Path;

use cargo_metadata::semver::Version;
use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::source::VERSION;

/// Something that does not work, and what to do.
pub(crate) struct Problem {
    what: String,
    remedy: String,
    /// Whether nothing works, rather than a part.
    pub(crate) is_fatal: bool,
}

impl Problem {
    pub(crate) fn fatal(what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { what: what.into(), remedy: remedy.into(), is_fatal: true }
    }

    pub(crate) fn partial(what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { is_fatal: false, ..Problem::fatal(what, remedy) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\n  what to do: {}", self.what, self.remedy)
    }
}

/// What prevents that the crate that plays tokio gets into this graph, or in that folder has not
/// got into it. Only what the lock file says of versions cannot be chosen otherwise.
pub(crate) fn obstacles(graph: &Metadata, played: Option<&Path>, lock: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let tokios = tokios(graph);
    if tokios.is_empty() {
        found.push(Problem::fatal(
            "no package here depends on tokio, so there is nothing to replace",
            "run plain cargo; if tokio is an optional dependency, name the feature that enables it",
        ));
    }
    let others = tokios.iter().filter(|tokio| !is_in(tokio, played));
    found.extend(others.filter_map(|tokio| judge(graph, tokio, lock)));
    found.extend(graph.packages.iter().find_map(vendored));
    found.extend(graph.packages.iter().flat_map(|package| excluded(graph, package)));
    found.extend(graph.packages.iter().flat_map(|package| circle(graph, package)));
    found
}

/// The packages of this name.
pub(crate) fn tokios(graph: &Metadata) -> Vec<&Package> {
    graph.packages.iter().filter(|package| package.name == "tokio").collect()
}

/// Whether this is the package in the folder.
pub(crate) fn is_in(package: &Package, folder: Option<&Path>) -> bool {
    let manifest = folder.map(|folder| folder.join("Cargo.toml"));
    manifest.is_some_and(|manifest| package.manifest_path == manifest)
}

/// Those that have it in their graph directly, as a text.
fn dependents(graph: &Metadata, package: &Package) -> String {
    let nodes = graph.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes = nodes.filter(|node| node.dependencies.contains(&package.id));
    let names: Vec<String> = nodes.map(|node| title(&graph[&node.id])).collect();
    names.join(", ")
}

fn title(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

/// What is wrong with a package that is named tokio.
fn judge(graph: &Metadata, tokio: &Package, lock: &str) -> Option<Problem> {
    let known = Version::parse(VERSION).expect("it is a version");
    let users = dependents(graph, tokio);
    let title = title(tokio);
    let Some(source) = &tokio.source else {
        return Some(Problem::fatal(
            format!("{title} is taken from the folder of {}", tokio.manifest_path),
            "remove the [patch] or the path that names it; cargo minato replaces it only where it \
             comes from the registry",
        ));
    };
    if !source.is_crates_io() {
        return Some(Problem::fatal(
            format!("{title} comes from {source}, for {users}"),
            "take tokio from the default registry: the patch replaces only that one",
        ));
    }
    if tokio.version.major != known.major {
        return Some(Problem::fatal(
            format!("{title} is in the graph, for {users}; only tokio 1 can be replaced"),
            "raise what depends on it until only tokio 1 is left",
        ));
    }
    let entry = format!("name = \"tokio\"\nversion = \"{}\"\n", tokio.version);
    (tokio.version > known && lock.contains(&entry)).then(|| {
        Problem::fatal(
            format!("{title} is newer than the {VERSION} that this cargo-minato plays"),
            format!(
                "install a newer cargo-minato, or go back: \
                 `cargo update tokio@{} --precise {VERSION}`",
                tokio.version
            ),
        )
    })
}

/// A package that is the registry's and was not unpacked by cargo.
fn vendored(package: &Package) -> Option<Problem> {
    let is_registry = package.source.as_ref().is_some_and(|source| source.is_crates_io());
    let is_unpacked = package.manifest_path.as_str().replace('\\', "/").contains("/registry/src/");
    (is_registry && !is_unpacked).then(|| {
        Problem::fatal(
            format!("sources are vendored: {} is in {}", title(package), package.manifest_path),
            "remove `replace-with` from cargo's configuration, or vendor again after adding the \
             lines that `cargo minato prepare DIR` prints to Cargo.toml, and run plain cargo",
        )
    })
}

/// Requirements by which tokio may not have the version that is played.
fn excluded(graph: &Metadata, package: &Package) -> Vec<Problem> {
    let known = Version::parse(VERSION).expect("it is a version");
    let is_ours = graph.workspace_members.contains(&package.id);
    let wanted = package.dependencies.iter().filter(|dependency| {
        dependency.name == "tokio" && (is_ours || dependency.kind != DependencyKind::Development)
    });
    // A requirement for another major version is one for another package.
    let first = Version::new(known.major, 0, 0);
    let excluding = wanted.filter(|wanted| {
        let req = &wanted.req;
        let is_major = req.comparators.iter().all(|part| part.major == first.major);
        is_major && !req.matches(&known)
    });
    let problem = |wanted: &cargo_metadata::Dependency| {
        Problem::fatal(
            format!("{} wants tokio {}, which excludes {VERSION}", title(package), wanted.req),
            format!("use a version of {} that allows tokio {VERSION}", package.name),
        )
    };
    excluding.map(problem).collect()
}

/// Packages that would depend on themselves.
fn circle(graph: &Metadata, package: &Package) -> Vec<Problem> {
    let nodes = graph.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let features = nodes.filter(|node| node.id == package.id).flat_map(|node| &node.features);
    let found = match package.name.as_str() {
        "minato" => features
            .filter(|feature| ["tokio", "hyper"].contains(&feature.as_str()))
            .map(|feature| format!("minato's feature `{feature}` is on"))
            .collect(),
        "minato-tokio" => vec![format!("{} is in the graph", title(package))],
        _ => Vec::new(),
    };
    let problem = |what| {
        Problem::fatal(
            format!(
                "{what}, for {}: it needs the tokio that Minato would stand for",
                dependents(graph, package)
            ),
            "leave it out; what it is for is done by tokio's own names already",
        )
    };
    found.into_iter().map(problem).collect()
}
