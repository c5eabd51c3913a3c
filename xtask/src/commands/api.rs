//! `cargo xtask api`: what the public API of the library is made of.
//!
//! A crate below 1.0 may break its types with any release, so none of them may appear in the public
//! API. The lint `unreachable_pub` sees to it that what says `pub` is public, so the check looks at
//! the declarations that say so. The second check is that each public type is defined in one place,
//! by that name.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Dependency, DependencyKind};
use syn::visit::{self, Visit};
use syn::{ImplItem, Type, Visibility};

use super::cargo::package;
use crate::outcome::{Counts, Outcome};
use crate::source::{Path, Source, written_out};
use crate::tree::Tree;

/// The traits of 0.x crates that are part of the API: there are no other names for a stream and for
/// what `futures-io` gives impls of.
const TRAITS: &[&str] = &[
    "futures_core::Stream",
    "futures_core::stream::Stream",
    "futures_io::AsyncRead",
    "futures_io::AsyncWrite",
    "futures_io::AsyncBufRead",
];

/// The file that may hand on the extension traits of futures-util.
const PRELUDE: &str = "minato/src/prelude/combinators.rs";

/// Names that stand for two types on purpose, each known by its module as in tokio: a handle of a
/// runtime and one of a reactor; the id of a runtime and of a task; the error of halves that belong
/// to two TCP streams, or to two of the other kind.
const IN_TWO_MODULES: &[&str] = &["Handle", "Id", "ReuniteError"];

pub(crate) fn run() -> Result<Outcome, String> {
    let tree = Tree::read()?;
    let package = package("minato")?;
    let normal = package.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal);
    let code_name = |one: &Dependency| one.name.replace('-', "_");
    let unstable: Vec<String> =
        normal.clone().filter(|one| is_unstable(one)).map(code_name).collect();
    let external: Vec<String> = normal.map(code_name).collect();
    println!("0.x dependencies, whose types stay inside: {}", unstable.join(", "));
    let mut problems = foreign_types(&tree, &unstable);
    problems.extend(unique_types(&tree, &external));
    Ok(Outcome::from_problems(problems, Counts::default()))
}

/// Whether a dependency is below 1.0. Our own crates are released together.
fn is_unstable(dependency: &Dependency) -> bool {
    let is_below = dependency.req.comparators.first().is_none_or(|version| version.major == 0);
    is_below && dependency.path.is_none()
}

/// The `pub use` declarations outside unit tests.
fn exports(source: &Source) -> impl Iterator<Item = Path> {
    let exports = source.imports().into_iter().filter(|path| path.public);
    exports.filter(|path| !source.in_test_block(path.line))
}

/// The places of the public API that name something of an `unstable` crate.
fn foreign_types(tree: &Tree, unstable: &[String]) -> Vec<String> {
    let types = public_types(tree);
    let is_foreign = |path: &[String]| {
        unstable.contains(&path[0]) && !TRAITS.contains(&path.join("::").as_str())
    };
    let mut problems = Vec::new();
    for (file, source) in tree.library() {
        let mut mentions = Mentions { types: &types, found: BTreeSet::new() };
        source.files.iter().for_each(|file| mentions.visit_file(file));
        let outside = mentions.found.iter().filter(|(line, _)| !source.in_test_block(*line));
        let imports = source.imports();
        let mentioned = outside
            .map(|(line, path)| (*line, written_out(path, &imports), "a public declaration names"));
        let is_extension = |path: &Path| {
            let last = path.segments.last().is_some_and(|last| last.ends_with("Ext"));
            file.path == PRELUDE && path.starts_with("futures_util") && last
        };
        let exported = exports(source).filter(|path| !is_extension(path));
        let exported = exported.map(|path| (path.line, path.segments, "re-exports"));
        let foreign = exported.chain(mentioned).filter(|(_, path, _)| is_foreign(path));
        problems.extend(foreign.map(|(line, path, what)| {
            format!("{}:{line}: api: {what} {}", file.path, path.join("::"))
        }));
    }
    problems
}

/// Collects the paths in what users see of the public declarations, with their lines.
struct Mentions<'a> {
    types: &'a BTreeMap<String, Vec<String>>,
    found: BTreeSet<(usize, Vec<String>)>,
}

/// Visits these declarations only where they are public.
macro_rules! only_public {
    ($($method:ident $node:ident,)*) => {
        $(fn $method(&mut self, node: &'ast syn::$node) {
            if matches!(node.vis, Visibility::Public(_)) {
                visit::$method(self, node);
            }
        })*
    };
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    only_public! {
        visit_item_fn ItemFn,
        visit_impl_item_fn ImplItemFn,
        visit_item_struct ItemStruct,
        visit_item_enum ItemEnum,
        visit_item_trait ItemTrait,
        visit_item_type ItemType,
        visit_item_const ItemConst,
        visit_impl_item_const ImplItemConst,
        visit_item_static ItemStatic,
        visit_field Field,
    }

    fn visit_path(&mut self, node: &'ast syn::Path) {
        let segments = node.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(first) = node.segments.first() {
            self.found.insert((first.ident.span().start().line, segments));
        }
        visit::visit_path(self, node);
    }

    /// The variants of a public enum are public with all their fields.
    fn visit_variant(&mut self, node: &'ast syn::Variant) {
        node.fields.iter().for_each(|field| self.visit_type(&field.ty));
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        let Some((of, _)) = &node.trait_ else {
            return node.items.iter().for_each(|item| self.visit_impl_item(item));
        };
        if type_name(&node.self_ty).is_some_and(|name| self.types.contains_key(&name)) {
            self.visit_generics(&node.generics);
            self.visit_path(of);
            self.visit_type(&node.self_ty);
            let types = node.items.iter().filter(|item| matches!(item, ImplItem::Type(_)));
            types.for_each(|item| visit::visit_impl_item(self, item));
        }
    }

    // What is not seen from outside.
    fn visit_block(&mut self, _: &'ast syn::Block) {}
    fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// The last name of the path of a type: `Stream` in `&mut net::Stream<T>`.
fn type_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

/// Every public type, by its name, with the places that define it. An alias is no definition:
/// tokio's names for the halves of each stream stand for one generic type.
fn public_types(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, source) in tree.library() {
        for at in source.words("pub") {
            let keyword = at + 1 + usize::from(source.text(at + 1) == "unsafe");
            let line = source.tokens[at].line;
            let word = source.text(keyword);
            let defines = ["struct", "enum", "union", "trait"].contains(&word);
            if (defines || word == "type") && !source.in_test_block(line) {
                let places = types.entry(source.text(keyword + 1).to_string()).or_default();
                places.extend(defines.then(|| format!("{}:{line}", file.path)));
            }
        }
    }
    types
}

/// A public type is defined once; what is re-exported under a type's name is defined under that
/// name.
fn unique_types(tree: &Tree, external: &[String]) -> Vec<String> {
    let types = public_types(tree);
    let mut problems = Vec::new();
    for (name, places) in &types {
        if places.len() > 1 && !IN_TWO_MODULES.contains(&name.as_str()) {
            let (first, all) = (&places[0], places.join(", "));
            problems.push(format!("{first}: api: {name} is defined more than once: {all}"));
        }
    }
    for (file, source) in tree.library() {
        for export in exports(source) {
            let root = &export.segments[0];
            let own = !external.contains(root) && !["std", "core", "alloc"].contains(&&**root);
            let name = export.segments.last().map_or("", String::as_str);
            let is_type = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
            if own && is_type && !types.contains_key(name) {
                let place = format!("{}:{}", file.path, export.line);
                problems.push(format!("{place}: api: no `pub` type is called {name}"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(path: &str, text: &str) -> usize {
        let unstable = ["futures_core", "futures_util", "socket2"].map(str::to_string);
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
            "macro_rules! m { ($n:ident) => { pub fn $n(&self) -> socket2::Socket {} } }",
            "pin_project! { pub struct Holder { pub raw: socket2::Socket } }",
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
        let external = ["bytes".to_string()];
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
        let library = package("minato").unwrap();
        let unstable = library.dependencies.iter().filter(|one| is_unstable(one));
        let names: Vec<&str> = unstable.map(|one| one.name.as_str()).collect();
        assert!(names.contains(&"socket2") && names.contains(&"crossbeam-deque"));
        assert!(!names.iter().any(|name| ["mio", "bytes", "minato-sim"].contains(name)));
    }
}
