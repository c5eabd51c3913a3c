//! Reading the options and the function.
//!
//! Everything here works on [`Token`]s, which are generic over their span: outside of a macro that
//! runs, the compiler offers neither tokens nor spans, and the unit tests use numbers instead.

use proc_macro::Delimiter;

/// As much of a token as the macros look at.
#[derive(Clone, Debug)]
pub(crate) struct Token<S> {
    pub(crate) kind: Kind<S>,
    pub(crate) span: S,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind<S> {
    /// An identifier or keyword.
    Word(String),
    Punct(char),
    Literal(String),
    /// What is inside braces is left out: nobody here looks into a body.
    Group(Delimiter, Vec<Token<S>>),
}

impl<S> Token<S> {
    fn is_word(&self, text: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word == text)
    }

    fn is_punct(&self, punct: char) -> bool {
        matches!(self.kind, Kind::Punct(other) if other == punct)
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Error<S> {
    pub(crate) message: String,
    pub(crate) span: S,
}

impl<S> Error<S> {
    fn new(span: S, message: impl Into<String>) -> Self {
        Error { message: message.into(), span }
    }
}

/// Which of the two attributes is expanded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Attribute {
    Main,
    Test,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavor {
    CurrentThread,
    Local,
    MultiThread,
}

/// The options, as far as given, with the attribute's defaults for the rest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) start_paused: bool,
    /// The name of the runtime, as a literal.
    pub(crate) name: Option<String>,
    /// The path to the library.
    pub(crate) library: String,
}

impl Options {
    fn new(attribute: Attribute) -> Self {
        Options {
            flavor: match attribute {
                Attribute::Main => Flavor::MultiThread,
                Attribute::Test => Flavor::CurrentThread,
            },
            worker_threads: None,
            start_paused: false,
            name: None,
            library: "::minato".to_owned(),
        }
    }
}

/// Reads `name = value, name = value`.
pub(crate) fn options<S: Copy>(
    tokens: &[Token<S>],
    attribute: Attribute,
) -> Result<Options, Error<S>> {
    let mut options = Options::new(attribute);
    let mut given: Vec<(&str, S)> = Vec::new();
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        let Kind::Word(name) = &token.kind else {
            return Err(Error::new(token.span, "expected the name of an option"));
        };
        let expected = expected_value(name).ok_or_else(|| unknown_option(name, token.span))?;
        if given.iter().any(|(other, _)| other == name) {
            return Err(Error::new(token.span, format!("the option `{name}` is given twice")));
        }
        given.push((name, token.span));
        let value = match (rest.next(), rest.next()) {
            (Some(equals), Some(value)) if equals.is_punct('=') => value,
            _ => return Err(Error::new(token.span, format!("expected `{name} = {expected}`"))),
        };
        if !set(&mut options, name, value) {
            let message = format!("wrong value for `{name}`: expected {expected}");
            return Err(Error::new(value.span, message));
        }
        match rest.next() {
            Some(comma) if !comma.is_punct(',') => {
                return Err(Error::new(comma.span, "expected `,` between options"));
            }
            _ => {}
        }
    }
    let (unfit, flavor) = match options.flavor {
        Flavor::MultiThread => ("start_paused", "current_thread"),
        Flavor::CurrentThread | Flavor::Local => ("worker_threads", "multi_thread"),
    };
    match given.iter().find(|(name, _)| *name == unfit) {
        Some(&(_, span)) => {
            let message = format!("the option `{unfit}` needs `flavor = \"{flavor}\"`");
            Err(Error::new(span, message))
        }
        None => Ok(options),
    }
}

/// What the value of an option looks like, or `None` if there is no such option.
fn expected_value(name: &str) -> Option<&'static str> {
    match name {
        "flavor" => Some("\"current_thread\", \"local\" or \"multi_thread\""),
        "worker_threads" => Some("a number of threads from 1 on"),
        "start_paused" => Some("true or false"),
        "name" => Some("a name as a string"),
        "crate" => Some("the path to the library as a string, such as \"minato\""),
        _ => None,
    }
}

fn unknown_option<S>(name: &str, span: S) -> Error<S> {
    let known = "`flavor`, `worker_threads`, `start_paused`, `name` and `crate`";
    Error::new(span, format!("unknown option `{name}`; there are {known}"))
}

/// Sets one of the known options, and returns whether the value is one for it.
fn set<S>(options: &mut Options, name: &str, value: &Token<S>) -> bool {
    fn store<T>(place: &mut T, value: Option<T>) -> bool {
        value.map(|value| *place = value).is_some()
    }
    match (name, &value.kind) {
        ("flavor", Kind::Literal(text)) => store(&mut options.flavor, flavor(text)),
        ("worker_threads", Kind::Literal(text)) => {
            options.worker_threads = number(text);
            options.worker_threads.is_some()
        }
        ("start_paused", Kind::Word(word)) => store(&mut options.start_paused, word.parse().ok()),
        ("name", Kind::Literal(text)) => {
            options.name = is_string(text).then(|| text.clone());
            options.name.is_some()
        }
        ("crate", Kind::Literal(text)) => store(&mut options.library, path(text)),
        _ => false,
    }
}

fn flavor(literal: &str) -> Option<Flavor> {
    match string(literal)? {
        "current_thread" => Some(Flavor::CurrentThread),
        "local" => Some(Flavor::Local),
        "multi_thread" => Some(Flavor::MultiThread),
        _ => None,
    }
}

/// A decimal number above 0.
fn number(literal: &str) -> Option<usize> {
    let digits = literal.strip_suffix("usize").unwrap_or(literal).replace('_', "");
    digits.parse().ok().filter(|&number| number > 0)
}

/// A path of identifiers, without generic arguments.
fn path(literal: &str) -> Option<String> {
    let path = string(literal)?;
    let is_identifier = |segment: &str| {
        let mut characters = segment.strip_prefix("r#").unwrap_or(segment).chars();
        characters.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && characters.all(|other| other == '_' || other.is_alphanumeric())
    };
    let segments = path.strip_prefix("::").unwrap_or(path);
    segments.split("::").all(is_identifier).then(|| path.to_owned())
}

/// Whether the literal is a string, with or without escapes.
fn is_string(literal: &str) -> bool {
    literal.trim_start_matches(['r', '#']).starts_with('"')
}

/// The text of a plain string literal. None of the values that are looked at needs an escape.
fn string(literal: &str) -> Option<&str> {
    literal.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))
}

/// Checks that the item is a function that the attribute can work with, and returns the place of
/// its `async`. The last token is the body then.
pub(crate) fn function<S: Copy>(
    tokens: &[Token<S>],
    attribute: Attribute,
    attribute_span: S,
) -> Result<usize, Error<S>> {
    let Some(keyword) = tokens.iter().position(|token| token.is_word("fn")) else {
        let span = tokens.first().map_or(attribute_span, |token| token.span);
        return Err(Error::new(span, "expected an `async fn`"));
    };
    let (before, after) = tokens.split_at(keyword);
    let fn_span = after[0].span;
    if !after.last().is_some_and(is_body) {
        return Err(Error::new(fn_span, "the function must have a body"));
    }
    let Some(place) = before.iter().position(|token| token.is_word("async")) else {
        return Err(Error::new(fn_span, "the function must be `async`"));
    };
    let what = match attribute {
        Attribute::Test => {
            if let Some(span) = test_attribute(before) {
                let message = "a second `#[test]`: the attribute adds one itself";
                return Err(Error::new(span, message));
            }
            "a test"
        }
        // Any other function may have parameters: it is called by the program.
        Attribute::Main if after.get(1).is_some_and(|name| name.is_word("main")) => "`main`",
        Attribute::Main => return Ok(place),
    };
    takes_nothing(after, what).map(|()| place)
}

fn is_body<S>(token: &Token<S>) -> bool {
    matches!(token.kind, Kind::Group(Delimiter::Brace, _))
}

/// The span of a `#[test]`, if there is one.
fn test_attribute<S: Copy>(before: &[Token<S>]) -> Option<S> {
    before.iter().find_map(|token| match &token.kind {
        Kind::Group(Delimiter::Bracket, inner) => {
            matches!(&inner[..], [only] if only.is_word("test")).then_some(token.span)
        }
        _ => None,
    })
}

/// Refuses parameters, of both sorts. `after` is `fn name ...`.
fn takes_nothing<S: Copy>(after: &[Token<S>], what: &str) -> Result<(), Error<S>> {
    for token in after.iter().skip(2) {
        match &token.kind {
            Kind::Punct('<') => {
                let message = format!("{what} cannot have generic parameters");
                return Err(Error::new(token.span, message));
            }
            Kind::Group(Delimiter::Parenthesis, inner) => {
                return match &inner[..] {
                    [] => Ok(()),
                    _ => Err(Error::new(token.span, format!("{what} cannot have arguments"))),
                };
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts a text into tokens whose spans are their positions in it. Strings hold no quotes.
    fn tokens(text: &str) -> Vec<Token<usize>> {
        let (tokens, end) = tokens_until(text, 0, None);
        assert_eq!(end, text.len());
        tokens
    }

    fn tokens_until(text: &str, start: usize, close: Option<u8>) -> (Vec<Token<usize>>, usize) {
        let bytes = text.as_bytes();
        let is_word =
            |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let mut tokens = Vec::new();
        let mut at = start;
        while at < bytes.len() && Some(bytes[at]) != close {
            let span = at;
            at += 1;
            let kind = match bytes[span] {
                b' ' => continue,
                b'"' => {
                    at += text[at..].find('"').unwrap() + 1;
                    Kind::Literal(text[span..at].to_owned())
                }
                open @ (b'(' | b'[' | b'{') => {
                    let (delimiter, close) = match open {
                        b'(' => (Delimiter::Parenthesis, b')'),
                        b'[' => (Delimiter::Bracket, b']'),
                        _ => (Delimiter::Brace, b'}'),
                    };
                    let (inner, end) = tokens_until(text, at, Some(close));
                    at = end + 1;
                    Kind::Group(delimiter, inner)
                }
                byte if is_word(span) => {
                    while is_word(at) {
                        at += 1;
                    }
                    let word = text[span..at].to_owned();
                    if byte.is_ascii_digit() { Kind::Literal(word) } else { Kind::Word(word) }
                }
                byte => Kind::Punct(byte as char),
            };
            tokens.push(Token { kind, span });
        }
        (tokens, at)
    }

    /// The error for these options, with the text at its span.
    fn options_error(text: &str, attribute: Attribute) -> (String, &str) {
        let error = options(&tokens(text), attribute).unwrap_err();
        (error.message, &text[error.span..])
    }

    #[test]
    fn defaults_differ_by_attribute() {
        let main = options(&tokens(""), Attribute::Main).unwrap();
        let test = options(&tokens(""), Attribute::Test).unwrap();
        assert_eq!(main.flavor, Flavor::MultiThread);
        assert_eq!(test.flavor, Flavor::CurrentThread);
        assert_eq!((main.worker_threads, main.start_paused), (None, false));
        assert_eq!(main.library, "::minato");
    }

    #[test]
    fn all_options_in_any_order() {
        let text = "name = \"a b\", crate = \"a::r#b\", worker_threads = 1_0usize, \
            flavor = \"multi_thread\",";
        let expected = Options {
            flavor: Flavor::MultiThread,
            worker_threads: Some(10),
            start_paused: false,
            name: Some("\"a b\"".to_owned()),
            library: "a::r#b".to_owned(),
        };
        assert_eq!(options(&tokens(text), Attribute::Test), Ok(expected));
        let text = "start_paused = true, flavor = \"local\"";
        let local = options(&tokens(text), Attribute::Main).unwrap();
        assert_eq!((local.flavor, local.start_paused), (Flavor::Local, true));
    }

    #[test]
    fn unknown_and_repeated_options_are_refused_at_their_name() {
        let (message, at) = options_error("start_paused = true, threads = 3", Attribute::Main);
        assert!(message.starts_with("unknown option `threads`; there are `flavor`"), "{message}");
        assert_eq!(at, "threads = 3");
        let (message, at) =
            options_error("start_paused = true, start_paused = false", Attribute::Main);
        assert_eq!(message, "the option `start_paused` is given twice");
        assert_eq!(at, "start_paused = false");
        let (message, at) = options_error("\"multi_thread\"", Attribute::Main);
        assert_eq!((&message[..], at), ("expected the name of an option", "\"multi_thread\""));
    }

    #[test]
    fn wrong_values_are_refused_at_the_value() {
        for (name, values) in [
            ("name", &["3", "true", "name", "(\"name\")"][..]),
            ("flavor", &["\"remote\"", "3", "multi_thread", "(\"multi_thread\")"]),
            ("worker_threads", &["0", "\"3\"", "0x3", "3u8", "99999999999999999999", "many"]),
            ("start_paused", &["1", "\"true\"", "yes"]),
            ("crate", &["minato", "\"\"", "\"a b\"", "\"a::\"", "\"a::<u8>\"", "\"3a\"", "7"]),
        ] {
            for value in values {
                let text = format!("{name} = {value}");
                let (message, at) = options_error(&text, Attribute::Main);
                assert!(
                    message.starts_with(&format!("wrong value for `{name}`: expected ")),
                    "{message}"
                );
                assert_eq!(at, *value);
            }
        }
    }

    #[test]
    fn missing_values_and_commas_are_told() {
        for text in ["flavor", "flavor =", "flavor(\"multi_thread\")", "flavor, start_paused"] {
            let (message, at) = options_error(text, Attribute::Main);
            assert_eq!(
                message,
                "expected `flavor = \"current_thread\", \"local\" or \"multi_thread\"`"
            );
            assert_eq!(at, text);
        }
        let (message, at) =
            options_error("start_paused = true worker_threads = 2", Attribute::Main);
        assert_eq!((&message[..], at), ("expected `,` between options", "worker_threads = 2"));
    }

    #[test]
    fn some_options_need_a_flavor() {
        for (text, attribute, flavor) in [
            ("worker_threads = 2", Attribute::Test, "multi_thread"),
            ("worker_threads = 2, flavor = \"current_thread\"", Attribute::Main, "multi_thread"),
            ("worker_threads = 2, flavor = \"local\"", Attribute::Main, "multi_thread"),
            ("start_paused = true", Attribute::Main, "current_thread"),
            ("start_paused = false, flavor = \"multi_thread\"", Attribute::Test, "current_thread"),
        ] {
            let (message, at) = options_error(text, attribute);
            let option = text.split(' ').next().unwrap();
            assert_eq!(message, format!("the option `{option}` needs `flavor = \"{flavor}\"`"));
            assert_eq!(at, text);
        }
        assert!(options(&tokens("worker_threads = 2"), Attribute::Main).is_ok());
    }

    #[test]
    fn functions_are_accepted_with_whatever_surrounds_them() {
        for text in [
            "async fn main() {}",
            "#[test] #[allow(dead_code)] pub(in a::b) async fn main() -> Result<(), E> {}",
            "const unsafe extern \"C\" async fn f() -> impl Fn(u8) -> u8 where u8: Copy {}",
            "async fn other<T: Fn(i32) -> i32>(argument: T) {}",
        ] {
            let tokens = tokens(text);
            let place = function(&tokens, Attribute::Main, 0).unwrap();
            assert!(tokens[place].is_word("async"), "{text}");
        }
        let ignored = tokens("#[ignore] #[cfg(test)] async fn main() -> fn(u8) {}");
        assert!(function(&ignored, Attribute::Test, 0).is_ok());
    }

    #[test]
    fn what_is_not_such_a_function_is_refused_at_the_place() {
        use Attribute::{Main, Test};
        for (attribute, text, message, at) in [
            (Main, "struct S {}", "expected an `async fn`", "struct S {}"),
            (Main, "", "expected an `async fn`", ""),
            (Main, "pub fn main() {}", "the function must be `async`", "fn main() {}"),
            (Test, "fn t() { async {} }", "the function must be `async`", "fn t() { async {} }"),
            (Main, "async fn main();", "the function must have a body", "fn main();"),
            (Main, "async fn main(a: u8) {}", "`main` cannot have arguments", "(a: u8) {}"),
            (Test, "async fn t(a: u8) {}", "a test cannot have arguments", "(a: u8) {}"),
            (Main, "async fn main<T>() {}", "`main` cannot have generic parameters", "<T>() {}"),
            (Test, "async fn t<T>() {}", "a test cannot have generic parameters", "<T>() {}"),
            (
                Test,
                "#[test] async fn t() {}",
                "a second `#[test]`: the attribute adds one itself",
                "[test] async fn t() {}",
            ),
        ] {
            let error = function(&tokens(text), attribute, text.len()).unwrap_err();
            assert_eq!((&error.message[..], &text[error.span..]), (message, at));
        }
    }
}
