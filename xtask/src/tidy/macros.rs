//! What macros may define.

use super::{Violation, tokens};
use crate::source::Source;
use crate::tree::Tree;

/// No macro of ours defines a public type: `grep 'pub struct Name'` must find where a type is
/// defined.
pub(crate) fn no_public_types(tree: &Tree) -> Vec<Violation> {
    tokens(tree.rust(""), |source, at| {
        let keyword = source.text(at);
        let is_type = ["struct", "enum", "union", "type", "trait"].contains(&keyword);
        let found = is_type && in_macro(source, at) && is_public(source, at);
        found.then(|| format!("a macro defines a public {keyword}"))
    })
}

fn in_macro(source: &Source, at: usize) -> bool {
    // `macro_rules ! name {`
    let mut opens = source.words("macro_rules").map(|at| at + 3).filter(|open| *open < at);
    opens.any(|open| at < source.tokens[open].close)
}

/// Whether what stands before a keyword is `pub`, `pub(..)` or a visibility that the macro's caller
/// gives.
fn is_public(source: &Source, at: usize) -> bool {
    let before = source.text(at - 1);
    let restricted = || {
        let open = (0..at - 1).rfind(|open| source.tokens[*open].close == at - 1);
        open.is_some_and(|open| open > 0 && source.text(open - 1) == "pub")
    };
    before == "pub"
        || (before == ")" && restricted())
        || (before.contains("vis") && source.text(at - 2) == "$")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        no_public_types(&Tree::of(&[("a.rs", text)])).len()
    }

    #[test]
    fn public_types_in_macros_are_found() {
        assert_eq!(count("macro_rules! m { () => { pub struct A; } }"), 1);
        assert_eq!(count("macro_rules! m { () => { pub(crate) enum A {} } }"), 1);
        assert_eq!(count("macro_rules! m { ($vis:vis) => { $vis struct A; } }"), 1);
    }

    #[test]
    fn private_types_and_types_outside_macros_are_not() {
        assert_eq!(count("macro_rules! m { () => { struct A; impl A { pub fn f() {} } } }"), 0);
        assert_eq!(count("pin_project! { pub struct A {} }"), 0);
        assert_eq!(count("pub struct A;"), 0);
    }
}
