//! The two commands that the README gives: what a newcomer types is what is checked.

use crate::tree;

/// The README's command that starts with `start`, as its words.
pub(crate) fn command(start: &str) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(tree::root().join("README.md"))
        .map_err(|error| format!("README.md: {error}"))?;
    find(&text, start)
        .ok_or_else(|| format!("README.md has no fenced line that starts with `{start}`"))
}

fn find(text: &str, start: &str) -> Option<Vec<String>> {
    let mut in_code = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("```") {
            in_code = !in_code;
            continue;
        }
        let line = line.strip_prefix("$ ").unwrap_or(line);
        // What follows `#` explains the command to the reader.
        let line = line.split(" #").next().unwrap_or(line).trim();
        if in_code && (line == start || line.starts_with(&format!("{start} "))) {
            return Some(line.split_whitespace().map(str::to_string).collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fenced_lines_are_commands() {
        let text =
            "cargo test is here\n```sh\n$ cargo run --release  # the tour\ncargo test\n```\n";
        assert_eq!(find(text, "cargo test").unwrap(), ["cargo", "test"]);
        assert_eq!(find(text, "cargo run").unwrap(), ["cargo", "run", "--release"]);
        assert_eq!(find("cargo test\n", "cargo test"), None);
        assert_eq!(find("```\ncargo tests\n```", "cargo test"), None);
    }
}
