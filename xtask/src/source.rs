//! Rust source text with its code told apart from its comments and literals.
//!
//! The checks search for words such as `unsafe` or `thread_local!`. Searching the raw text would
//! also find them in prose and in strings, so a small lexer first makes a masked copy of the file
//! that keeps only the code. It has the length of the original, so an offset means the same in
//! both.

use std::ops::Range;

/// One Rust file, lexed.
#[derive(Debug)]
pub(crate) struct Source {
    /// The text with comments and the insides of literals blanked out.
    pub(crate) code: String,
    /// The `#[cfg(test)] mod name { .. }` blocks, from the attribute to the closing brace.
    pub(crate) test_blocks: Vec<Range<usize>>,
    line_starts: Vec<usize>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// From the word `fn` to the closing brace.
    pub(crate) span: Range<usize>,
}

/// An attribute, `#[..]` or `#![..]`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// Whether it is written `#![..]` and so belongs to what surrounds it.
    pub(crate) inner: bool,
    /// From the `#` to just after the closing bracket.
    pub(crate) span: Range<usize>,
    /// What stands between the brackets.
    pub(crate) content: String,
}

impl Source {
    pub(crate) fn new(text: &str) -> Source {
        let code = crate::lexer::mask(text);
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut source = Source { code, test_blocks: Vec::new(), line_starts };
        source.test_blocks = source.find_test_blocks();
        source
    }

    /// The number, from 1, of the line that holds this offset.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset)
    }

    pub(crate) fn in_test_block(&self, offset: usize) -> bool {
        self.test_blocks.iter().any(|block| block.contains(&offset))
    }

    /// Offsets of `word` in the code, where it is not part of a longer identifier.
    pub(crate) fn words(&self, word: &str) -> Vec<usize> {
        words(&self.code, word)
    }

    /// The lines that hold code, outside unit tests and inside them.
    pub(crate) fn lines_of_code(&self) -> (usize, usize) {
        let (mut plain, mut test) = (0, 0);
        for (start, line) in self.line_starts.iter().zip(self.code.split('\n')) {
            if line.trim().is_empty() {
                continue;
            }
            let first = start + line.len() - line.trim_start().len();
            if self.in_test_block(first) { test += 1 } else { plain += 1 }
        }
        (plain, test)
    }

    /// Every function that has a body, in order; a nested one also counts for itself.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for at in self.words("fn") {
            let rest = &self.code[at + 2..];
            let name = identifier(rest.trim_start());
            // `fn(u8)` is a type.
            if name.is_empty() {
                continue;
            }
            let Some(open) = self.first_outside_parentheses(at, &['{', ';']) else { continue };
            if self.code.as_bytes()[open] == b'{' {
                let span = at..self.matching(open);
                found.push(Function { name: name.to_string(), span });
            }
        }
        found
    }

    pub(crate) fn attributes(&self) -> Vec<Attribute> {
        let bytes = self.code.as_bytes();
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices('#') {
            let inner = bytes.get(at + 1) == Some(&b'!');
            let open = at + 1 + usize::from(inner);
            if bytes.get(open) == Some(&b'[') {
                let end = self.matching(open);
                let content = self.code[open + 1..end - 1].trim().to_string();
                found.push(Attribute { inner, span: at..end, content });
            }
        }
        found
    }

    /// The first of `stops` at or after `from` that no parenthesis or bracket encloses.
    pub(crate) fn first_outside_parentheses(&self, from: usize, stops: &[char]) -> Option<usize> {
        let mut depth = 0i32;
        for (index, character) in self.code[from..].char_indices() {
            if depth == 0 && stops.contains(&character) {
                return Some(from + index);
            }
            match character {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return None;
            }
        }
        None
    }

    /// The offset just after the bracket that closes the one at `open`, or the end of an unbalanced
    /// file.
    pub(crate) fn matching(&self, open: usize) -> usize {
        let mut depth = 0usize;
        for (index, byte) in self.code.as_bytes()[open..].iter().enumerate() {
            match byte {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return open + index + 1;
            }
        }
        self.code.len()
    }

    /// The offset of the item that the attribute ending at `from` belongs to: past spaces and
    /// further attributes.
    pub(crate) fn item_after(&self, mut from: usize) -> usize {
        let bytes = self.code.as_bytes();
        loop {
            while bytes.get(from).is_some_and(u8::is_ascii_whitespace) {
                from += 1;
            }
            if bytes.get(from) == Some(&b'#') && bytes.get(from + 1) == Some(&b'[') {
                from = self.matching(from + 1);
            } else {
                return from;
            }
        }
    }

    /// What introduces the innermost brace around `offset`: for example `pub enum Kind` or `match
    /// self.kind`.
    pub(crate) fn enclosing_header(&self, offset: usize) -> &str {
        let bytes = self.code.as_bytes();
        let mut depth = 0usize;
        for at in (0..offset).rev() {
            match bytes[at] {
                b'}' => depth += 1,
                b'{' if depth == 0 => {
                    let start = self.code[..at].rfind(['{', '}', ';']).map_or(0, |start| start + 1);
                    return self.code[start..at].trim();
                }
                b'{' => depth -= 1,
                _ => {}
            }
        }
        ""
    }

    fn find_test_blocks(&self) -> Vec<Range<usize>> {
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for attribute in self.attributes() {
            let is_test = attribute.content.starts_with("cfg(")
                && !words(&attribute.content, "test").is_empty()
                && words(&attribute.content, "not").is_empty();
            let item = self.item_after(attribute.span.end);
            if !is_test || words(&self.code[item..], "mod").first().is_none_or(|at| *at > 12) {
                continue;
            }
            if let Some(open) = self.first_outside_parentheses(item, &['{', ';'])
                && self.code.as_bytes()[open] == b'{'
            {
                blocks.push(attribute.span.start..self.matching(open));
            }
        }
        blocks
    }
}

/// Offsets of `word` in `text`, where it is not part of a longer identifier.
pub(crate) fn words(text: &str, word: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || !is_identifier_byte(bytes[at - 1]))
        .filter(|at| bytes.get(at + word.len()).is_none_or(|byte| !is_identifier_byte(*byte)))
        .collect()
}

/// The identifier that `text` starts with, or nothing.
pub(crate) fn identifier(text: &str) -> &str {
    let end = text.bytes().position(|byte| !is_identifier_byte(byte)).unwrap_or(text.len());
    &text[..end]
}

fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        assert_eq!(words("unsafe_op unsafe not_unsafe", "unsafe"), [10]);
        assert_eq!(identifier("read_exact(a)"), "read_exact");
        assert_eq!(identifier("(a)"), "");
    }

    #[test]
    fn functions_end_at_their_brace() {
        let source =
            Source::new("fn one() { if a { b } }\ntrait T { fn none(&self); }\ntype F = fn(u8);\n");
        let functions = source.functions();
        assert_eq!(functions.len(), 1);
        assert_eq!(functions[0].name, "one");
        assert_eq!(&source.code[functions[0].span.clone()], "fn one() { if a { b } }");
    }

    #[test]
    fn test_blocks_are_counted_apart() {
        let text = "//! Head.

            fn a() {}
            #[cfg(test)]
            mod tests {
                // why
                fn b() {}
            }
            fn c() {}";
        let source = Source::new(text);
        assert_eq!(source.lines_of_code(), (2, 4));
        assert!(source.in_test_block(text.find("fn b").unwrap()));
        assert!(!source.in_test_block(text.find("fn c").unwrap()));
        let production = Source::new("#[cfg(not(test))]\nmod real {\n}\n");
        assert_eq!(production.lines_of_code(), (3, 0));
    }

    #[test]
    fn headers_name_the_innermost_brace() {
        let text = "enum Kind { A, B { c: u8 }, D }";
        let source = Source::new(text);
        assert_eq!(source.enclosing_header(text.find('D').unwrap()), "enum Kind");
        assert_eq!(source.enclosing_header(0), "");
    }

    #[test]
    fn lines_count_from_one() {
        let source = Source::new("a\nb\n");
        assert_eq!((source.line(0), source.line(2), source.line(3)), (1, 2, 2));
    }
}
