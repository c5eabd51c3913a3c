//! Writing the function anew: without `async`, and with a runtime around its body.

use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::parse::{self, Attribute, Error, Flavor, Kind, Options, Token};

/// Expands one of the attributes. Errors become `compile_error!` at their place.
pub(crate) fn expand(attribute: Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse::options(&read(options), attribute);
    let mut item: Vec<TokenTree> = unwrap_item(item).into_iter().collect();
    if let Some(last) = item.pop() {
        item.push(unwrap_body(last));
    }
    let tokens = read(item.iter().cloned().collect());
    let function = parse::function(&tokens, attribute, Span::call_site());
    match (options, function) {
        (Ok(options), Ok(place)) => rewrite(attribute, &options, item, place),
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
    let body = item.pop();
    let keyword = item.remove(place);
    // Names resolve as if written by us, but what the compiler has to say about the type of the
    // body is shown where the body ends.
    let end = match &body {
        Some(TokenTree::Group(group)) => group.span_close(),
        _ => Span::call_site(),
    };
    let span = Span::mixed_site().located_at(end);
    let argument = TokenStream::from_iter([keyword].into_iter().chain(body));
    let call = write(&runtime(options), span)
        .into_iter()
        .chain([group(Delimiter::Parenthesis, argument, span)])
        .collect();
    let marker = match attribute {
        Attribute::Main => TokenStream::new(),
        Attribute::Test => write("#[::core::prelude::v1::test]", Span::call_site()),
    };
    marker.into_iter().chain(item).chain([group(Delimiter::Brace, call, end)]).collect()
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
    }
}
