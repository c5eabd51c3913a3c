//! Writing the function anew: without `async`, and with a runtime around its body.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::parse::{self, Attribute, Engine, Error, Flavor, Form, Kind, Options, Token};

/// Expands one of the attributes. Errors become `compile_error!` at their place.
pub(crate) fn expand(attribute: Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse::options(&read(options), attribute);
    let mut item: Vec<TokenTree> = unwrap_item(item).into_iter().collect();
    if let Some(last) = item.pop() {
        item.push(unwrap_body(last));
    }
    let tokens = read(item.iter().cloned().collect());
    let engine = options.as_ref().ok().map(|options| options.engine);
    let function = parse::function(&tokens, attribute, engine, Span::call_site());
    match (options, function) {
        (Ok(options), Ok(form)) => match (options.engine, form) {
            (Engine::Os, Form::Body(place)) => rewrite(attribute, &options, item, place),
            (Engine::All, Form::Body(place)) => on_both(&options, item, place),
            (_, form) => in_the_world(&options, item, form),
        },
        (options, function) => {
            let errors = options.err().into_iter().chain(function.err());
            errors.map(compile_error).chain([stand_in(attribute, &item)]).collect()
        }
    }
}

/// An item that came through a macro as a whole is wrapped in invisible brackets.
fn unwrap_item(item: TokenStream) -> TokenStream {
    let mut tokens = item.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            unwrap_item(group.stream())
        }
        _ => item,
    }
}

/// So is a body that came through a macro as a block.
fn unwrap_body(last: TokenTree) -> TokenTree {
    if let TokenTree::Group(group) = &last {
        let mut tokens = group.stream().into_iter();
        if group.delimiter() == Delimiter::None
            && let (Some(only), None) = (tokens.next(), tokens.next())
        {
            return unwrap_body(only);
        }
    }
    last
}

fn read(stream: TokenStream) -> Vec<Token<Span>> {
    let token = |tree: TokenTree| {
        let span = tree.span();
        let kind = match tree {
            TokenTree::Ident(word) => Kind::Word(word.to_string()),
            TokenTree::Punct(punct) => Kind::Punct(punct.as_char()),
            TokenTree::Literal(literal) => Kind::Literal(literal.to_string()),
            TokenTree::Group(group) => {
                let inner = match group.delimiter() {
                    Delimiter::Brace => Vec::new(),
                    _ => read(group.stream()),
                };
                Kind::Group(group.delimiter(), inner)
            }
        };
        Token { kind, span }
    };
    stream.into_iter().map(token).collect()
}

/// Builds the new function from the old one, whose `async` is at `place` and whose body is last.
fn rewrite(
    attribute: Attribute,
    options: &Options,
    mut item: Vec<TokenTree>,
    place: usize,
) -> TokenStream {
    let span = body_span(&item);
    let body = item.pop();
    let keyword = item.remove(place);
    let argument = TokenStream::from_iter([keyword].into_iter().chain(body));
    let call = write(&runtime(options), span)
        .into_iter()
        .chain([group(Delimiter::Parenthesis, argument, span)])
        .collect();
    let marker = match attribute {
        Attribute::Main => TokenStream::new(),
        Attribute::Test => write("#[::core::prelude::v1::test]", Span::call_site()),
    };
    marker.into_iter().chain(item).chain([group(Delimiter::Brace, call, span)]).collect()
}

/// A test that sweeps, with the function from before inside it.
fn in_the_world(options: &Options, item: Vec<TokenTree>, form: Form) -> TokenStream {
    let (attributes, function) = split_attributes(item);
    let name = name(&function);
    let sweep = write(&sweep(options, &name, &name, form), body_span(&function));
    let visible = visibility(&function);
    let body = function.into_iter().chain(sweep).collect();
    test(attributes, visible, &format!("fn {name}()"), body)
}

/// The function from before, beside a module of its name that has two tests: one that runs it on
/// the operating system, and one that sweeps it.
fn on_both(options: &Options, item: Vec<TokenTree>, place: usize) -> TokenStream {
    let (attributes, function) = split_attributes(item);
    let of_tests = |attribute: &&[TokenTree]| word(attribute, &["ignore", "should_panic"]);
    let (of_tests, of_both): (Vec<_>, Vec<_>) = attributes.chunks(2).partition(of_tests);
    let of_module =
        of_both.iter().filter(|attribute| word(attribute, &["cfg"])).flat_map(|all| *all);
    let of_tests = || of_tests.concat();
    let test_only = write("#[cfg(test)]", Span::call_site());

    let (name, span) = (name(&function), body_span(&function));
    let path = format!("super::{name}");
    let once = write(&format!("{}({path}())", runtime(options)), span);
    let swept = write(&sweep(options, &name, &path, Form::Body(place)), span);
    // A test that returns something must not have `should_panic`, so nothing stays nothing.
    let returns = function.windows(2).any(|pair| is_arrow(&pair[0], &pair[1]));
    let result = if returns { "-> impl ::std::process::Termination" } else { "" };
    let visible = || write("pub(super)", Span::call_site());
    let tests = [
        test(of_tests(), visible(), &format!("fn os() {result}"), once),
        test(of_tests(), visible(), "fn sim()", swept),
    ];
    let module = [group(Delimiter::Brace, tests.into_iter().collect(), Span::call_site())];

    let of_function = test_only.clone().into_iter().chain(of_both.concat());
    let of_module = test_only.into_iter().chain(of_module.cloned());
    let module = write(&format!("mod {name}"), Span::call_site()).into_iter().chain(module);
    of_function.chain(function).chain(of_module).chain(module).collect()
}

/// A function that is a test.
fn test(
    attributes: Vec<TokenTree>,
    visibility: TokenStream,
    signature: &str,
    body: TokenStream,
) -> TokenStream {
    let marker = write("#[::core::prelude::v1::test]", Span::call_site());
    let signature = visibility.into_iter().chain(write(signature, Span::call_site()));
    let body = group(Delimiter::Brace, body, Span::call_site());
    marker.into_iter().chain(attributes).chain(signature).chain([body]).collect()
}

/// The `pub` or `pub(...)` of a function, if it has one.
fn visibility(function: &[TokenTree]) -> TokenStream {
    let is_qualified = matches!(function.get(1), Some(TokenTree::Group(_)));
    let count = match function.first() {
        Some(first) if first.to_string() == "pub" => 1 + usize::from(is_qualified),
        _ => 0,
    };
    function[..count].iter().cloned().collect()
}

/// The code that sweeps the function at this path.
fn sweep(options: &Options, name: &str, path: &str, form: Form) -> String {
    let library = &options.library;
    let scenario = match form {
        Form::Scenario => path.to_owned(),
        Form::Body(_) => format!(
            "|scenario: &mut {library}::sim::Scenario| \
                {{ scenario.client(\"client\", |_| {path}()); }}"
        ),
    };
    let name = name.trim_start_matches("r#");
    let seeds = options.seeds.iter().map(|seeds| format!(".seeds({seeds})"));
    let seeds: String = seeds.collect();
    let marks = match &options.must_reach[..] {
        [] => String::new(),
        marks => format!(".must_reach([{}])", marks.join(", ")),
    };
    format!("{library}::sim::sweep({scenario}).named({name:?}){seeds}{marks}.run();")
}

/// The attributes of an item, each of two tokens, and the rest.
fn split_attributes(mut item: Vec<TokenTree>) -> (Vec<TokenTree>, Vec<TokenTree>) {
    let is_attribute =
        |pair: &[TokenTree]| matches!(&pair[0], TokenTree::Punct(punct) if punct.as_char() == '#');
    let count = item.chunks_exact(2).take_while(|pair| is_attribute(pair)).count();
    let rest = item.split_off(2 * count);
    (item, rest)
}

/// Whether an attribute begins with one of these words.
fn word(attribute: &[TokenTree], words: &[&str]) -> bool {
    let Some(TokenTree::Group(inner)) = attribute.get(1) else { return false };
    let first = inner.stream().into_iter().next();
    first.is_some_and(|first| words.contains(&&*first.to_string()))
}

fn is_arrow(one: &TokenTree, two: &TokenTree) -> bool {
    one.to_string() == "-" && two.to_string() == ">"
}

/// The name of a function that was checked before.
fn name(function: &[TokenTree]) -> String {
    let keyword = function.iter().position(|token| token.to_string() == "fn");
    keyword.and_then(|at| function.get(at + 1)).map_or_else(String::new, ToString::to_string)
}

/// Names resolve as if written by us, but what the compiler has to say about the type of the body
/// is shown where the body ends.
fn body_span(function: &[TokenTree]) -> Span {
    let end = match function.last() {
        Some(TokenTree::Group(group)) => group.span_close(),
        _ => Span::call_site(),
    };
    Span::mixed_site().located_at(end)
}

/// The code that makes the runtime, up to the name of the method that gets the future.
fn runtime(options: &Options) -> String {
    let (constructor, build) = match options.flavor {
        Flavor::CurrentThread => ("new_current_thread", "build()"),
        Flavor::Local => ("new_current_thread", "build_local(::core::default::Default::default())"),
        Flavor::MultiThread => ("new_multi_thread", "build()"),
    };
    let mut code = format!(
        "#[allow(clippy::expect_used)] let runtime = {}::runtime::Builder::{constructor}()",
        options.library
    );
    if let Some(threads) = options.worker_threads {
        code += &format!(".worker_threads({threads})");
    }
    if options.start_paused {
        code += ".start_paused(true)";
    }
    if let Some(name) = &options.name {
        code += &format!(".name({name})");
    }
    code + &format!(".{build}.expect(\"the runtime could not be built\"); runtime.block_on")
}

/// An empty `main`, so that the compiler does not report a missing one besides the real error.
fn stand_in(attribute: Attribute, item: &[TokenTree]) -> TokenStream {
    let is_main = item.windows(2).any(|pair| {
        matches!(pair, [TokenTree::Ident(word), TokenTree::Ident(name)]
            if word.to_string() == "fn" && name.to_string() == "main")
    });
    if attribute == Attribute::Main && is_main {
        write("fn main() {}", Span::call_site())
    } else {
        TokenStream::new()
    }
}

fn compile_error(error: Error<Span>) -> TokenStream {
    write(&format!("::core::compile_error! {{ {:?} }}", error.message), error.span)
}

/// Turns code into tokens with this span.
fn write(code: &str, span: Span) -> TokenStream {
    let parsed = code.parse().expect("the code was put together from checked parts");
    set_span(parsed, span)
}

fn set_span(stream: TokenStream, span: Span) -> TokenStream {
    let respan = |tree: TokenTree| match tree {
        TokenTree::Group(inner) => group(inner.delimiter(), set_span(inner.stream(), span), span),
        mut other => {
            other.set_span(span);
            other
        }
    };
    stream.into_iter().map(respan).collect()
}

fn group(delimiter: Delimiter, stream: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, stream);
    group.set_span(span);
    TokenTree::Group(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_built_as_the_options_say() {
        let mut options = Options {
            flavor: Flavor::MultiThread,
            worker_threads: Some(3),
            start_paused: true,
            name: Some("\"n\"".to_owned()),
            library: "a::b".to_owned(),
            engine: Engine::Os,
            seeds: Some("0..9".to_owned()),
            must_reach: Vec::new(),
        };
        let expected = "a::b::runtime::Builder::new_multi_thread().worker_threads(3)\
            .start_paused(true).name(\"n\").build().expect(";
        assert!(runtime(&options).contains(expected));
        options = Options { flavor: Flavor::CurrentThread, worker_threads: None, ..options };
        (options.start_paused, options.name) = (false, None);
        let expected = "a::b::runtime::Builder::new_current_thread().build().expect(";
        assert!(runtime(&options).contains(expected));
        options.flavor = Flavor::Local;
        assert!(runtime(&options).contains("Builder::new_current_thread().build_local("));
        let swept = sweep(&options, "r#n", "super::r#n", Form::Body(0));
        let expected = "a::b::sim::sweep(|scenario: &mut a::b::sim::Scenario| \
            { scenario.client(\"client\", |_| super::r#n()); }).named(\"n\").seeds(0..9).run();";
        assert_eq!(swept, expected);
        let swept = sweep(&options, "n", "n", Form::Scenario);
        assert_eq!(swept, "a::b::sim::sweep(n).named(\"n\").seeds(0..9).run();");
        options.must_reach = vec!["\"a\"".to_owned(), "\"b\"".to_owned()];
        let swept = sweep(&options, "n", "n", Form::Scenario);
        assert!(swept.ends_with(".seeds(0..9).must_reach([\"a\", \"b\"]).run();"), "{swept}");
    }
}
