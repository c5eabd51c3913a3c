//! What must not be left behind: unfinished work, tests switched off, traces of the machine it was
//! written on.

use super::{Violation, lines, tokens};
use crate::tree::Tree;

/// Words that mark unfinished work. They are put together here, so that the rule does not find
/// itself.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

const HOSTS: [&str; 5] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("deb.debian", ".org"),
];

const FOLDERS: [&str; 4] = ["home", "root", "work", "tmp"];

/// Cargo writes where it found a crate into a lock file, so that such a file names a host.
const LOCK: &str = "Cargo.lock";

/// Nothing is left unfinished.
pub(crate) fn unfinished(tree: &Tree) -> Vec<Violation> {
    let mut found = lines(tree.files.iter(), |line| {
        let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        Some(format!("{} is left in the text", words.find(|word| MARKS.contains(word))?))
    });
    found.extend(tokens(tree.rust(""), |source, at| {
        let is_left = MACROS.contains(&source.text(at)) && source.text(at + 1) == "!";
        is_left.then(|| format!("{}! is left in the code", source.text(at)))
    }));
    found
}

/// A test that is switched off says why.
pub(crate) fn ignored_tests(tree: &Tree) -> Vec<Violation> {
    tokens(tree.rust(""), |source, at| {
        let is_bare =
            ["#", "[", "ignore", "]"].iter().zip(at..).all(|(a, at)| source.text(at) == *a);
        is_bare.then(|| "an ignored test gives its reason: #[ignore = \"..\"]".to_string())
    })
}

/// No path of a particular machine.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<Violation> {
    let wanted = FOLDERS.map(|folder| format!("/{folder}/"));
    forbid(tree, &wanted, "is a path of one machine")
}

/// No name of a package registry: where crates come from is the user's choice.
pub(crate) fn registry_hosts(tree: &Tree) -> Vec<Violation> {
    forbid(tree, &HOSTS.map(str::to_string), "is a package registry's host")
}

fn forbid(tree: &Tree, wanted: &[String], what: &str) -> Vec<Violation> {
    lines(tree.files.iter().filter(|file| !file.path.ends_with(LOCK)), |line| {
        Some(format!("{} {what}", wanted.iter().find(|text| line.contains(text.as_str()))?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_whole_words_anywhere() {
        let text = format!("// {}: later\n// {}_LIST\n", MARKS[0], MARKS[0]);
        let found =
            unfinished(&Tree::of(&[("a.rs", &text), ("b.md", &format!("{} b\n", MARKS[2]))]));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[1].file.as_str()), (1, "b.md"));
    }

    #[test]
    fn macros_count_in_code_only() {
        let text =
            "fn f() { dbg!(1); unimplemented!() }\n// todo!() in prose\nlet s = \"todo!()\";\n";
        assert_eq!(unfinished(&Tree::of(&[("a.rs", text)])).len(), 2);
    }

    #[test]
    fn a_reason_is_enough() {
        assert!(
            ignored_tests(&Tree::of(&[("a.rs", "#[ignore = \"needs root\"]\nfn f() {}")]))
                .is_empty()
        );
        assert_eq!(ignored_tests(&Tree::of(&[("a.rs", "#[test]\n#[ignore]\nfn f() {}")])).len(), 1);
    }

    #[test]
    fn every_folder_and_host_is_found_but_not_in_the_lock_file() {
        for folder in FOLDERS {
            assert_eq!(machine_paths(&Tree::of(&[("a.sh", &format!("cd /{folder}/a"))])).len(), 1);
        }
        for host in HOSTS {
            assert_eq!(registry_hosts(&Tree::of(&[("a.toml", host)])).len(), 1);
            assert!(registry_hosts(&Tree::of(&[(LOCK, host)])).is_empty());
        }
        assert!(machine_paths(&Tree::of(&[("a.md", "the home/ folder, /proc/self")])).is_empty());
    }
}
