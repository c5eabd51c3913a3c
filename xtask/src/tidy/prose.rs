//! Module heads and links.

use super::Violation;
use crate::tree::Tree;

/// Every Rust file starts by saying what it is.
pub(crate) fn module_head(tree: &Tree) -> Vec<Violation> {
    // The cases that must not compile are programs of a few lines, whose names say it all.
    tree.rust("")
        .filter(|(file, _)| !file.path.contains("/tests/ui/"))
        .filter(|(file, _)| !file.text.starts_with("//!"))
        .map(|(file, _)| Violation::new(&file.path, 1, "the file does not start with a `//!` line"))
        .collect()
}

/// Every Rust file can be read: a rule sees nothing in one that cannot.
pub(crate) fn readable(tree: &Tree) -> Vec<Violation> {
    let ours = tree.rust("").filter(|(file, _)| !file.path.contains("/tests/ui/"));
    ours.filter(|(_, source)| !source.parses)
        .map(|(file, _)| Violation::new(&file.path, 1, "is not valid Rust"))
        .collect()
}

/// A relative link in a document leads to a file or folder of the project.
pub(crate) fn links(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut in_code = false;
        let plain = file.text.lines().enumerate().filter(|(_, line)| {
            in_code ^= line.trim_start().starts_with("```");
            !in_code
        });
        for (index, target) in
            plain.flat_map(|(index, line)| line_links(line).map(move |it| (index, it)))
        {
            let path = target.split('#').next().unwrap_or("");
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !path.is_empty() && !exists(tree, folder, path) {
                let message = format!("the link to {target} leads nowhere");
                found.push(Violation::new(&file.path, index + 1, message));
            }
        }
    }
    found
}

/// The targets of the `[text](target)` and `[label]: target` links in a line.
fn line_links(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.match_indices("](").filter_map(|(at, _)| line[at + 2..].split_once(')'));
    let label = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    let targets = inline.map(|(target, _)| target).chain(label.map(|(_, target)| target));
    targets.filter_map(|target| target.split_whitespace().next())
}

fn exists(tree: &Tree, folder: &str, path: &str) -> bool {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let folder = format!("{path}/");
    path.is_empty() || tree.paths.iter().any(|known| *known == path || known.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> usize {
        links(&Tree::of(&[("docs/A.md", text), ("README.md", ""), ("docs/b/c.rs", "")])).len()
    }

    #[test]
    fn links_are_followed_from_their_own_folder() {
        assert_eq!(broken("[a](../README.md) [b](b/c.rs#top) [c](b/) [d](#here) [e](./A.md)"), 0);
        assert_eq!(broken("[a](README.md)"), 1);
        assert_eq!(broken("[a](../../README.md)"), 1);
        assert_eq!(broken("[a]: ../README.md\n[b]: gone.md"), 1);
        assert_eq!(broken("[a](https://example.org/x)"), 0);
        assert_eq!(broken("```text\n[a](gone.md)\n```"), 0);
    }

    #[test]
    fn a_head_is_the_first_thing() {
        assert_eq!(
            module_head(&Tree::of(&[("a.rs", "// A.\n//! B.\n"), ("b.rs", "//! B.\n")])).len(),
            1
        );
    }
}
