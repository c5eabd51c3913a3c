//! A Rust file as `proc-macro2` and `syn` read it: its tokens, and the items that they make.
//!
//! Rules that search for words or paths read the tokens, which macros have too. Rules that ask what
//! a name belongs to read the items.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ItemMod, Macro};

/// One token. A group of tokens is an opening and a closing one.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
    last_line: usize,
    /// For an opening bracket: the index of the closing one. For others: their own.
    pub(crate) close: usize,
}

/// One Rust file.
pub(crate) struct Source {
    /// The code. Comments are not in it, and documentation is not either.
    pub(crate) tokens: Vec<Token>,
    /// The items of the file, and those that its macros define.
    pub(crate) files: Vec<syn::File>,
    /// Whether the file is valid Rust, and so is what its macros make public.
    pub(crate) parses: bool,
    /// The lines of the `#[cfg(test)] mod name { .. }` blocks.
    tests: Vec<RangeInclusive<usize>>,
}

/// A function with a body.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) lines: RangeInclusive<usize>,
    pub(crate) body: &'a [Token],
}

/// A path such as `a::b::c`. Each name in a group of a `use` is a path of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// What the file calls it, if a `use` brings it in.
    pub(crate) import: Option<String>,
    /// Whether that is a plain `pub use`.
    pub(crate) public: bool,
}

impl Source {
    pub(crate) fn new(text: &str) -> Source {
        let read = TokenStream::from_str(text).ok();
        let mut files = Vec::from_iter(read.clone().and_then(|stream| syn::parse2(stream).ok()));
        let mut parses = !files.is_empty();
        let mut tokens = Vec::new();
        flatten(read.unwrap_or_default(), &mut tokens);
        let (mut tests, mut at) = (Vec::new(), 0);
        while at < files.len() {
            let mut found = Found::default();
            found.visit_file(&files[at]);
            tests.append(&mut found.tests);
            for inside in found.macros {
                let items = items(&inside);
                parses &= items.is_some() || !has_public_function(&inside);
                files.extend(items);
            }
            at += 1;
        }
        Source { tokens, files, parses, tests }
    }

    pub(crate) fn in_test_block(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// The number of lines that hold code, outside unit tests and inside them.
    pub(crate) fn lines_of_code(&self) -> (usize, usize) {
        let lines: BTreeSet<usize> =
            self.tokens.iter().flat_map(|token| [token.line, token.last_line]).collect();
        let tests = lines.iter().filter(|line| self.in_test_block(**line)).count();
        (lines.len() - tests, tests)
    }

    /// The indices of this word.
    pub(crate) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        (0..self.tokens.len()).filter(move |at| self.tokens[*at].text == word)
    }

    pub(crate) fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// Every function that has a body, in order; a nested one also counts for itself.
    pub(crate) fn functions(&self) -> Vec<Function<'_>> {
        let mut found = Vec::new();
        for start in self.words("fn").filter(|at| is_identifier(self.text(at + 1))) {
            let mut at = start + 2;
            while !matches!(self.text(at), "{" | "}" | ";" | ")" | "") {
                at = self.tokens[at].close + 1;
            }
            if self.text(at) == "{" {
                let close = self.tokens[at].close;
                let lines = self.tokens[start].line..=self.tokens[close].line;
                let body = &self.tokens[at..close];
                found.push(Function { name: self.text(start + 1), lines, body });
            }
        }
        found
    }

    /// Every path, also those of a single name that a `use` brings in.
    pub(crate) fn paths(&self) -> Vec<Path> {
        let (mut found, mut at) = (Vec::new(), 0);
        while at < self.tokens.len() {
            let begins = at == 0 || self.text(at - 1) != "::";
            // `use<'a>` is a bound.
            if self.text(at) == "use" && self.text(at + 1) != "<" {
                let begun = found.len();
                let public = at > 0 && self.text(at - 1) == "pub";
                at = self.path(at + 1 + usize::from(self.text(at + 1) == "::"), &[], &mut found);
                for path in &mut found[begun..] {
                    let last = path.segments.last().cloned().unwrap_or_default();
                    path.import.get_or_insert(last);
                    path.public = public;
                }
            } else if is_identifier(self.text(at)) && begins && self.text(at + 1) == "::" {
                let begun = found.len();
                at = self.path(at, &[], &mut found).max(at + 1);
                found[begun..].iter_mut().for_each(|path| path.import = None);
            } else {
                at += 1;
            }
        }
        found
    }

    /// Reads the path, or the tree of a `use`, at `at`. Gives the index after it.
    fn path(&self, mut at: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
        let Some(line) = self.tokens.get(at).map(|token| token.line) else { return at };
        let mut segments = prefix.to_vec();
        while is_identifier(self.text(at)) || self.text(at) == "*" {
            segments.push(self.text(at).to_string());
            at += 1;
            if self.text(at) != "::" {
                break;
            }
            at += 1;
        }
        if self.text(at) == "{" && (at == 0 || matches!(self.text(at - 1), "::" | "use")) {
            let close = self.tokens[at].close;
            while at + 1 < close {
                at = self.path(at + 1, &segments, found).max(at + 1);
            }
            return close + 1;
        }
        let renamed = self.text(at) == "as" && is_identifier(self.text(at + 1));
        let import = renamed.then(|| self.text(at + 1).to_string());
        // `use a::{self}` brings in `a`.
        segments.pop_if(|last| last == "self" && !prefix.is_empty());
        if !segments.is_empty() {
            found.push(Path { segments, line, import, public: false });
        }
        at + 2 * usize::from(renamed)
    }

    /// What the file imports.
    pub(crate) fn imports(&self) -> Vec<Path> {
        self.paths().into_iter().filter(|path| path.import.is_some()).collect()
    }

    /// The paths that the code uses, with imported names written out.
    pub(crate) fn resolved_paths(&self) -> Vec<Path> {
        let (imports, mut paths) = (self.imports(), self.paths());
        for path in paths.iter_mut().filter(|path| path.import.is_none()) {
            path.segments = written_out(&path.segments, &imports);
        }
        paths
    }
}

/// A path with what its first name stands for, if one of the imports brings that in.
pub(crate) fn written_out(path: &[String], imports: &[Path]) -> Vec<String> {
    let import = imports.iter().find(|import| import.import.as_ref() == Some(&path[0]));
    [import.map_or(&path[..1], |import| &import.segments), &path[1..]].concat()
}

impl Path {
    pub(crate) fn starts_with(&self, start: &str) -> bool {
        start.split("::").eq(self.segments.iter().take(start.split("::").count()))
    }
}

pub(crate) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter();
    let mut is_joint = false;
    while let Some(tree) = trees.next() {
        let span = tree.span();
        let joins = std::mem::take(&mut is_joint);
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let at = tokens.len();
                push(tokens, open.to_string(), group.span_open());
                flatten(group.stream(), tokens);
                tokens[at].close = tokens.len();
                push(tokens, close.to_string(), group.span_close());
            }
            // Each token of a documentation comment spans the whole comment.
            TokenTree::Punct(punct) if punct.as_char() == '#' && span.byte_range().len() > 1 => {
                while !matches!(trees.next(), Some(TokenTree::Group(_)) | None) {}
            }
            TokenTree::Punct(punct) => {
                is_joint = punct.as_char() == ':' && punct.spacing() == Spacing::Joint;
                match tokens.last_mut() {
                    Some(last) if joins && punct.as_char() == ':' => last.text.push(':'),
                    _ => push(tokens, punct.to_string(), span),
                }
            }
            other => push(tokens, other.to_string(), span),
        }
    }
}

fn push(tokens: &mut Vec<Token>, text: String, span: Span) {
    let line = span.start().line;
    // Asking for a line is slow, and only literals have several.
    let last_line = if text.contains('\n') { span.end().line } else { line };
    tokens.push(Token { text, line, last_line, close: tokens.len() });
}

/// What is noted of the items of a file.
#[derive(Default)]
struct Found {
    /// What the macros give that are defined or called where items stand: of a call, what it is
    /// given; of a definition, the result of each arm.
    macros: Vec<TokenStream>,
    /// The lines of the blocks of unit tests.
    tests: Vec<RangeInclusive<usize>>,
}

impl<'ast> Visit<'ast> for Found {
    fn visit_macro(&mut self, node: &'ast Macro) {
        if !node.path.is_ident("macro_rules") {
            return self.macros.push(node.tokens.clone());
        }
        // Pattern and result take turns.
        let groups = node.tokens.clone().into_iter().filter(is_group);
        self.macros.extend(groups.skip(1).step_by(2).map(|group| match group {
            TokenTree::Group(group) => without_dollars(group.stream()),
            _ => TokenStream::new(),
        }));
    }

    fn visit_item_mod(&mut self, node: &'ast ItemMod) {
        let attribute = node.attrs.iter().find(|attribute| is_for_tests(attribute));
        if let (Some(attribute), Some((brace, _))) = (attribute, &node.content) {
            let first = attribute.pound_token.spans[0].start().line;
            self.tests.push(first..=brace.span.close().end().line);
        }
        visit::visit_item_mod(self, node);
    }

    /// Functions give no items.
    fn visit_block(&mut self, _: &'ast Block) {}
}

/// `$name` as a plain name, and what a repetition repeats, once.
fn without_dollars(stream: TokenStream) -> TokenStream {
    let mut trees = stream.into_iter().peekable();
    let mut result = TokenStream::new();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == '$' => {
                if let Some(TokenTree::Group(group)) = trees.next_if(is_group) {
                    result.extend(without_dollars(group.stream()));
                    while trees.next_if(is_repetition).is_some() {}
                } else if let Some(TokenTree::Ident(name)) = trees.next_if(is_variable) {
                    // `$type` is a name, and `type` is none.
                    result.extend([TokenTree::Ident(Ident::new(&format!("{name}_"), name.span()))]);
                }
            }
            TokenTree::Group(group) => {
                let inside = without_dollars(group.stream());
                let mut new = Group::new(group.delimiter(), inside);
                new.set_span(group.span());
                result.extend([TokenTree::Group(new)]);
            }
            other => result.extend([other]),
        }
    }
    result
}

/// What can stand after the parentheses of `$(..),*`.
fn is_repetition(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(mark) if "*+?,".contains(mark.as_char()))
}

fn is_variable(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Ident(name) if name != "crate")
}

fn is_group(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(_))
}

/// Reads tokens as items, or as the inside of an impl.
fn items(tokens: &TokenStream) -> Option<syn::File> {
    let mut inside = TokenStream::from_str("impl Macro").unwrap_or_default();
    inside.extend([TokenTree::Group(Group::new(Delimiter::Brace, tokens.clone()))]);
    syn::parse2(tokens.clone()).or_else(|_| syn::parse2(inside)).ok()
}

fn has_public_function(stream: &TokenStream) -> bool {
    let mut tokens = Vec::new();
    flatten(stream.clone(), &mut tokens);
    tokens.windows(2).any(|pair| pair[0].text == "pub" && pair[1].text == "fn")
}

/// Whether an attribute is `#[cfg(test)]`, or asks for more besides.
fn is_for_tests(attribute: &Attribute) -> bool {
    let mut tokens = Vec::new();
    if let (true, Ok(list)) = (attribute.path().is_ident("cfg"), attribute.meta.require_list()) {
        flatten(list.tokens.clone(), &mut tokens);
    }
    let has = |word: &str| tokens.iter().any(|token| token.text == word);
    has("test") && !has("not")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let show = |path: &Path| match &path.import {
            Some(local) => format!("{} as {local}", path.segments.join("::")),
            None => path.segments.join("::"),
        };
        Source::new(text).resolved_paths().iter().map(show).collect()
    }

    #[test]
    fn comments_and_literals_are_no_words() {
        let text = "/// unsafe\nfn f() { g(\"unsafe\", 'u', r#\"unsafe\"#); } // unsafe\n";
        assert_eq!(Source::new(text).words("unsafe").count(), 0);
        assert_eq!(Source::new("unsafe fn f() {}").words("unsafe").count(), 1);
    }

    #[test]
    fn functions_end_at_their_brace() {
        let text = "fn one() {\nif a { b } }\ntrait T { fn none(&self); }\ntype F = fn(u8);\n";
        let source = Source::new(text);
        let functions = source.functions();
        assert_eq!(functions.len(), 1);
        assert_eq!((functions[0].name, functions[0].lines.clone()), ("one", 1..=2));
    }

    #[test]
    fn test_blocks_are_counted_apart() {
        let text = "//! Head.

            /// What it does.
            fn a() {}
            #[cfg(test)]
            mod tests {
                // why
                fn b() {}
            }
            fn c() {}";
        let source = Source::new(text);
        assert_eq!(source.lines_of_code(), (2, 4));
        assert!(source.in_test_block(8) && !source.in_test_block(10));
        let production = Source::new("#[cfg(not(test))]\nmod real {\n}\n");
        assert_eq!(production.lines_of_code(), (3, 0));
    }

    #[test]
    fn groups_of_imports_are_flattened() {
        let found = paths("use a::{self, b::{C, D as E}, f, g::*};");
        assert_eq!(found, ["a as a", "a::b::C as C", "a::b::D as E", "a::f as f", "a::g::* as *"]);
        assert_eq!(paths("use {a, ::b::C};\nuse d;"), ["a as a", "b::C as C", "d as d"]);
    }

    #[test]
    fn imported_names_are_written_out() {
        let text = "pub use a::B;\nfn f() -> impl Sized + use<> { B::new() + c::D::<u8>::e() }";
        assert_eq!(paths(text), ["a::B as B", "a::B::new", "c::D"]);
        assert!(Source::new("pub use a::B;").paths()[0].public);
        assert!(!Source::new("pub(crate) use a::B;").paths()[0].public);
    }

    #[test]
    fn items_in_macros_are_items() {
        for text in [
            "macro_rules! m { ($n:ident) => { $(#[$a])* pub struct $n; } }",
            "pin_project! { pub struct A { #[pin] a: u8 } }",
            "macro_rules! m { ($type:ident) => { impl $type { pub fn f(&self) {} } } }",
        ] {
            assert_eq!(Source::new(text).files.len(), 2, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(!Source::new("fn f(").parses);
        assert!(!Source::new("macro_rules! m { () => { pub fn f() what } }").parses);
        assert!(Source::new("macro_rules! m { () => { what is it } }").parses);
    }

    #[test]
    fn unfinished_text_does_not_panic() {
        for text in ["\"", "'", "/*", "r#\"", "b'", "fn", "use", "pub", "use a::", "{", "é"] {
            let source = Source::new(text);
            source.resolved_paths();
            source.functions();
        }
    }
}
