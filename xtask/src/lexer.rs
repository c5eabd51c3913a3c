//! The lexer behind [`Source`](crate::source::Source): it knows comments and literals, and nothing
//! else of Rust.

/// A copy of `text`, as long as it, in which comments and the insides of literals are blank. Line
/// breaks stay, and so do the quotes of a literal, so that `#[ignore = ""]` can still be told from
/// `#[ignore]`.
pub(crate) fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = vec![b' '; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if let Some(length) = comment(rest) {
            at += length;
        } else if let Some(length) = literal(rest, at.checked_sub(1).map(|before| bytes[before])) {
            let first = rest.iter().position(|byte| matches!(byte, b'"' | b'\'')).unwrap_or(0);
            code[at..=at + first].copy_from_slice(&rest[..=first]);
            code[at + length - 1] = rest[first];
            at += length;
        } else {
            code[at] = bytes[at];
            at += 1;
        }
    }
    for (masked, byte) in code.iter_mut().zip(bytes) {
        if *byte == b'\n' {
            *masked = b'\n';
        }
    }
    // Blank stretches begin and end at ASCII characters, so none splits a character.
    String::from_utf8(code).expect("the mask cuts between characters")
}

/// The length of the comment that `rest` starts with. Block comments nest.
fn comment(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"//") {
        return Some(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with(b"/*") {
        return None;
    }
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    Some(at)
}

/// The length of the string or character literal that `rest` starts with, its prefix included.
fn literal(rest: &[u8], before: Option<u8>) -> Option<usize> {
    match rest[0] {
        b'"' => Some(quoted(rest, 0, b'"')),
        b'\'' => character(rest),
        b'r' | b'b' | b'c'
            if before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'_') =>
        {
            prefixed(rest)
        }
        _ => None,
    }
}

/// `b"..."`, `c"..."`, `b'.'`, and the raw forms `r"..."`, `r#"..."#`, `br"..."`, `cr"..."`.
fn prefixed(rest: &[u8]) -> Option<usize> {
    let letters = rest.iter().take(2).take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let raw = rest[letters - 1] == b'r';
    match rest.get(letters)? {
        b'"' if !raw => Some(quoted(rest, letters, b'"')),
        b'\'' if rest[..letters] == *b"b" => Some(quoted(rest, letters, b'\'')),
        b'"' | b'#' if raw => {
            let hashes = rest[letters..].iter().take_while(|byte| **byte == b'#').count();
            // `r#type` is an identifier.
            if rest.get(letters + hashes) != Some(&b'"') {
                return None;
            }
            let mut end = vec![b'"'];
            end.extend(std::iter::repeat_n(b'#', hashes));
            let body = letters + hashes + 1;
            let length = rest[body..].windows(end.len()).position(|window| window == end);
            Some(length.map_or(rest.len(), |length| body + length + end.len()))
        }
        _ => None,
    }
}

/// The length up to and with the closing quote, where `rest[open]` is the opening one.
fn quoted(rest: &[u8], open: usize, quote: u8) -> usize {
    let mut at = open + 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character literal; `'a` without a closing quote is a lifetime or a label.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, 0, b'\''));
    }
    let width = match *rest.get(1)? {
        byte if byte < 0x80 => 1,
        byte if byte < 0xe0 => 2,
        byte if byte < 0xf0 => 3,
        _ => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(2 + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let code = mask(text);
        assert_eq!(code.len(), text.len());
        code
    }

    #[test]
    fn comments_are_blank() {
        let code = code("let a; // unsafe é\n/* x /* y */ z */ b");
        assert!(code.starts_with("let a;  ") && code.ends_with(" b"));
        assert!(!code.contains("unsafe") && !code.contains('z') && code.contains('\n'));
    }

    #[test]
    fn literals_are_blank_inside() {
        assert_eq!(code(r#"f("a \" b", c)"#), r#"f("      ", c)"#);
        assert_eq!(code(r##"f(r#"a"b"#, c)"##), r##"f(r#"    ", c)"##);
        assert_eq!(code(r"f(b'{', '\'', 'é', c)"), "f(b' ', '  ', '  ', c)");
        assert_eq!(code("f(br\"{\\\", c)"), "f(br\"  \", c)");
    }

    #[test]
    fn lifetimes_and_raw_identifiers_stay() {
        let text = "fn f<'a>(r#type: &'a str) { 'l: loop {} }";
        assert_eq!(code(text), text);
        assert!(code("r#type").contains("type"));
        assert!(code("for x in bar\"\"").contains("bar"));
    }

    #[test]
    fn unfinished_text_does_not_panic() {
        for text in ["\"", "'", "/*", "r#\"", "b'", "'\\", "\"\\", "//", "r", "b", "é", "'é"] {
            code(text);
        }
    }
}
