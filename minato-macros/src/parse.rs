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

/// Where a test runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    /// On the operating system, once.
    Os,
    /// In simulated worlds, once for each seed.
    Sim,
    /// Both.
    All,
}

/// What the function is to the attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// A future, whose `async` is at this place.
    Body(usize),
    /// A function that describes a scenario.
    Scenario,
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
    pub(crate) engine: Engine,
    /// The seeds, as an expression.
    pub(crate) seeds: Option<String>,
    /// The names of marks, as literals.
    pub(crate) must_reach: Vec<String>,
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
            engine: Engine::Os,
            seeds: None,
            must_reach: Vec::new(),
        }
    }
}

/// The options of tests alone.
const SIMULATED: [&str; 3] = ["engine", "seeds", "must_reach"];

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
        if attribute == Attribute::Main && SIMULATED.contains(&&name[..]) {
            let message = format!("the option `{name}` is for tests: use `#[minato::test]`");
            return Err(Error::new(token.span, message));
        }
        let value = match (rest.next(), rest.next()) {
            (Some(equals), Some(value)) if equals.is_punct('=') => value,
            _ => return Err(Error::new(token.span, format!("expected `{name} = {expected}`"))),
        };
        let is_set = match &name[..] {
            "seeds" => set_seeds(&mut options, value, &mut rest)?,
            _ => set(&mut options, name, value),
        };
        if !is_set {
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
    match unfit(&options, &given) {
        Some(error) => Err(error),
        None => Ok(options),
    }
}

/// The first option that another one forbids.
fn unfit<S: Copy>(options: &Options, given: &[(&str, S)]) -> Option<Error<S>> {
    let find = |name: &str| given.iter().find(|(other, _)| *other == name).map(|(_, span)| *span);
    let refuse = |name: &str, why: &str| {
        find(name).map(|span| Error::new(span, format!("the option `{name}` {why}")))
    };
    if options.engine == Engine::Os {
        let why = "needs `engine = \"sim\"` or `engine = \"all\"`";
        if let Some(error) = refuse("seeds", why).or_else(|| refuse("must_reach", why)) {
            return Some(error);
        }
    }
    if options.engine == Engine::Sim {
        let why = "is for runtimes on the operating system, and `engine = \"sim\"` makes none: \
            each simulated host has one thread, and a clock that the simulation moves";
        let mut os = ["flavor", "worker_threads", "start_paused", "name"].into_iter();
        if let Some(error) = os.find_map(|name| refuse(name, why)) {
            return Some(error);
        }
    }
    match options.flavor {
        Flavor::MultiThread => refuse("start_paused", "needs `flavor = \"current_thread\"`"),
        Flavor::CurrentThread | Flavor::Local => {
            refuse("worker_threads", "needs `flavor = \"multi_thread\"`")
        }
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
        "engine" => Some("\"os\", \"sim\" or \"all\""),
        "seeds" => Some("a number of seeds from 1 on, or a range such as 100..200"),
        "must_reach" => Some("names of marks, such as [\"tried again\"]"),
        _ => None,
    }
}

fn unknown_option<S>(name: &str, span: S) -> Error<S> {
    let known = "`flavor`, `worker_threads`, `start_paused`, `name`, `crate`, and for tests \
        `engine`, `seeds` and `must_reach`";
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
        ("engine", Kind::Literal(text)) => store(&mut options.engine, engine(text)),
        ("must_reach", Kind::Group(Delimiter::Bracket, inner)) => {
            store(&mut options.must_reach, strings(inner))
        }
        _ => false,
    }
}

/// At least one string, with commas between them.
fn strings<S>(tokens: &[Token<S>]) -> Option<Vec<String>> {
    let string = |pair: &[Token<S>]| match pair {
        [Token { kind: Kind::Literal(text), .. }, rest @ ..] if is_string(text) => {
            rest.iter().all(|comma| comma.is_punct(',')).then(|| text.clone())
        }
        _ => None,
    };
    tokens.chunks(2).map(string).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

/// Sets the seeds, a number or two with `..` between them, and returns whether the value is such.
/// A number of no seeds and an empty range are errors of their own: they look right.
fn set_seeds<S: Copy>(
    options: &mut Options,
    first: &Token<S>,
    rest: &mut std::slice::Iter<'_, Token<S>>,
) -> Result<bool, Error<S>> {
    let Some(start) = seed(first) else { return Ok(false) };
    let is_range =
        matches!(rest.as_slice(), [one, two, ..] if one.is_punct('.') && two.is_punct('.'));
    if !is_range {
        if start == 0 {
            return Err(Error::new(first.span, "`seeds = 0` is a test that tests nothing"));
        }
        options.seeds = Some(format!("0..{start}"));
        return Ok(true);
    }
    let Some(end) = rest.nth(2).and_then(seed) else { return Ok(false) };
    if start >= end {
        let message = format!("`seeds = {start}..{end}` is a test that tests nothing");
        return Err(Error::new(first.span, message));
    }
    options.seeds = Some(format!("{start}..{end}"));
    Ok(true)
}

/// A decimal number.
fn seed<S>(token: &Token<S>) -> Option<u64> {
    match &token.kind {
        Kind::Literal(text) => {
            text.strip_suffix("u64").unwrap_or(text).replace('_', "").parse().ok()
        }
        _ => None,
    }
}

fn engine(literal: &str) -> Option<Engine> {
    match string(literal)? {
        "os" => Some(Engine::Os),
        "sim" => Some(Engine::Sim),
        "all" => Some(Engine::All),
        _ => None,
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

/// Checks that the item is a function that the attribute can work with, and returns what it is. The
/// last token is the body then. Where a test runs is `None` if its options are wrong.
pub(crate) fn function<S: Copy>(
    tokens: &[Token<S>],
    attribute: Attribute,
    engine: Option<Engine>,
    attribute_span: S,
) -> Result<Form, Error<S>> {
    let Some(keyword) = tokens.iter().position(|token| token.is_word("fn")) else {
        let span = tokens.first().map_or(attribute_span, |token| token.span);
        return Err(Error::new(span, "expected an `async fn`"));
    };
    let (before, after) = tokens.split_at(keyword);
    let fn_span = after[0].span;
    if !after.last().is_some_and(is_body) {
        return Err(Error::new(fn_span, "the function must have a body"));
    }
    if attribute == Attribute::Test
        && let Some(span) = test_attribute(before)
    {
        return Err(Error::new(span, "a second `#[test]`: the attribute adds one itself"));
    }
    let Some(place) = before.iter().position(|token| token.is_word("async")) else {
        let parameters = parameters(after);
        return match (attribute, engine) {
            (Attribute::Test, None | Some(Engine::Sim)) if parameters == Some(1) => {
                takes_nothing(after, "a scenario", 1).map(|()| Form::Scenario)
            }
            (Attribute::Test, Some(Engine::Sim)) => {
                let message = "the function must be `async`, or take a `&mut Scenario`";
                Err(Error::new(fn_span, message))
            }
            (Attribute::Test, Some(Engine::All)) if parameters == Some(1) => {
                let message = "a scenario has simulated hosts only: use `engine = \"sim\"`";
                Err(Error::new(fn_span, message))
            }
            _ => Err(Error::new(fn_span, "the function must be `async`")),
        };
    };
    let what = match attribute {
        Attribute::Test => "a test",
        // Any other function may have parameters: it is called by the program.
        Attribute::Main if after.get(1).is_some_and(|name| name.is_word("main")) => "`main`",
        Attribute::Main => return Ok(Form::Body(place)),
    };
    takes_nothing(after, what, 0).map(|()| Form::Body(place))
}

/// How many parameters a function has. `after` is `fn name ...`.
fn parameters<S>(after: &[Token<S>]) -> Option<usize> {
    after.iter().find_map(|token| match &token.kind {
        Kind::Group(Delimiter::Parenthesis, inner) => {
            let parts = inner.split(|token| token.is_punct(','));
            Some(parts.filter(|part| !part.is_empty()).count())
        }
        _ => None,
    })
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

/// Refuses parameters, of both sorts, beyond so many. `after` is `fn name ...`.
fn takes_nothing<S: Copy>(after: &[Token<S>], what: &str, most: usize) -> Result<(), Error<S>> {
    for token in after.iter().skip(2) {
        match &token.kind {
            Kind::Punct('<') => {
                let message = format!("{what} cannot have generic parameters");
                return Err(Error::new(token.span, message));
            }
            Kind::Group(Delimiter::Parenthesis, _) => {
                return match parameters(after) {
                    Some(count) if count > most => {
                        Err(Error::new(token.span, format!("{what} cannot have arguments")))
                    }
                    _ => Ok(()),
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
            engine: Engine::Os,
            seeds: None,
            must_reach: Vec::new(),
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
    fn seeds_are_a_number_or_a_range() {
        for (text, seeds) in [
            ("1", "0..1"),
            ("1_000", "0..1000"),
            ("7u64", "0..7"),
            ("5..9", "5..9"),
            ("0..10_000, name = \"n\"", "0..10000"),
        ] {
            let text = format!("engine = \"all\", seeds = {text}");
            let options = options(&tokens(&text), Attribute::Test).unwrap();
            assert_eq!((options.engine, options.seeds.as_deref()), (Engine::All, Some(seeds)));
        }
        for (seeds, error) in [
            ("0", "`seeds = 0` is a test that tests nothing"),
            ("4..4", "`seeds = 4..4` is a test that tests nothing"),
            ("5..4", "`seeds = 5..4` is a test that tests nothing"),
            ("4..=9", "wrong value for `seeds`: expected a number of seeds from 1 on, or a range"),
            ("4..", "wrong value for `seeds`: expected"),
            ("\"4\"", "wrong value for `seeds`: expected"),
            ("-1", "wrong value for `seeds`: expected"),
            ("many", "wrong value for `seeds`: expected"),
        ] {
            let text = format!("engine = \"sim\", seeds = {seeds}");
            let (message, at) = options_error(&text, Attribute::Test);
            assert!(message.starts_with(error), "{message}");
            assert_eq!(at, seeds);
        }
    }

    #[test]
    fn marks_are_strings_in_brackets() {
        for (text, marks) in [("[\"a\"]", &["\"a\""][..]), ("[\"a\", \"b\",]", &["\"a\"", "\"b\""])]
        {
            let text = format!("engine = \"sim\", must_reach = {text}");
            assert_eq!(options(&tokens(&text), Attribute::Test).unwrap().must_reach, marks);
        }
        for text in ["[]", "[a]", "[\"a\" \"b\"]", "[1]", "\"a\"", "[,]"] {
            let text = format!("engine = \"sim\", must_reach = {text}");
            let (message, _) = options_error(&text, Attribute::Test);
            assert!(
                message.starts_with("wrong value for `must_reach`: expected names"),
                "{message}"
            );
        }
    }

    #[test]
    fn what_a_simulated_test_has_not_is_refused() {
        for (text, error) in [
            ("must_reach = [\"a\"]", "the option `must_reach` needs `engine = \"sim\"` or"),
            ("seeds = 3", "the option `seeds` needs `engine = \"sim\"` or `engine = \"all\"`"),
            ("seeds = 3, engine = \"os\"", "the option `seeds` needs `engine = "),
            ("flavor = \"multi_thread\", engine = \"sim\"", "the option `flavor` is for runtimes"),
            ("start_paused = true, engine = \"sim\"", "the option `start_paused` is for"),
            ("name = \"n\", engine = \"sim\"", "the option `name` is for runtimes"),
            ("worker_threads = 2, engine = \"all\"", "the option `worker_threads` needs"),
        ] {
            let (message, at) = options_error(text, Attribute::Test);
            assert!(message.starts_with(error), "{message}");
            assert_eq!(at, text);
        }
        let (message, _) = options_error("engine = \"sim\"", Attribute::Main);
        assert_eq!(message, "the option `engine` is for tests: use `#[minato::test]`");
        let many = "engine = \"all\", flavor = \"multi_thread\", worker_threads = 2";
        assert!(options(&tokens(many), Attribute::Test).is_ok());
    }

    #[test]
    fn a_function_of_a_scenario_is_a_test_of_the_simulated_engine() {
        let scenario = tokens("fn ships(sim: &mut Scenario,) {}");
        let form = |engine| function(&scenario, Attribute::Test, engine, 0);
        assert_eq!(form(Some(Engine::Sim)), Ok(Form::Scenario));
        assert_eq!(form(None), Ok(Form::Scenario));
        let error = form(Some(Engine::All)).unwrap_err().message;
        assert_eq!(error, "a scenario has simulated hosts only: use `engine = \"sim\"`");
        assert_eq!(form(Some(Engine::Os)).unwrap_err().message, "the function must be `async`");
        for text in ["fn ships() {}", "fn ships(sim: &mut Scenario, other: u8) {}"] {
            let error = function(&tokens(text), Attribute::Test, Some(Engine::Sim), 0).unwrap_err();
            let expected = "the function must be `async`, or take a `&mut Scenario`";
            assert_eq!(error.message, expected);
        }
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
            let form = function(&tokens, Attribute::Main, None, 0).unwrap();
            assert!(matches!(form, Form::Body(place) if tokens[place].is_word("async")), "{text}");
        }
        let ignored = tokens("#[ignore] #[cfg(test)] async fn main() -> fn(u8) {}");
        assert!(function(&ignored, Attribute::Test, None, 0).is_ok());
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
            let engine = Some(Engine::Os);
            let error = function(&tokens(text), attribute, engine, text.len()).unwrap_err();
            assert_eq!((&error.message[..], &text[error.span..]), (message, at));
        }
    }
}
