//! The areas: each is a file with a table of cases.

mod blocked;
mod build;
mod churn;
mod closed;
mod echo;
mod idle;
mod level;
mod relay;
mod tasks;
mod timers;
mod udp;

use crate::suite::case::{Area, Counts, Plan};
use crate::suite::options::{Suite, SuiteOptions};

/// All areas, in the order of the report.
pub fn all() -> Vec<Area> {
    vec![
        echo::area(),
        churn::area(),
        relay::transfers(),
        relay::requests(),
        relay::bulk(),
        udp::stream(),
        udp::echo(),
        idle::area(),
        timers::area(),
        tasks::area(),
        closed::area(),
        level::area(),
        blocked::area(),
        build::area(),
    ]
}

/// The areas and cases that the user has asked for.
///
/// # Errors
///
/// The name of an area that does not exist.
pub fn chosen(options: &SuiteOptions) -> Result<Vec<Area>, String> {
    let mut areas = all();
    for name in &options.only {
        if !areas.iter().any(|area| area.name == name) {
            let names: Vec<_> = areas.iter().map(|area| area.name).collect();
            return Err(format!("there is no area `{name}`; there are {}", names.join(", ")));
        }
    }
    areas.retain(|area| options.only.is_empty() || options.only.iter().any(|n| n == area.name));
    for area in &mut areas {
        match options.settings().suite {
            Suite::Smoke => {
                // A cold build takes minutes.
                area.cases.retain(|case| !matches!(case.plan, Plan::Build));
                area.cases.truncate(1);
            }
            Suite::Quick => area.cases.retain(|case| case.quick),
            Suite::Full => {}
        }
    }
    for area in &mut areas {
        let words = &options.cases;
        area.cases.retain(|case| words.is_empty() || words.contains(&case.name));
    }
    areas.retain(|area| !area.cases.is_empty());
    if areas.is_empty() {
        return Err(format!("there is no case `{}` in this suite", options.cases.join("`, `")));
    }
    Ok(areas)
}

/// What is counted of an echo.
const ECHO_COUNTS: Counts = Counts {
    instructions: Some((5_000, 25_000)),
    syscalls: Some((500, 2_500)),
    allocations: Some((500, 2_500)),
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;

    use super::*;
    use crate::load::LoadOptions;
    use crate::suite::peers;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: LoadOptions,
    }

    #[test]
    fn cases_have_names_of_their_own_and_peers_that_exist() {
        let mut names = BTreeSet::new();
        for area in all() {
            for case in &area.cases {
                let name = format!("{}: {}", area.name, case.name);
                for peer in &case.peers {
                    assert!(peers::find(peer).is_some(), "{name}: {peer}");
                }
                assert!(case.peers.contains(&case.subject), "{name}");
                assert!(case.peers.iter().any(|peer| peer.ends_with("-again")), "{name}");
                assert!(!case.metrics.is_empty(), "{name}");
                assert!(names.insert(name.clone()), "{name} is there twice");
            }
        }
    }

    #[test]
    fn every_load_is_understood() {
        for area in all() {
            for case in &area.cases {
                let Plan::Serve(serve) = &case.plan else { continue };
                let words = format!("load 127.0.0.1:1 {}", serve.load);
                let parsed = Line::try_parse_from(words.split_whitespace());
                assert!(parsed.is_ok(), "{}: {}", case.name, serve.load);
            }
        }
    }

    #[test]
    fn the_suites_differ_in_size() {
        let count = |options: SuiteOptions| -> usize {
            chosen(&options).unwrap().iter().map(|area| area.cases.len()).sum()
        };
        let smoke = count(SuiteOptions { smoke: true, ..SuiteOptions::default() });
        let quick = count(SuiteOptions::default());
        let full = count(SuiteOptions { full: true, ..SuiteOptions::default() });
        let quick_areas = all().iter().filter(|area| area.cases.iter().any(|c| c.quick)).count();
        assert_eq!(smoke, all().len() - 1, "all but the cold build");
        assert_eq!(quick_areas, all().len() - 2, "all but the cold build and the endless relay");
        assert!(smoke < quick && quick < full, "{smoke} {quick} {full}");
    }

    #[test]
    fn a_case_is_chosen_by_its_name() {
        let cases = vec!["8 at once".to_string()];
        let areas = chosen(&SuiteOptions { cases, ..SuiteOptions::default() }).unwrap();
        assert_eq!((areas.len(), areas[0].name, areas[0].cases.len()), (1, "churn", 1));
        let cases = vec!["9 at once".to_string()];
        let error = chosen(&SuiteOptions { cases, ..SuiteOptions::default() }).unwrap_err();
        assert!(error.contains("9 at once"), "{error}");
    }

    #[test]
    fn an_area_that_does_not_exist_is_named() {
        let options = SuiteOptions { only: vec!["cooking".to_string()], ..SuiteOptions::default() };
        assert!(chosen(&options).unwrap_err().contains("cooking"));
    }
}
