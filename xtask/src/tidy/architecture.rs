//! ARCHITECTURE.md and the tree must tell the same story.

use super::Violation;
use crate::tree::{LIBRARY, Tree};

const DOCUMENT: &str = "ARCHITECTURE.md";

/// Every file of the library is mentioned by its path, `net/udp.rs`; a folder's `mod.rs` by the
/// folder, `net/`. Several can be written at once: `net/tcp/{listener,stream}.rs`.
pub(crate) fn mentions_every_file(tree: &Tree) -> Vec<Violation> {
    let mentioned = tree.file(DOCUMENT).map_or(Vec::new(), |document| mentions(&document.text));
    let is_mentioned = |path: &str| {
        let folder = path.strip_suffix("mod.rs").filter(|folder| !folder.is_empty());
        let mut mentions = mentioned.iter().map(|(_, mention)| relative(mention));
        mentions.any(|one| one == path || folder.is_some_and(|folder| one.starts_with(folder)))
    };
    let paths = tree.rust(LIBRARY).map(|(file, _)| &file.path[LIBRARY.len()..]);
    let absent = paths.filter(|path| !is_mentioned(path));
    absent.map(|path| Violation::new(DOCUMENT, 1, format!("does not mention {path}"))).collect()
}

/// Every Rust file that the document names exists.
pub(crate) fn names_only_what_exists(tree: &Tree) -> Vec<Violation> {
    let Some(document) = tree.file(DOCUMENT) else { return Vec::new() };
    let mut found = Vec::new();
    for (line, mention) in mentions(&document.text) {
        let inside = format!("/{mention}");
        let exists = tree.paths.iter().any(|path| *path == mention || path.ends_with(&inside));
        if mention.ends_with(".rs") && !exists {
            found.push(Violation::new(DOCUMENT, line, format!("{mention} does not exist")));
        }
    }
    found
}

fn relative(mention: &str) -> &str {
    mention.strip_prefix(LIBRARY).or(mention.strip_prefix("src/")).unwrap_or(mention)
}

/// The words of the document that look like paths, with the number of their line.
fn mentions(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut depth = 0i32;
        let words = line.split(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            let part =
                c.is_alphanumeric() || "_-./{}".contains(c) || (depth > 0 && ", ".contains(c));
            !part
        });
        for word in words.map(|word| word.trim_end_matches('.')).filter(|word| !word.is_empty()) {
            if word.contains('/') || word.contains(".rs") {
                found.extend(expand(word).into_iter().map(|path| (index + 1, path)));
            }
        }
    }
    found
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn expand(word: &str) -> Vec<String> {
    let Some((before, (inside, after))) =
        word.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return vec![word.to_string()];
    };
    inside.split(',').flat_map(|part| expand(&format!("{before}{}{after}", part.trim()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [(&str, &str); 4] = [
        ("minato/src/lib.rs", ""),
        ("minato/src/net/mod.rs", ""),
        ("minato/src/net/udp.rs", ""),
        ("minato/src/net/tcp/stream.rs", ""),
    ];

    fn messages(rule: fn(&Tree) -> Vec<Violation>, document: &str) -> Vec<String> {
        let mut files = FILES.to_vec();
        files.push((DOCUMENT, document));
        rule(&Tree::of(&files)).into_iter().map(|found| found.message).collect()
    }

    #[test]
    fn a_file_must_be_named_with_its_folder() {
        let all = "`lib.rs`, net/{udp,tcp/stream}.rs and `net/`.";
        assert!(messages(mentions_every_file, all).is_empty());
        let two = messages(mentions_every_file, "lib.rs, stream.rs, udp.rs, `net/`");
        assert_eq!(two, ["does not mention net/udp.rs", "does not mention net/tcp/stream.rs"]);
        let full = "minato/src/lib.rs src/net/udp.rs (net/tcp/stream.rs)";
        assert!(messages(mentions_every_file, full).is_empty());
    }

    #[test]
    fn a_named_file_must_exist() {
        assert!(messages(names_only_what_exists, "net/udp.rs, stream.rs.").is_empty());
        let stale = messages(names_only_what_exists, "net/{udp, gone}.rs");
        assert_eq!(stale, ["net/gone.rs does not exist"]);
    }
}
