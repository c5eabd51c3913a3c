//! `cargo xtask features`: the library compiles with every combination of its features.

use std::time::Duration;

use crate::manifest::{Manifest, strings};
use crate::outcome::{Counts, Outcome};
use crate::process;

/// Up to this many features, all combinations are tried; beyond, none, each alone, all but each,
/// and all.
const POWERSET: usize = 4;

const LIMIT: Duration = Duration::from_secs(10 * 60);

pub(crate) fn run() -> Outcome {
    let manifest = match Manifest::read("minato/Cargo.toml") {
        Ok(manifest) => manifest,
        Err(error) => return Outcome::failed(error),
    };
    let features = features(&manifest);
    if features.is_empty() {
        println!("minato has no features: there is one way to build it");
        return Outcome::passed();
    }
    let mut problems = Vec::new();
    for combination in combinations(&features) {
        let list = combination.join(",");
        let arguments =
            ["check", "--package", "minato", "--lib", "--no-default-features", "--features", &list];
        let finished = process::run(&mut process::cargo(&arguments), LIMIT);
        // `-D warnings` would go through RUSTFLAGS and have every dependency built again.
        if finished.problem.is_none() && finished.stderr.contains("warning: ") {
            problems.push(format!("warnings with the features `{list}`"));
        }
        problems.extend(finished.problem);
    }
    Outcome::of_problems(problems, Counts::default())
}

/// The features, `default` apart; an optional dependency that no feature names by `dep:` is one
/// too.
fn features(manifest: &Manifest) -> Vec<String> {
    let declared = manifest.table("features");
    let named: Vec<String> = declared.iter().flat_map(|(_, list)| strings(list)).collect();
    let mut features: Vec<String> = declared.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in manifest.table("dependencies") {
        let optional = value.replace(' ', "").contains("optional=true");
        if optional && !named.contains(&format!("dep:{name}")) {
            features.push(name.clone());
        }
    }
    features.retain(|name| name != "default");
    features
}

fn combinations(features: &[String]) -> Vec<Vec<&str>> {
    let names: Vec<&str> = features.iter().map(String::as_str).collect();
    let pick = |keep: &dyn Fn(usize) -> bool| -> Vec<&str> {
        names.iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, name)| *name).collect()
    };
    if names.len() <= POWERSET {
        return (0..1usize << names.len()).map(|bits| pick(&|at| bits >> at & 1 == 1)).collect();
    }
    let mut all = vec![Vec::new(), names.clone()];
    for index in 0..names.len() {
        all.push(pick(&|at| at == index));
        all.push(pick(&|at| at != index));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|index| format!("f{index}")).collect()
    }

    #[test]
    fn few_features_give_all_combinations() {
        assert_eq!(combinations(&names(2)), [vec![], vec!["f0"], vec!["f1"], vec!["f0", "f1"]]);
        assert_eq!(combinations(&names(6)).len(), 2 + 2 * 6);
    }

    #[test]
    fn optional_dependencies_are_features() {
        let text = "[dependencies]
            a = { version = \"1\", optional = true }
            b = { version = \"1\", optional = true }
            c = \"1\"
            [features]
            default = [\"x\"]
            x = [\"dep:b\"]";
        assert_eq!(features(&Manifest::parse(text)), ["x", "a"]);
    }
}
