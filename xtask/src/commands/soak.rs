//! `cargo xtask soak`: traffic over a bad link between two network namespaces, for some minutes.

use std::time::Duration;

use crate::outcome::Outcome;
use crate::process::{self, minutes};

/// What it may take beyond its minutes: building, and ending what is under way.
const BESIDE: Duration = minutes(15);

/// The defaults of the program are those of CI.
pub(super) fn run(arguments: &[String]) -> Result<Outcome, String> {
    let mut command = process::cargo(&["run", "--package", "minato-soak", "--bin", "soak", "--"]);
    let limit = minutes(minutes_asked(arguments)?) + BESIDE;
    let (output, problem) = process::run(command.args(arguments), limit);
    Ok(process::skippable(&output, problem))
}

/// The number after `--minutes`, or none at all: the program has its own default, which is short.
fn minutes_asked(arguments: &[String]) -> Result<u64, String> {
    let mut words = arguments.iter().skip_while(|word| *word != "--minutes");
    match (words.next(), words.next()) {
        (None, _) => Ok(0),
        (Some(_), Some(count)) => count.parse().map_err(|error| format!("--minutes: {error}")),
        (Some(_), None) => Err("--minutes needs a number".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minutes_are_found() {
        let asked = |words: &[&str]| {
            minutes_asked(&words.iter().map(|w| w.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(asked(&[]), Ok(0));
        assert_eq!(asked(&["--seed", "7", "--minutes", "60"]), Ok(60));
        assert!(asked(&["--minutes"]).is_err());
        assert!(asked(&["--minutes", "many"]).is_err());
    }
}
