//! The `use` declarations of a file.

use crate::source::{Source, identifier};

/// One name that a `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// The full path as written; a glob ends with `*`.
    pub(crate) path: String,
    /// What the file calls it.
    pub(crate) local: String,
    /// Whether it is a plain `pub use`.
    pub(crate) public: bool,
    pub(crate) offset: usize,
}

/// Every import of the file, with nested groups flattened.
pub(crate) fn of(source: &Source) -> Vec<Import> {
    let mut found = Vec::new();
    for offset in source.words("use") {
        let before = source.code[..offset].trim_end();
        let starts_item = before.is_empty() || before.ends_with(['{', '}', ';', ']', ')']);
        let public = before.ends_with("pub");
        let Some(end) = source.code[offset..].find(';').map(|end| offset + end) else { continue };
        if starts_item || public {
            flatten("", &source.code[offset + 3..end], &mut |path, local| {
                found.push(Import { path, local, public, offset });
            });
        }
    }
    found
}

fn flatten(prefix: &str, tree: &str, found: &mut dyn FnMut(String, String)) {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        let prefix = format!("{prefix}{}", head.trim());
        for part in split_outside_braces(inside) {
            flatten(&prefix, part, found);
        }
        return;
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path.trim(), Some(alias.trim())),
        None => (tree, None),
    };
    let full: String = format!("{prefix}{path}").trim_start_matches("::").to_string();
    // `use a::{self}` brings in `a`.
    let full = full.strip_suffix("::self").unwrap_or(&full).to_string();
    let last = full.rsplit("::").next().unwrap_or(&full).to_string();
    found(full, alias.map_or(last, |alias| identifier(alias).to_string()));
}

fn split_outside_braces(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String, bool)> {
        of(&Source::new(text)).into_iter().map(|one| (one.path, one.local, one.public)).collect()
    }

    #[test]
    fn groups_are_flattened() {
        let found = pairs("use a::{self, b::{C, D as E}, f};");
        let names: Vec<(&str, &str)> =
            found.iter().map(|(path, local, _)| (path.as_str(), local.as_str())).collect();
        assert_eq!(names, [("a", "a"), ("a::b::C", "C"), ("a::b::D", "E"), ("a::f", "f")]);
    }

    #[test]
    fn visibility_and_globs_are_kept() {
        assert_eq!(pairs("pub use a::B;"), [("a::B".into(), "B".into(), true)]);
        assert_eq!(pairs("pub(crate) use a::*;"), [("a::*".into(), "*".into(), false)]);
        assert_eq!(pairs("fn f() -> impl Sized + use<> { 1 }"), []);
    }
}
