//! One test: what failed before, then its seeds.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::events::{Counts, Event};
use super::program::{self, Ending, Run};
use super::progress::{self, Progress};
use super::regressions::{Regressions, run_of, scenario_of};
use super::scenarios::Test;
use crate::arguments::SimOptions;
use crate::say;

/// What came of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    /// It crashed, or Ctrl-C ended it.
    NotRun,
}

/// Runs a test, and says what came of it.
pub(super) fn run(test: &Test<'_>, options: &SimOptions) -> io::Result<(Counts, Verdict)> {
    let regressions = Regressions::new(test);
    let still_fail = replay(test, &regressions)?;
    let mut sum = Counts::default();
    let start = Instant::now();
    let mut seeds = options.seeds.clone();
    if seeds.is_none() && options.time.is_some() {
        let length = test.scenarios.iter().map(|(_, seeds)| seeds.end - seeds.start).max();
        let first = seeds_of_now();
        seeds = Some(first..first + length.unwrap_or(100));
    }
    let total = if options.time.is_some() { None } else { Some(count(test, &seeds)) };
    let mut progress = Progress::start(&test.name, total);
    let mut verdict = if still_fail { Verdict::Failed } else { Verdict::Passed };
    loop {
        let swept = sweep(test, &regressions, options, &seeds, &sum, &mut progress)?;
        sum.add(&swept.counts);
        let is_over = options.time.is_none_or(|time| start.elapsed() >= time);
        if swept.verdict != Verdict::Passed || is_over {
            progress.finish();
            let seconds = start.elapsed().as_secs_f64();
            let counts = progress::describe(&sum);
            let seeds = progress::plural(sum.seeds, "seed");
            say(format_args!("{}: {seeds}, {counts} in {seconds:.1} s", test.name))?;
            swept.complaints.iter().try_for_each(say)?;
            if swept.verdict == Verdict::Failed {
                tell_folder(&regressions)?;
            }
            if swept.verdict != Verdict::Passed {
                verdict = swept.verdict;
            }
            return Ok((sum, verdict));
        }
        // The next seeds, as many as before.
        seeds = seeds.map(|Range { start, end }| end..end + (end - start));
    }
}

/// A number that no earlier run began with: each second has room for a thousand seeds.
fn seeds_of_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    now.as_secs() * 1000
}

fn count(test: &Test<'_>, seeds: &Option<Range<u64>>) -> u64 {
    let of = |seeds: &Range<u64>| seeds.end - seeds.start;
    let each = test.scenarios.iter().map(|(_, own)| seeds.as_ref().map_or(of(own), of));
    each.sum()
}

/// Runs what failed before, and returns whether anything still does.
fn replay(test: &Test<'_>, regressions: &Regressions) -> io::Result<bool> {
    let mut still_fail = false;
    let known = |line: &&String| {
        let scenario = scenario_of(line);
        test.scenarios.iter().any(|(name, _)| name == scenario)
    };
    let lines = regressions.lines()?;
    let lines: Vec<&String> = lines.iter().filter(known).collect();
    for line in &lines {
        let mut run = exactly(test);
        run.variables.push(("MINATO_SIM", run_of(line).to_owned()));
        match run.hear(|_| {})? {
            Ending::Ended(status, _) if status.success() => {}
            Ending::Ended(status, words) => {
                still_fail = true;
                let why = match program::crash(status) {
                    Some(crash) => {
                        format!("  it crashed: {crash}\n{}", program::last_lines(&words))
                    }
                    None => program::panic(&words),
                };
                say(format_args!("{}: a run that failed before still fails:", test.name))?;
                say(format_args!("{}\n  MINATO_SIM='{line}'", why.trim_end()))?;
            }
            Ending::Stopped => return Ok(still_fail),
        }
    }
    if !lines.is_empty() && !still_fail {
        let count = lines.len();
        let runs = if count == 1 { "run that" } else { "runs that" };
        say(format_args!("{}: {count} {runs} failed before: passed", test.name))?;
    }
    Ok(still_fail)
}

/// What came of some seeds.
struct Swept {
    counts: Counts,
    verdict: Verdict,
    complaints: Vec<String>,
}

fn sweep(
    test: &Test<'_>,
    regressions: &Regressions,
    options: &SimOptions,
    seeds: &Option<Range<u64>>,
    before: &Counts,
    progress: &mut Progress,
) -> io::Result<Swept> {
    let mut run = exactly(test);
    run.variables.push(("MINATO_SIM_RECORD", regressions.folder().display().to_string()));
    if let Some(Range { start, end }) = seeds {
        run.variables.push(("MINATO_SIM_SEEDS", format!("{start}..{end}")));
    }
    if let Some(faults) = &options.faults {
        run.variables.push(("MINATO_SIM_FAULTS", faults.clone()));
    }
    if let Some(jobs) = options.jobs {
        run.variables.push(("MINATO_SIM_JOBS", jobs.to_string()));
    }
    // A test may sweep several scenarios, one after the other.
    let (mut done, mut now) = (Counts::default(), Counts::default());
    let (mut failures, mut lines) = (Vec::new(), Vec::new());
    let ending = run.hear(|event| match event {
        Event::Scenario { .. } => {
            done.add(&std::mem::take(&mut now));
        }
        Event::Progress(counts) => {
            now = counts;
            let mut all = before.clone();
            [&done, &now].into_iter().for_each(|counts| all.add(counts));
            progress.update(&all);
        }
        Event::Shrinking { runs, faults } => progress.shrinking(runs, faults),
        Event::Failure { replay, message } => {
            failures.push(message);
            lines.extend((!replay.is_empty()).then_some(replay));
        }
        Event::End => {}
    })?;
    done.add(&now);
    lines.iter().try_for_each(|line| regressions.keep(line))?;
    let (verdict, complaints) = match ending {
        _ if !failures.is_empty() => (Verdict::Failed, failures),
        Ending::Stopped => (Verdict::NotRun, Vec::new()),
        Ending::Ended(status, words) => match (program::crash(status), status.success()) {
            (None, true) => (Verdict::Passed, Vec::new()),
            // The test has failed beside its sweeps.
            (None, false) => (Verdict::Failed, vec![program::panic(&words)]),
            (Some(crash), _) => {
                let last = program::last_lines(&words);
                (Verdict::NotRun, vec![format!("{} crashed: {crash}\n{last}", test.name)])
            }
        },
    };
    Ok(Swept { counts: done, verdict, complaints })
}

/// A run of the test alone, in a thread of its name.
fn exactly<'a>(test: &Test<'a>) -> Run<'a> {
    let name = test.name.clone();
    let options = ["--exact", "--include-ignored", "--nocapture", "--test-threads=2"];
    Run {
        binary: test.binary,
        arguments: options.map(String::from).into_iter().chain([name]).collect(),
        variables: Vec::new(),
        file: "MINATO_SIM_EVENTS",
        limit: None,
    }
}

/// Says where the failure is regressions.
fn tell_folder(regressions: &Regressions) -> io::Result<()> {
    // As seen from here, if it is below.
    let here = std::env::current_dir()?;
    let folder = regressions.folder();
    let folder = folder.strip_prefix(&here).unwrap_or(folder);
    say(format_args!("kept in {}", folder.display()))?;
    for path in regressions.pictures()? {
        let name = path.file_name().unwrap_or_default().display();
        say(format_args!("  {name}"))?;
    }
    Ok(())
}
