//! Asking a program of tests for its scenarios.

use std::io;
use std::ops::Range;
use std::time::Duration;

use super::build::{Binary, CargoArguments};
use super::events::Event;
use super::program::{self, Ending, Run};

/// How long the tests of a program may take to say whether they sweep.
const ASKING: Duration = Duration::from_secs(20);

/// A test that sweeps scenarios; nearly always one.
#[derive(Debug)]
pub(super) struct Test<'a> {
    pub(super) binary: &'a Binary,
    pub(super) name: String,
    /// The names of the scenarios, with their seeds.
    pub(super) scenarios: Vec<(String, Range<u64>)>,
}

/// The tests of a program that sweep.
///
/// A sweep that is asked adds itself to a list and returns at once. Other tests run as always
/// meanwhile, which is why programs without sweeps are not asked, and why this has an end.
pub(super) fn of_binary<'a>(
    binary: &'a Binary,
    cargo: &CargoArguments,
) -> io::Result<(Vec<Test<'a>>, Vec<String>)> {
    let (mut tests, mut complaints) = (Vec::<Test<'a>>::new(), Vec::new());
    let names = names(binary, cargo)?;
    if names.is_empty() {
        return Ok((tests, complaints));
    }
    // The harness gives each test a thread of its name if it may run two at a time.
    let mut arguments = vec!["--exact".to_owned(), "--test-threads=8".to_owned()];
    arguments.extend(names);
    let run = Run {
        binary,
        arguments,
        variables: Vec::new(),
        file: "MINATO_SIM_LIST",
        limit: Some(ASKING),
    };
    let ending = run.hear(|event| {
        let Event::Scenario { test, scenario, seeds } = event else { return };
        match tests.iter_mut().find(|known| known.name == test) {
            Some(known) => known.scenarios.push((scenario, seeds)),
            None => tests.push(Test { binary, name: test, scenarios: vec![(scenario, seeds)] }),
        }
    })?;
    let target = &binary.target;
    match ending {
        Ending::Ended(status, words) => {
            if let Some(crash) = program::crash(status) {
                let last = program::last_lines(&words);
                complaints.push(format!(
                    "{target} crashed while its tests were asked for scenarios: {crash}\n{last}"
                ));
            }
        }
        Ending::Stopped if program::is_interrupted() => {}
        Ending::Stopped => complaints.push(format!(
            "some tests of {target} had not said within {ASKING:?} whether they sweep; name those \
             that do: minato sim --test {target} NAME"
        )),
    }
    tests.sort_by(|one, other| one.name.cmp(&other.name));
    Ok((tests, complaints))
}

/// The tests that the harness would run.
fn names(binary: &Binary, cargo: &CargoArguments) -> io::Result<Vec<String>> {
    let mut arguments = vec!["--list".to_owned(), "--format=terse".to_owned()];
    arguments.extend(cargo.harness.iter().cloned());
    let run = Run {
        binary,
        arguments,
        variables: Vec::new(),
        file: "MINATO_SIM_LIST",
        limit: Some(ASKING),
    };
    let Ending::Ended(status, words) = run.hear(|_| {})? else { return Ok(Vec::new()) };
    if !status.success() {
        let last = program::last_lines(&words);
        let target = &binary.target;
        return Err(io::Error::other(format!(
            "{target} does not list its tests: {status}\n{last}"
        )));
    }
    let names: Vec<&str> = words.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    Ok(names
        .iter()
        .filter(|name| !is_of_the_system(name, &names))
        .map(|&name| name.into())
        .collect())
}

/// Whether a test is the half of `#[minato::test(engine = "all")]` that does not sweep.
fn is_of_the_system(name: &str, all: &[&str]) -> bool {
    name.strip_suffix("::os").is_some_and(|stem| all.contains(&&*format!("{stem}::sim")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_half_for_the_operating_system_is_not_asked() {
        let all = ["echo::os", "echo::sim", "port::os", "swarm"];
        let asked: Vec<_> = all.iter().filter(|name| !is_of_the_system(name, &all)).collect();
        assert_eq!(asked, [&"echo::sim", &"port::os", &"swarm"]);
    }
}
