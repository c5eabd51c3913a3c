//! Where conditional compilation may stand.

use super::Violation;
use super::places::CONDITIONAL_IMPORTS;
use crate::source::{Source, identifier, words};
use crate::tree::Tree;

/// `cfg` stands on whole modules, enum variants, match arms and trait impls, so that a reader sees
/// the same types and functions on every platform. In test code it may also stand on functions and
/// imports; `src/sync.rs` is the one file that switches imports.
pub(crate) fn cfg(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in tree.rust("") {
        let test_file = file.is_test() || file.path.starts_with("examples/");
        for attribute in source.attributes() {
            // `#![cfg(..)]` at the head of a file says the same as on the file's `mod` line.
            let name = identifier(&attribute.content);
            if attribute.inner || !matches!(name, "cfg" | "cfg_attr") {
                continue;
            }
            let test = test_file || source.in_test_block(attribute.span.start);
            let imports = test || file.path == CONDITIONAL_IMPORTS;
            if !may_be_conditional(source, attribute.span.end, imports, test) {
                let message =
                    "cfg belongs on a module, a trait impl, an enum variant or a match arm";
                found.push(Violation::new(&file.path, source.line(attribute.span.start), message));
            }
        }
    }
    found
}

fn may_be_conditional(source: &Source, after: usize, imports: bool, functions: bool) -> bool {
    let at = source.item_after(after);
    let end =
        source.code[at..].find(['{', ';', ',', '}']).map_or(source.code.len(), |end| at + end);
    let item = &source.code[at..end];
    match introducer(item) {
        "mod" => true,
        "impl" => !words(item, "for").is_empty(),
        "use" => imports,
        "fn" | "async" => functions,
        _ => {
            let header = source.enclosing_header(at);
            !words(header, "match").is_empty() || !words(header, "enum").is_empty()
        }
    }
}

/// The word that says what kind of item this is, past its visibility.
fn introducer(item: &str) -> &str {
    let mut rest = item.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.trim_start();
        if rest.starts_with('(') {
            rest = rest.split_once(')').map_or("", |(_, after)| after).trim_start();
        }
    }
    if let Some(after) = rest.strip_prefix("unsafe ") {
        rest = after.trim_start();
    }
    identifier(rest)
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
