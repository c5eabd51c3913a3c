//! The arguments. Most are cargo's and are handed on untouched, so no parser that would have to
//! know all of them is used: what is known is which ones have a value, and what some of them mean.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::outcome::Outcome;

/// The options that have a value, ours and those of the commands that are handed on.
const WITH_VALUE: [&str; 24] = [
    "--artifact-dir",
    "--bench",
    "--bin",
    "--color",
    "--config",
    "--engine",
    "--example",
    "--exclude",
    "--features",
    "--jobs",
    "--lockfile-path",
    "--manifest-path",
    "--message-format",
    "--minato",
    "--package",
    "--profile",
    "--seed",
    "--target",
    "--target-dir",
    "--test",
    "-F",
    "-Z",
    "-j",
    "-p",
];

/// One option as it was written.
struct Given {
    /// Its place and that of its value.
    at: std::ops::Range<usize>,
    name: String,
    value: Option<String>,
}

/// The arguments that nothing has taken yet.
pub(crate) struct Arguments {
    left: Vec<OsString>,
    /// `cargo run` gives the program all from the first argument on that is no option.
    ends_at_operand: bool,
}

impl Arguments {
    pub(crate) fn new(arguments: impl Iterator<Item = OsString>) -> Arguments {
        let mut left: Vec<OsString> = arguments.collect();
        // Cargo starts its `cargo-NAME` with NAME as the first argument.
        if left.first().is_some_and(|first| first == "minato") {
            left.remove(0);
        }
        Arguments { left, ends_at_operand: false }
    }

    /// Takes the name of the command, which comes first.
    pub(crate) fn command(&mut self) -> Option<String> {
        let command = self.left.first()?.to_str()?.to_string();
        self.left.remove(0);
        self.ends_at_operand = command == "run";
        Some(command)
    }

    /// Takes an option without a value.
    pub(crate) fn flag(&mut self, names: &[&str]) -> bool {
        let given = self.given().into_iter().find(|given| names.contains(&given.name.as_str()));
        given.map(|given| self.left.drain(given.at)).is_some()
    }

    /// Takes an option with its value, `--name value` or `--name=value`.
    pub(crate) fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let Some(given) = self.given().into_iter().find(|given| given.name == name) else {
            return Ok(None);
        };
        self.left.drain(given.at);
        given.value.map(Some).ok_or_else(|| format!("{name} wants a value"))
    }

    /// Takes the arguments that are left. There must be this many.
    pub(crate) fn operands<const N: usize>(self, wanted: &str) -> Outcome<[OsString; N]> {
        if let Some(given) = self.given().first() {
            return Err(format!("unexpected option `{}`", given.name));
        }
        let count = self.left.len();
        self.left.try_into().map_err(|_| format!("{wanted}, and {count} arguments were given"))
    }

    /// Takes all that is left.
    pub(crate) fn rest(self) -> Vec<OsString> {
        self.left
    }

    /// The options before `--`. What is not Unicode is none.
    fn given(&self) -> Vec<Given> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(argument) = self.left.get(at).filter(|argument| *argument != "--") {
            let start = at;
            at += 1;
            let text = argument.to_str().unwrap_or_default();
            if !text.starts_with('-') {
                if self.ends_at_operand {
                    break;
                }
                continue;
            }
            let is_long = text.starts_with("--");
            let (name, mut value) = match text.split_once('=').filter(|_| is_long) {
                Some((name, value)) => (name, Some(value)),
                None if is_long || !WITH_VALUE.contains(&text.get(..2).unwrap_or(text)) => {
                    (text, None)
                }
                None => (&text[..2], Some(&text[2..]).filter(|value| !value.is_empty())),
            };
            // Some values may be left out, as after `--bin`.
            let next = self.left.get(at).and_then(|next| next.to_str());
            if value.is_none() && WITH_VALUE.contains(&name) {
                value = next.filter(|next| !next.starts_with('-'));
                at += usize::from(value.is_some());
            }
            let (name, value) = (name.to_string(), value.map(str::to_string));
            found.push(Given { at: start..at, name, value });
        }
        found
    }

    /// What the arguments mean for the calls that come before the last one.
    pub(crate) fn shared(&self) -> Shared {
        let mut shared = Shared::default();
        for Given { at, name, value } in self.given() {
            let written = || self.left[at.clone()].to_vec();
            match name.as_str() {
                "--manifest-path" | "--config" | "-Z" => {
                    shared.for_project.extend(written());
                    shared.for_metadata.extend(written());
                }
                "--features" | "-F" | "--all-features" | "--no-default-features" | "--offline" => {
                    shared.for_metadata.extend(written());
                }
                "--locked" => shared.is_locked = true,
                "--frozen" => {
                    shared.is_locked = true;
                    shared.for_metadata.push("--offline".into());
                }
                "--quiet" | "-q" => {
                    shared.is_quiet = true;
                    shared.for_metadata.push("--quiet".into());
                }
                // The host goes without saying.
                "--target" => shared.targets.extend(value.filter(|value| value != "host-tuple")),
                "--target-dir" => shared.target_dir = value.map(PathBuf::from),
                _ => {}
            }
        }
        shared.is_offline = shared.for_metadata.iter().any(|argument| argument == "--offline");
        shared
    }
}

/// What the arguments for cargo mean for `cargo metadata`.
#[derive(Default)]
pub(crate) struct Shared {
    /// The arguments that say which project it is.
    pub(crate) for_project: Vec<OsString>,
    /// Those that say which graph it has.
    pub(crate) for_metadata: Vec<OsString>,
    pub(crate) is_locked: bool,
    pub(crate) is_offline: bool,
    pub(crate) is_quiet: bool,
    pub(crate) targets: Vec<String>,
    pub(crate) target_dir: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Arguments {
        let mut arguments = Arguments::new(text.split(' ').map(OsString::from));
        arguments.command();
        arguments
    }

    fn rest(arguments: Arguments) -> String {
        arguments.rest().join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn our_options_are_taken_wherever_cargo_would_take_its_own() {
        for (given, minato, left) in [
            ("minato test --minato a -v", Some("a"), "-v"),
            ("minato test name -v --minato=a --bin b", Some("a"), "name -v --bin b"),
            ("minato test -- --minato a", None, "-- --minato a"),
            ("minato run -p x --minato a y", Some("a"), "-p x y"),
            ("minato run -px y --minato a", None, "-px y --minato a"),
            ("minato run --bin x -- --minato a", None, "--bin x -- --minato a"),
            ("test --bin --minato a", Some("a"), "--bin"),
            ("run --release --minato a --minato b", Some("a"), "--release --minato b"),
        ] {
            let mut arguments = arguments(given);
            assert_eq!(arguments.value("--minato").unwrap().as_deref(), minato, "{given}");
            assert_eq!(rest(arguments), left, "{given}");
        }
        assert!(arguments("test --minato").value("--minato").is_err());
        assert!(arguments("test --minato --release").value("--minato").is_err());
    }

    #[test]
    fn what_cargo_metadata_must_know_is_found() {
        let given = "run --manifest-path a/Cargo.toml -Zx --config k=1 -F f,g --target-dir=t \
                     --frozen --target aarch64 -q -j4 operand --locked --offline --target-dir u";
        let shared = arguments(given).shared();
        let text = |list: &[OsString]| list.join(" ".as_ref()).into_string().unwrap();
        let project = "--manifest-path a/Cargo.toml -Zx --config k=1";
        assert_eq!(text(&shared.for_project), project);
        assert_eq!(text(&shared.for_metadata), format!("{project} -F f,g --offline --quiet"));
        assert_eq!((shared.is_locked, shared.is_offline, shared.is_quiet), (true, true, true));
        assert_eq!(shared.targets, ["aarch64"]);
        assert_eq!(shared.target_dir, Some(PathBuf::from("t")));
        let shared = arguments("test name --offline").shared();
        assert_eq!((shared.is_locked, shared.is_offline, shared.is_quiet), (false, true, false));
    }
}
