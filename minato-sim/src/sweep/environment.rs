//! What the environment asks of a sweep, and what the sweep tells whoever asked.
//!
//! A person sets the first five variables by hand. `minato sim` sets the others too: it runs the
//! test binaries of a package, and learns by two files what their sweeps are and how they get on.
//!
//! | variable | value | a sweep then |
//! |---|---|---|
//! | `MINATO_SIM` | a replay line | runs this seed with this plan only, and shrinks nothing |
//! | `MINATO_SIM_SEEDS` | `A..B`, or `N` for `0..N` | takes these seeds instead of its own |
//! | `MINATO_SIM_FAULTS` | as `cut,accept-error` | takes only these of the scenario's faults |
//! | `MINATO_SIM_JOBS` | a number from 1 on | runs as many seeds at a time |
//! | `MINATO_SIM_RECORD` | a folder | writes what its failure, or the replayed run, did there |
//! | `MINATO_SIM_LIST` | a file | adds a line about itself to the file, and returns at once |
//! | `MINATO_SIM_EVENTS` | a file | adds lines to the file while it runs |
//!
//! The lines are fields with tabs between them. The first field says what the line is:
//!
//! | line | fields after the first |
//! |---|---|
//! | `scenario` | the test, the scenario, its seeds as `A..B`: in the list, or the sweep begins |
//! | `progress` | seeds done, seeds failed, virtual nanoseconds, `fault:KIND=N`…, `mark:NAME=N`… |
//! | `shrinking` | runs done, faults left |
//! | `failure` | the replay line, the message |
//! | `end` | nothing: the sweep is over |
//!
//! A test is asked by running it: no list that a compiler makes could know the sweeps that a test
//! makes. So what a test does before it sweeps happens while the binary is asked, and the name of
//! the test is that of its thread, as Rust's test harness names it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::num::NonZero;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::plan::Swarm;
use crate::strikes::FaultKind;

/// What the environment asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// The line of a run that is to be repeated.
    pub(crate) replay: Option<String>,
    pub(crate) seeds: Option<Range<u64>>,
    /// The kinds of faults that may be drawn.
    pub(crate) faults: Option<BTreeSet<FaultKind>>,
    pub(crate) jobs: Option<NonZero<usize>>,
    /// The folder for what a run did.
    pub(crate) record: Option<PathBuf>,
    /// The file to which sweeps only add themselves.
    pub(crate) list: Option<PathBuf>,
    /// The file to which sweeps tell how they get on.
    pub(crate) events: Option<PathBuf>,
}

impl Request {
    /// Reads the environment of the process. An error names the variable and what is wrong.
    pub(crate) fn of_process() -> Result<Request, String> {
        Request::read(|name| env::var_os(name))
    }

    /// Reads what `variable` gives for the name of a variable. An empty value is none.
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Request, String> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| match given(name).map(OsString::into_string) {
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(bytes)) => Err(format!("{name} is not UTF-8: {}", bytes.display())),
            None => Ok(None),
        };
        let seeds = text("MINATO_SIM_SEEDS")?;
        let faults = text("MINATO_SIM_FAULTS")?;
        let jobs = text("MINATO_SIM_JOBS")?;
        Ok(Request {
            replay: text("MINATO_SIM")?,
            seeds: seeds
                .map(|text| parse_seeds(&text).map_err(in_variable("MINATO_SIM_SEEDS")))
                .transpose()?,
            faults: faults
                .map(|text| parse_faults(&text).map_err(in_variable("MINATO_SIM_FAULTS")))
                .transpose()?,
            jobs: jobs
                .map(|text| parse_jobs(&text).map_err(in_variable("MINATO_SIM_JOBS")))
                .transpose()?,
            record: given("MINATO_SIM_RECORD").map(PathBuf::from),
            list: given("MINATO_SIM_LIST").map(PathBuf::from),
            events: given("MINATO_SIM_EVENTS").map(PathBuf::from),
        })
    }
}

fn in_variable(name: &str) -> impl FnOnce(String) -> String {
    move |error| format!("{name}: {error}")
}

/// `A..B`, or `N` for `0..N`.
fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>();
    let parsed = match text.split_once("..") {
        Some((first, end)) => number(first).and_then(|first| Ok(first..number(end)?)),
        None => number(text).map(|count| 0..count),
    };
    match parsed {
        Ok(seeds) if seeds.is_empty() => Err(format!("`{text}` has no seed")),
        Ok(seeds) => Ok(seeds),
        Err(_) => {
            Err(format!("`{text}` is neither a range of seeds, as 0..1000, nor a number of them"))
        }
    }
}

/// Kinds with commas between them. A word of two has a hyphen, too.
fn parse_faults(text: &str) -> Result<BTreeSet<FaultKind>, String> {
    let kind = |word: &str| {
        let drawn = Swarm::all();
        let mut kinds = drawn.kinds();
        let words = word.trim().replace('-', " ");
        kinds.find(|kind| kind.word() == words).ok_or_else(|| {
            let known: Vec<_> = drawn.kinds().map(|kind| kind.word().replace(' ', "-")).collect();
            format!("`{word}` is no kind of fault that is drawn, as these are: {}", known.join(","))
        })
    };
    text.split(',').map(kind).collect()
}

fn parse_jobs(text: &str) -> Result<NonZero<usize>, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is not a number from 1 on"))
}

/// How far a sweep is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress<'a> {
    pub(crate) seeds: u64,
    pub(crate) failed: u64,
    pub(crate) virtual_time: Duration,
    /// How often each kind of fault struck.
    pub(crate) faults: Vec<(&'a str, u64)>,
    /// How often each mark was reached.
    pub(crate) marks: Vec<(&'a str, u64)>,
}

/// Lines for whoever asked.
#[derive(Debug)]
pub(crate) struct Lines(File);

impl Lines {
    /// Adds to a file, which is made if there is none.
    pub(crate) fn add_to(path: &std::path::Path) -> io::Result<Lines> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.map(Lines).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write to {}: {error}", path.display()))
        })
    }

    /// A scenario, and the test that sweeps it.
    pub(crate) fn scenario(
        &mut self,
        test: &str,
        scenario: &str,
        seeds: &Range<u64>,
    ) -> io::Result<()> {
        self.write(&["scenario", test, scenario, &format!("{}..{}", seeds.start, seeds.end)])
    }

    pub(crate) fn progress(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        let mut fields = vec![
            "progress".to_owned(),
            progress.seeds.to_string(),
            progress.failed.to_string(),
            progress.virtual_time.as_nanos().to_string(),
        ];
        fields.extend(progress.faults.iter().map(|(kind, n)| format!("fault:{kind}={n}")));
        fields.extend(progress.marks.iter().map(|(name, n)| format!("mark:{name}={n}")));
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.write(&fields)
    }

    pub(crate) fn shrinking(&mut self, runs: u64, faults: usize) -> io::Result<()> {
        self.write(&["shrinking", &runs.to_string(), &faults.to_string()])
    }

    pub(crate) fn failure(&mut self, replay: &str, message: &str) -> io::Result<()> {
        self.write(&["failure", replay, message])
    }

    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.write(&["end"])
    }

    /// One write for the whole line, so that lines of several sweeps do not mix.
    fn write(&mut self, fields: &[&str]) -> io::Result<()> {
        let escaped: Vec<String> = fields.iter().map(|field| escape(field)).collect();
        self.0.write_all((escaped.join("\t") + "\n").as_bytes())
    }
}

/// A field within a line.
fn escape(field: &str) -> String {
    field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Request, String> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name);
        Request::read(|name| find(name).map(|(_, value)| OsString::from(value)))
    }

    #[test]
    fn without_variables_nothing_is_asked() {
        assert_eq!(read(&[]), Ok(Request::default()));
        assert_eq!(read(&[("MINATO_SIM", ""), ("MINATO_SIM_SEEDS", "")]), Ok(Request::default()));
    }

    #[test]
    fn seeds_are_a_range_or_a_count() {
        for (text, seeds) in [("7", 0..7), ("3..9", 3..9), (" 3 .. 9 ", 3..9)] {
            let request = read(&[("MINATO_SIM_SEEDS", text)]).unwrap();
            assert_eq!(request.seeds, Some(seeds));
        }
    }

    #[test]
    fn faults_are_kinds_with_commas_between_them() {
        let request = read(&[("MINATO_SIM_FAULTS", "cut, accept-error")]).unwrap();
        let faults = [FaultKind::Cut, FaultKind::AcceptError].into();
        assert_eq!(request.faults, Some(faults));
    }

    #[test]
    fn a_wrong_value_is_named_with_its_variable() {
        for (name, value, error) in [
            ("MINATO_SIM_SEEDS", "0", "MINATO_SIM_SEEDS: `0` has no seed"),
            ("MINATO_SIM_SEEDS", "9..9", "MINATO_SIM_SEEDS: `9..9` has no seed"),
            ("MINATO_SIM_SEEDS", "-1", "MINATO_SIM_SEEDS: `-1` is neither a range of seeds"),
            ("MINATO_SIM_SEEDS", "1..x", "MINATO_SIM_SEEDS: `1..x` is neither a range of seeds"),
            ("MINATO_SIM_FAULTS", "cut,rain", "MINATO_SIM_FAULTS: `rain` is no kind of fault"),
            ("MINATO_SIM_FAULTS", "cut,", "MINATO_SIM_FAULTS: `` is no kind of fault"),
            ("MINATO_SIM_JOBS", "0", "MINATO_SIM_JOBS: `0` is not a number from 1 on"),
        ] {
            let told = read(&[(name, value)]).unwrap_err();
            assert!(told.starts_with(error), "{told}");
        }
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(escape("a\tb\nc\\n"), "a\\tb\\nc\\\\n");
    }
}
