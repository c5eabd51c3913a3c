//! The public declarations of a file, each cut down to what its users see of it.

use crate::source::{Source, identifier, words};

/// A declaration without its body.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) text: String,
    pub(crate) offset: usize,
}

/// What follows each plain `pub`, and the heads and associated types of trait impls for types that
/// `is_public` knows. `pub use` is not among them.
pub(crate) fn public(source: &Source, is_public: &dyn Fn(&str) -> bool) -> Vec<Declaration> {
    let mut found = Vec::new();
    for offset in source.words("pub") {
        let after = source.code[offset + "pub".len()..].trim_start();
        let restricted = after.starts_with('(') && is_restriction(&after[1..]);
        if restricted || source.in_test_block(offset) {
            continue;
        }
        if let Some(text) = visible_part(source, offset) {
            found.push(Declaration { text, offset });
        }
    }
    found.extend(trait_impls(source, is_public));
    found
}

fn is_restriction(inside: &str) -> bool {
    matches!(identifier(inside.trim_start()), "crate" | "super" | "self" | "in")
}

fn visible_part(source: &Source, offset: usize) -> Option<String> {
    let rest = &source.code[offset + "pub".len()..];
    let mut keyword = identifier(rest.trim_start());
    if keyword == "unsafe" {
        keyword = identifier(rest.trim_start()["unsafe".len()..].trim_start());
    }
    let end = |stops: &[char]| {
        source.first_outside_parentheses(offset, stops).unwrap_or(source.code.len())
    };
    let text = |end: usize| Some(source.code[offset..end].to_string());
    match keyword {
        "use" | "mod" | "extern" | "macro" => None,
        // Fields say `pub` themselves.
        "struct" | "union" => {
            text(source.code[offset..].find(['{', '(', ';']).map_or(offset, |at| offset + at))
        }
        // Variants are all public.
        "enum" => text(source.matching(end(&['{']).min(source.code.len() - 1))),
        "trait" => {
            let open = end(&['{', ';']);
            Some(source.code[offset..open].to_string() + &signatures(source, open))
        }
        "type" => text(end(&[';'])),
        // A constant can have a block as its value.
        "static" => text(end(&['=', ';'])),
        "const" | "fn" | "async" => text(end(&['{', ';', '='])),
        // A field: its type ends with a comma that no generic argument list encloses.
        _ => text(field_end(source, offset)),
    }
}

fn field_end(source: &Source, offset: usize) -> usize {
    let mut depth = 0i32;
    for (index, character) in source.code[offset..].char_indices() {
        match character {
            '<' | '(' | '[' => depth += 1,
            ')' | ']' if depth == 0 => return offset + index,
            // The arrow of a function type closes nothing.
            '>' if source.code[..offset + index].ends_with('-') => {}
            '>' | ')' | ']' => depth -= 1,
            ',' | '}' | ';' if depth <= 0 => return offset + index,
            _ => {}
        }
    }
    source.code.len()
}

/// The body of a trait without the bodies of its functions.
fn signatures(source: &Source, open: usize) -> String {
    let end = source.matching(open.min(source.code.len() - 1));
    let (mut depth, mut text) = (0, String::new());
    for character in source.code[open..end].chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 1 => text.push(character),
            _ => {}
        }
    }
    text
}

fn trait_impls(source: &Source, is_public: &dyn Fn(&str) -> bool) -> Vec<Declaration> {
    let mut found = Vec::new();
    for offset in source.words("impl") {
        let before = source.code[..offset].trim_end();
        let starts_item = before.is_empty()
            || before.ends_with(['{', '}', ';', ']'])
            || !words(before, "unsafe").is_empty() && before.ends_with("unsafe");
        if !starts_item || source.in_test_block(offset) {
            continue;
        }
        let Some(open) = source.first_outside_parentheses(offset, &['{', ';']) else { continue };
        let head = &source.code[offset..open];
        // `for<'a>` is no part of `impl Trait for Type`.
        let mut target = words(head, "for").into_iter().map(|at| &head[at + 3..]);
        let Some(target) = target.rfind(|after| !after.starts_with('<')) else { continue };
        if is_public(type_name(target)) {
            let types = signatures(source, open);
            let types = types.split(';').filter(|item| !words(item, "type").is_empty());
            let text = types.fold(head.to_string(), |text, item| text + ";" + item);
            found.push(Declaration { text, offset });
        }
    }
    found
}

/// The last name of the path of a type: `Stream` in `&mut net::Stream<T>`.
fn type_name(text: &str) -> &str {
    let text = text.trim_start().trim_start_matches('&').trim_start();
    let text = match text.strip_prefix('\'') {
        Some(rest) => rest[identifier(rest).len()..].trim_start(),
        None => text,
    };
    let text = text.strip_prefix("mut ").unwrap_or(text).trim_start();
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    text[..end].rsplit("::").next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let found = public(&Source::new(text), &|name| name == "Ours");
        found
            .into_iter()
            .map(|one| one.text.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn bodies_are_cut_off() {
        assert_eq!(texts("pub fn f(a: [u8; 2]) -> B { c }"), ["pub fn f(a: [u8; 2]) -> B"]);
        assert_eq!(
            texts("pub struct A<T>(pub Map<K, V>, X);"),
            ["pub struct A<T>", "pub Map<K, V>"]
        );
        assert_eq!(
            texts("pub struct A { pub f: fn(u8) -> C<D, E>, g: X }").last().unwrap(),
            "pub f: fn(u8) -> C<D, E>"
        );
        assert_eq!(
            texts("pub trait A { fn f(&self) -> B { c } }"),
            ["pub trait A fn f(&self) -> B"]
        );
        assert_eq!(texts("pub(crate) fn f() {}\npub use a::B;"), [""; 0]);
    }

    #[test]
    fn only_impls_for_public_types_count() {
        let text = "impl<T> From<T> for &'a mut net::Ours { type Out = X; fn f() -> Y { z } }";
        assert_eq!(texts(text), ["impl<T> From<T> for &'a mut net::Ours ; type Out = X"]);
        assert_eq!(texts("impl From<u8> for Other {}\nimpl Ours {}"), [""; 0]);
    }

    #[test]
    fn unfinished_text_does_not_panic() {
        for text in
            ["pub", "pub enum A", "pub trait A", "impl A for Ours", "pub struct", "pub a: B<"]
        {
            texts(text);
        }
    }
}
