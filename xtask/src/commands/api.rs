//! `cargo xtask api`: what the public API of the library is made of.
//!
//! A crate below 1.0 may break its types with any release, so none of them may appear in the public
//! API. The check reads the sources: the lint `unreachable_pub` sees to it that what says `pub` is
//! public, so it suffices to look at the declarations that say so. The second check is that each
//! public type is defined in one place, by that name.

use std::collections::{BTreeMap, BTreeSet};

use super::declarations::{self, Declaration};
use crate::imports;
use crate::manifest::{self, Manifest};
use crate::outcome::{Counts, Outcome};
use crate::source::{Source, identifier, words};
use crate::tree::{self, Tree};

const LIBRARY: &str = "minato/src/";

/// The one trait of a 0.x crate that is part of the API: there is no other name for a stream.
const STREAM: [&str; 2] = ["futures_core::Stream", "futures_core::stream::Stream"];

/// The file that may hand on the extension traits of futures-util.
const PRELUDE: &str = "minato/src/prelude.rs";

pub(crate) fn run() -> Outcome {
    if !tree::root().join(LIBRARY).exists() {
        return Outcome::missing("api", LIBRARY);
    }
    match check() {
        Ok(problems) => Outcome::of_problems(problems, Counts::default()),
        Err(error) => Outcome::failed(error),
    }
}

fn check() -> Result<Vec<String>, String> {
    let tree = Tree::read(&tree::root())?;
    let library = Manifest::read("minato/Cargo.toml")?;
    let unstable = unstable(&library, &Manifest::read("Cargo.lock")?);
    let names: Vec<&str> = unstable.iter().map(String::as_str).collect();
    println!("0.x dependencies, whose types stay inside: {}", names.join(", "));
    let external: BTreeSet<String> =
        library.dependencies().iter().map(|name| name.replace('-', "_")).collect();
    let mut problems = foreign_types(&tree, &unstable);
    problems.extend(unique_types(&tree, &external));
    Ok(problems)
}

/// The library's dependencies below 1.0, by the names they have in code. Our own crates have no
/// source in the lock file: they are released together.
fn unstable(library: &Manifest, lock: &Manifest) -> BTreeSet<String> {
    let packages = || lock.tables.iter().filter(|(table, _)| table == "package");
    let named = |wanted: &str, version: Option<&str>| {
        packages().map(|(_, entries)| entries).find(|entries| {
            manifest::get(entries, "name") == Some(wanted)
                && version.is_none_or(|version| manifest::get(entries, "version") == Some(version))
        })
    };
    // Where the workspace has two versions of a crate, the library's entry says which is its own.
    let own = library.value("package", "name").and_then(|name| named(name, None));
    let locked = own.and_then(|entries| manifest::get(entries, "dependencies"));
    let wanted = library.dependencies();
    manifest::strings(locked.unwrap_or_default())
        .iter()
        .map(|line| line.split_once(' ').map_or((&**line, None), |(name, rest)| (name, Some(rest))))
        .filter(|(name, _)| wanted.contains(name))
        .filter(|(name, version)| {
            named(name, *version).is_some_and(|entries| {
                manifest::get(entries, "source").is_some()
                    && manifest::get(entries, "version").is_some_and(|v| v.starts_with("0."))
            })
        })
        .map(|(name, _)| name.replace('-', "_"))
        .collect()
}

/// The places of the public API that name something of an `unstable` crate.
fn foreign_types(tree: &Tree, unstable: &BTreeSet<String>) -> Vec<String> {
    let types = public_types(tree);
    let mut problems = Vec::new();
    for (file, source) in tree.rust(LIBRARY).filter(|(file, _)| !file.is_test()) {
        let foreign = foreign_names(source, unstable);
        for import in imports::of(source).into_iter().filter(|import| import.public) {
            let allowed = STREAM.contains(&import.path.as_str())
                || (file.path == PRELUDE
                    && import.path.starts_with("futures_util::")
                    && import.path.ends_with("Ext"));
            let root = import.path.split("::").next().unwrap_or("");
            if unstable.contains(root) && !allowed && !source.in_test_block(import.offset) {
                let line = source.line(import.offset);
                problems.push(format!("{}:{line}: api: re-exports {}", file.path, import.path));
            }
        }
        for declaration in declarations::public(source, &|name| types.contains_key(name)) {
            for name in mentioned(&declaration, unstable, &foreign) {
                let line = source.line(declaration.offset);
                problems
                    .push(format!("{}:{line}: api: a public declaration names {name}", file.path));
            }
        }
    }
    problems
}

/// What a file calls the things that it imports from `unstable` crates, with their full paths.
fn foreign_names(source: &Source, unstable: &BTreeSet<String>) -> BTreeMap<String, String> {
    imports::of(source)
        .into_iter()
        .filter(|import| unstable.contains(import.path.split("::").next().unwrap_or("")))
        .filter(|import| !STREAM.contains(&import.path.as_str()))
        .map(|import| (import.local, import.path))
        .collect()
}

fn mentioned(
    declaration: &Declaration,
    unstable: &BTreeSet<String>,
    foreign: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let text = &declaration.text;
    let mut found = BTreeSet::new();
    for name in unstable {
        for at in words(text, name) {
            let path = path_at(&text[at..]);
            if path.contains("::") && !STREAM.contains(&path) {
                found.insert(path.to_string());
            }
        }
    }
    for (local, path) in foreign {
        // `other::Local` is another thing of the same name.
        let is_ours = |at: &usize| !text[..*at].ends_with("::");
        if words(text, local).iter().any(is_ours) {
            found.insert(path.clone());
        }
    }
    found
}

/// The path, `a::b::C`, that the text starts with.
fn path_at(text: &str) -> &str {
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    text[..end].trim_end_matches(':')
}

/// Every public type, by its name, with the places that define it.
fn public_types(tree: &Tree) -> BTreeMap<String, Vec<Place>> {
    let mut types: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for (file, source) in tree.rust(LIBRARY).filter(|(file, _)| !file.is_test()) {
        for at in source.words("pub") {
            let (keyword, name) = two_words(&source.code[at + "pub".len()..]);
            let defines = matches!(keyword, "struct" | "enum" | "union" | "trait" | "type");
            if defines && !name.is_empty() && !source.in_test_block(at) {
                let at = format!("{}:{}", file.path, source.line(at));
                let place = Place { at, alias: keyword == "type" };
                types.entry(name.to_string()).or_default().push(place);
            }
        }
    }
    types
}

/// Where a public type is defined or aliased.
struct Place {
    at: String,
    alias: bool,
}

fn two_words(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let text = text.strip_prefix("unsafe ").unwrap_or(text).trim_start();
    let first = identifier(text);
    (first, identifier(text[first.len()..].trim_start()))
}

/// Names that stand for two types on purpose, each known by its module as in tokio: a handle of a
/// runtime and one of a reactor, the connections that come to a TCP and to a Unix listener.
const IN_TWO_MODULES: &[&str] = &["Handle", "Incoming"];

/// A public type is defined once; what is re-exported under a type's name is defined under that
/// name. An alias is no definition: tokio's names for the halves of each stream stand for one
/// generic type.
fn unique_types(tree: &Tree, external: &BTreeSet<String>) -> Vec<String> {
    let types = public_types(tree);
    let mut problems = Vec::new();
    let defined = |name: &&String| !IN_TWO_MODULES.contains(&name.as_str());
    for (name, places) in types.iter().filter(|(name, _)| defined(name)) {
        let places: Vec<&str> =
            places.iter().filter(|place| !place.alias).map(|place| place.at.as_str()).collect();
        if places.len() < 2 {
            continue;
        }
        problems.push(format!(
            "{}: api: {name} is defined more than once: {}",
            places[0],
            places.join(", ")
        ));
    }
    for (file, source) in tree.rust(LIBRARY).filter(|(file, _)| !file.is_test()) {
        for import in imports::of(source).into_iter().filter(|import| import.public) {
            let root = import.path.split("::").next().unwrap_or("");
            let own = !external.contains(root) && !["std", "core", "alloc"].contains(&root);
            let name = import.path.rsplit("::").next().unwrap_or("");
            let is_type = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
            if own && is_type && !types.contains_key(name) {
                let line = source.line(import.offset);
                problems.push(format!("{}:{line}: api: no `pub` type is called {name}", file.path));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(path: &str, text: &str) -> usize {
        let unstable = ["futures_core", "futures_util", "socket2"].map(str::to_string).into();
        foreign_types(&Tree::of(&[(path, text)]), &unstable).len()
    }

    #[test]
    fn foreign_types_in_public_places_are_found() {
        for text in [
            "pub use socket2::Socket;",
            "pub fn raw(&self) -> socket2::Socket { todo() }",
            "use socket2::Socket;\npub fn raw(a: &Socket) {}",
            "use socket2::{Socket as Raw};\npub struct Holder { pub raw: Raw }",
            "pub struct Holder(pub socket2::Socket);",
            "pub enum Kind { Raw(socket2::Socket) }",
            "pub trait Made { fn make(&self) -> socket2::Socket; }",
            "pub type Raw = socket2::Socket;",
            "pub struct Ours;\nimpl From<socket2::Socket> for Ours { fn from() {} }",
            "pub fn f() -> impl futures_core::FusedFuture {}",
            "pub use futures_util::StreamExt;",
        ] {
            assert_eq!(foreign("minato/src/net/a.rs", text), 1, "{text}");
        }
    }

    #[test]
    fn private_uses_and_streams_are_not() {
        for text in [
            "use socket2::Socket;\npub struct Ours { raw: Socket }",
            "pub struct Ours(socket2::Socket);",
            "pub fn f() { socket2::Socket::new(); }",
            "pub(crate) fn f() -> socket2::Socket { g() }",
            "pub trait Made { fn make(&self) { socket2::Socket::new(); } }",
            "struct Inner;\nimpl From<socket2::Socket> for Inner { fn from() {} }",
            "use futures_core::Stream;\npub struct A;\nimpl Stream for A { type Item = u8; }",
            "pub fn f() -> impl futures_core::stream::Stream {}",
            "/// As `socket2::Socket`.\npub fn f() {}",
        ] {
            assert_eq!(foreign("minato/src/net/a.rs", text), 0, "{text}");
        }
        assert_eq!(foreign(PRELUDE, "pub use futures_util::{StreamExt, FutureExt};"), 0);
        assert_eq!(foreign(PRELUDE, "pub use futures_util::stream::SplitSink;"), 1);
    }

    #[test]
    fn a_type_has_one_definition() {
        let external = ["bytes".to_string()].into();
        let twice = Tree::of(&[
            ("minato/src/a.rs", "pub struct Lines;"),
            (
                "minato/src/b.rs",
                "pub(crate) struct Lines;\n#[cfg(test)]\nmod tests { pub struct Lines; }",
            ),
        ]);
        assert!(unique_types(&twice, &external).is_empty());
        let twice = Tree::of(&[("minato/src/a.rs", "pub struct Lines;\npub enum Lines {}")]);
        assert_eq!(unique_types(&twice, &external).len(), 1);
        let hidden = Tree::of(&[(
            "minato/src/a.rs",
            "pub use b::Made;\npub use bytes::Buf;\npub use b::f;",
        )]);
        assert_eq!(unique_types(&hidden, &external).len(), 1);
    }

    #[test]
    fn only_foreign_crates_below_one_count() {
        let library = Manifest::parse(
            "[package]\nname = \"minato\"\n\
             [dependencies]\na-b.workspace = true\nc = \"1\"\nd = \"1\"\n\
             own = { path = \"x\" }\n",
        );
        let lock = Manifest::parse(
            "[[package]]\nname = \"a-b\"\nversion = \"0.3.1\"\nsource = \"s\"\n\
             [[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"s\"\n\
             [[package]]\nname = \"d\"\nversion = \"0.4.0\"\nsource = \"s\"\n\
             [[package]]\nname = \"d\"\nversion = \"1.2.0\"\nsource = \"s\"\n\
             [[package]]\nname = \"minato\"\nversion = \"0.1.0\"\ndependencies = [\n\
             \"a-b\",\n\"c\",\n\"d 1.2.0\",\n\"other\",\n\"own\",\n]\n\
             [[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\
             [[package]]\nname = \"other\"\nversion = \"0.1.0\"\nsource = \"s\"\n",
        );
        assert_eq!(unstable(&library, &lock), ["a_b".to_string()].into());
    }
}
