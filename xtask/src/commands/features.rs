//! `cargo xtask features`: the library compiles with every combination of its features.

use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::{process, workspace};

const LIMIT: Duration = Duration::from_secs(10 * 60);

pub(crate) fn run() -> Result<Outcome, String> {
    let metadata = workspace::read()?;
    // An optional dependency that no feature names by `dep:` is a feature too.
    let features = workspace::package(&metadata, "minato")?.features.keys();
    let features: Vec<&str> =
        features.map(String::as_str).filter(|one| *one != "default").collect();
    if features.is_empty() {
        println!("minato has no features: there is one way to build it");
        return Ok(Outcome::passed());
    }
    let mut problems = Vec::new();
    for combination in combinations(&features) {
        let list = combination.join(",");
        let arguments =
            ["check", "--package", "minato", "--lib", "--no-default-features", "--features", &list];
        match process::succeed(&mut process::cargo(&arguments), LIMIT) {
            // `-D warnings` would go through RUSTFLAGS and have every dependency built again.
            Ok(output) if output.contains("warning: ") => {
                problems.push(format!("warnings with the features `{list}`"));
            }
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    Ok(Outcome::from_problems(problems, Counts::default()))
}

fn combinations<'a>(features: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut all = vec![Vec::new()];
    for feature in features {
        let with = all.iter().map(|some| [some.as_slice(), &[*feature]].concat());
        all.extend(with.collect::<Vec<_>>());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_combinations_are_tried() {
        let all = combinations(&["f0", "f1"]);
        assert_eq!(all, [vec![], vec!["f0"], vec!["f1"], vec!["f0", "f1"]]);
    }
}
