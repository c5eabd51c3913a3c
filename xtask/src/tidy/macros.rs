//! What macros may define.

use super::Violation;
use crate::source::{identifier, words};
use crate::tree::Tree;

/// No macro of ours defines a public type: `grep 'pub struct Name'` must find where a type is
/// defined.
pub(crate) fn no_public_types(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, source) in tree.rust("") {
        for at in source.words("macro_rules") {
            let Some(open) = source.code[at..].find(['{', '(']).map(|open| at + open) else {
                continue;
            };
            let body = &source.code[open..source.matching(open)];
            for keyword in ["struct", "enum", "union", "type", "trait"] {
                for word in words(body, keyword) {
                    if is_public(&body[..word]) {
                        let message = format!("a macro defines a public {keyword}");
                        found.push(Violation::new(&file.path, source.line(open + word), message));
                    }
                }
            }
        }
    }
    found
}

/// Whether what stands before a keyword is `pub`, `pub(..)` or a visibility that the macro's caller
/// gives.
fn is_public(before: &str) -> bool {
    let before = before.trim_end();
    if before.ends_with(')') {
        return before.rfind('(').is_some_and(|open| before[..open].trim_end().ends_with("pub"));
    }
    let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
    let word = &before[start.map_or(0, |start| start + 1)..];
    word == "pub" || word.strip_prefix('$').is_some_and(|name| identifier(name).contains("vis"))
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
