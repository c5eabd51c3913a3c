//! Where conditional compilation may stand.

use std::collections::BTreeSet;

use syn::Attribute;
use syn::visit::{self, Visit};

use super::places::{CONDITIONAL_IMPORTS, GATED_NAMES};
use super::{Violation, tokens};
use crate::tree::{LIBRARY, Tree};

/// How many `cfg` 1,000 lines may have.
const PER_THOUSAND: usize = 2;

/// `cfg` stands on whole modules, enum variants, match arms and trait impls, so that a reader sees
/// the same types and functions on every platform. In test code it may also stand on functions and
/// imports; `src/sync.rs` is the one file that switches imports.
pub(crate) fn cfg(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let files = tree.rust("").filter(|(file, _)| !file.path.starts_with(GATED_NAMES));
    for (file, source) in files {
        let test_file = file.is_test() || file.path.starts_with("examples/");
        let mut places = Places::default();
        source.files.iter().for_each(|file| places.visit_file(file));
        // `#![cfg(..)]` at the head of a file says the same as on the file's `mod` line.
        found.extend(tokens([(file, source)].into_iter(), |source, at| {
            let is_cfg = source.text(at) == "#"
                && source.text(at + 1) == "["
                && matches!(source.text(at + 2), "cfg" | "cfg_attr");
            let line = source.tokens[at].line;
            let test = test_file || source.in_test_block(line);
            let imports = test || file.path == CONDITIONAL_IMPORTS;
            let allowed = places.always.contains(&line)
                || (imports && places.imports.contains(&line))
                || (test && places.functions.contains(&line));
            let message = "cfg belongs on a module, a trait impl, an enum variant or a match arm";
            (is_cfg && !allowed).then(|| message.to_string())
        }));
    }
    found
}

/// The library has at most 2 `cfg` in 1,000 lines of code, those of unit tests apart.
pub(crate) fn budget(tree: &Tree) -> Vec<Violation> {
    let (mut lines, mut cfgs) = (0, 0);
    for (_, source) in tree.library() {
        lines += source.lines_of_code().0;
        let conditions = source.words("cfg").chain(source.words("cfg_attr"));
        let outside = conditions.filter(|at| !source.in_test_block(source.tokens[*at].line));
        cfgs += outside.filter(|at| source.text(at - 1) == "[").count();
    }
    let message =
        format!("{cfgs} cfg in {lines} lines, at most {PER_THOUSAND} in 1,000 are allowed");
    let over = cfgs * 1000 > lines * PER_THOUSAND;
    Vec::from_iter(over.then(|| Violation::new(LIBRARY, 1, message)))
}

/// The lines of attributes by what they stand on.
#[derive(Default)]
struct Places {
    always: BTreeSet<usize>,
    imports: BTreeSet<usize>,
    functions: BTreeSet<usize>,
}

fn lines(attributes: &[Attribute]) -> impl Iterator<Item = usize> {
    attributes.iter().map(|attribute| attribute.pound_token.spans[0].start().line)
}

/// Notes the attributes of these nodes in a set.
macro_rules! note {
    ($($method:ident $node:ident $set:ident,)*) => {
        $(fn $method(&mut self, node: &'ast syn::$node) {
            self.$set.extend(lines(&node.attrs));
            visit::$method(self, node);
        })*
    };
}

impl<'ast> Visit<'ast> for Places {
    note! {
        visit_item_mod ItemMod always,
        visit_variant Variant always,
        visit_arm Arm always,
        visit_item_use ItemUse imports,
        visit_item_fn ItemFn functions,
        visit_impl_item_fn ImplItemFn functions,
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        let of_trait = node.trait_.is_some();
        self.always.extend(lines(&node.attrs).filter(|_| of_trait));
        visit::visit_item_impl(self, node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        cfg(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn whole_modules_variants_arms_and_impls_pass() {
        let library = "minato/src/a.rs";
        for text in [
            "#[cfg(unix)]\nmod unix;",
            "#[cfg(unix)]\n#[path = \"x.rs\"]\npub(crate) mod unix;",
            "#[cfg(test)]\nmod tests { fn a() {} }",
            "#[cfg(unix)]\nimpl AsFd for Socket {}",
            "#[cfg(unix)]\nunsafe impl<T> Send for Slot<T> {}",
            "enum Kind { #[cfg(unix)] Unix(u8), Other }",
            "fn f() { match kind { #[cfg(unix)] Kind::Unix(a) => a, _ => 0 } }",
            "#![cfg(unix)]\nfn f() {}",
        ] {
            assert_eq!(count(library, text), 0, "{text}");
        }
    }

    #[test]
    fn everything_else_fails() {
        let library = "minato/src/a.rs";
        for text in [
            "#[cfg(unix)]\nuse std::os::fd::AsFd;",
            "#[cfg(unix)]\nimpl Socket { fn a() {} }",
            "#[cfg(unix)]\npub fn f() {}",
            "struct Socket { #[cfg(unix)] fd: u8 }",
            "fn f() { #[cfg(unix)] let a = 1; }",
            "#[cfg_attr(unix, allow(dead_code))]\nstruct A;",
        ] {
            assert_eq!(count(library, text), 1, "{text}");
        }
    }

    #[test]
    fn some_files_may_do_more() {
        let import = "#[cfg(minato_loom)]\nuse loom::sync::Arc;";
        assert_eq!(count("minato/src/sync.rs", import), 0);
        let function = "#[cfg(unix)]\n#[test]\nfn unix_only() {}";
        assert_eq!(count("minato/tests/unix.rs", function), 0);
        assert_eq!(
            count("minato/src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {function} }}")),
            0
        );
    }
}
