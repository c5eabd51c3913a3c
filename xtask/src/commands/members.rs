//! `cargo xtask members`: the tests of the workspace's members that a plain `cargo test` leaves
//! out.

use crate::manifest;
use crate::outcome::Outcome;
use crate::process;

/// Members that are run by a step of their own.
const ELSEWHERE: [&str; 1] = ["examples"];

pub(crate) fn run() -> Outcome {
    match others() {
        Ok(packages) => {
            let mut command = process::cargo(&["test", "--no-fail-fast", "--all-features"]);
            for package in &packages {
                command.args(["--package", package]);
            }
            process::tests(&mut command, process::LONG)
        }
        Err(error) => Outcome::failed(error),
    }
}

fn others() -> Result<Vec<String>, String> {
    let plain = manifest::members("default-members")?;
    let others = manifest::members("members")?;
    others
        .iter()
        .filter(|folder| !plain.contains(folder) && !ELSEWHERE.contains(&folder.as_str()))
        .map(|folder| manifest::package_name(folder))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_tested_elsewhere() {
        let others = others().unwrap();
        assert!(
            others.contains(&"minato-sim".to_string()) && others.contains(&"xtask".to_string())
        );
        assert!(!others.contains(&"minato".to_string()));
    }
}
