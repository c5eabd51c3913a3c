//! The report: RESULTS.md with its charts, and what people have written about it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::chart;
use super::table::{self, Grid, markdown};
use super::target::{Judgement, TARGETS};
use crate::suite::case::Area;
use crate::suite::machine::Machine;
use crate::suite::metric::Metric;
use crate::suite::options::Settings;
use crate::suite::results::CaseResult;

/// What people write about the figures. The report takes it in, and never writes it.
const NOTES: &str = "NOTES.md";

const METHOD: &str = "\
This page is written by `cargo run --release -p minato-bench -- --full --report bench`, from one \
run; what people have to say about the figures is in [NOTES.md](NOTES.md), and is taken in below.

A figure is the median over the rounds. `ours/this` is the ratio of minato to that peer, paired by \
round, with the interval that holds the true median with at least 95%: it is that of the order \
statistics, and assumes nothing about how the ratios are distributed. Below 1 minato takes less. \
What is counted in few rounds has the range of all ratios instead.

In each round the peers run in random order, each freshly started. With one worker the server has \
one processor and the load generator another. `minato-again` is minato a second time in the same \
rounds: a ratio counts only if minato against itself is the same within 3%, interval included. \
Otherwise it is marked with `?`. Rounds are dropped only when the hypervisor took more than 2% of \
the processors. No peer spins before parking, except `minato-spin`.
";

/// What is written, and of what.
#[derive(Debug)]
pub struct Report<'a> {
    /// The areas that were run.
    pub areas: &'a [Area],
    /// What they have shown.
    pub results: &'a [CaseResult],
    /// Where they ran.
    pub machine: &'a Machine,
    /// How long, and how often.
    pub settings: Settings,
}

impl Report<'_> {
    /// Writes RESULTS.md and its charts into a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// Those of drawing and of writing.
    pub fn write(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        let mut text = String::from("# Results\n\n");
        text.push_str(METHOD);
        text.push_str("\n## Conditions\n\n");
        for line in table::conditions(self.machine) {
            writeln!(text, "- {line}")?;
        }
        let Settings { suite, rounds, count_rounds, seconds, .. } = self.settings;
        let seconds = seconds.as_secs_f64();
        writeln!(
            text,
            "- {suite:?} suite: {rounds} rounds of {seconds} s for what is timed, {count_rounds} \
             for what is counted"
        )?;
        if let Ok(notes) = fs::read_to_string(folder.join(NOTES)) {
            write!(text, "\n{}\n", notes.trim())?;
        }
        write!(text, "\n## Targets\n\n{}", markdown(&targets(self.results)))?;
        for area in self.areas {
            let results: Vec<CaseResult> =
                self.results.iter().filter(|result| result.area == area.name).cloned().collect();
            if !results.is_empty() {
                self.area(&mut text, folder, area, &results)?;
            }
        }
        fs::write(folder.join("RESULTS.md"), text)?;
        Ok(())
    }

    fn area(
        &self,
        text: &mut String,
        folder: &Path,
        area: &Area,
        results: &[CaseResult],
    ) -> Result<(), Box<dyn Error>> {
        write!(text, "\n## {}\n\n{}\n\n", area.title, area.about)?;
        text.push_str(&markdown(&table::of_area(results)));
        writeln!(text, "\nAgainst itself:\n")?;
        for line in table::self_checks(results) {
            writeln!(text, "- {line}")?;
        }
        for result in results {
            for row in &result.rows {
                if let Some(trouble) = &row.trouble {
                    writeln!(text, "- {}: {}: {trouble}", result.case.name, row.peer.name)?;
                }
            }
            if result.dropped > 0 {
                writeln!(text, "- {}: {} runs dropped", result.case.name, result.dropped)?;
            }
        }
        text.push('\n');
        for (name, title) in charts(folder, area, results)? {
            writeln!(text, "![{title}]({name})")?;
        }
        Ok(())
    }
}

/// Draws an area's charts, and returns their files and titles.
fn charts(
    folder: &Path,
    area: &Area,
    results: &[CaseResult],
) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut drawn = Vec::new();
    for (at, result) in results.iter().enumerate().filter(|(_, result)| result.case.quick) {
        for metric in result.judged() {
            let name = file(&[area.name, &result.case.name, metric.title()]);
            chart::bars(&folder.join(&name), result, metric)?;
            drawn.push((name, format!("{}: {}", result.case.name, metric.title())));
        }
        let is_about_latency = at == 0 || matches!(area.name, "level" | "blocked");
        if is_about_latency && result.shown().contains(&Metric::P999) {
            let name = file(&[area.name, &result.case.name, "latency"]);
            chart::percentiles(&folder.join(&name), result)?;
            drawn.push((name, format!("{}: latency", result.case.name)));
        }
    }
    let mut curves: BTreeMap<&str, Vec<(f64, &CaseResult)>> = BTreeMap::new();
    for result in results {
        for (curve, x) in &result.case.curves {
            curves.entry(curve).or_default().push((*x, result));
        }
    }
    for (curve, points) in curves.into_iter().filter(|(_, points)| points.len() > 1) {
        let Some(metric) = points[0].1.judged().first().copied() else { continue };
        let title = format!("{}: {} by {curve}", area.title, metric.title());
        let name = file(&[area.name, "by", curve]);
        chart::curve(&folder.join(&name), &title, &points, metric)?;
        drawn.push((name, title));
    }
    Ok(drawn)
}

/// A file name of these words.
fn file(words: &[&str]) -> String {
    let text = words.join(" ").to_lowercase();
    let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("-") + ".svg"
}

/// The table of targets.
fn targets(results: &[CaseResult]) -> Grid {
    let head = ["case", "target", "measured", ""].map(str::to_string).to_vec();
    let rows = TARGETS.iter().map(|target| {
        let (measured, judgement) = target.judge(results);
        let word = match judgement {
            Judgement::Held => "held",
            Judgement::Missed => "**missed**",
            Judgement::Open => "open",
            Judgement::Noise => "does not count",
            Judgement::NotMeasured => "not measured",
        };
        vec![target.place(), target.wanted(), measured, word.to_string()]
    });
    Grid { head, rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area;
    use crate::suite::options::SuiteOptions;
    use crate::suite::results::chosen;

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(
            file(&["echo", "8 connections, 64 B", "CPU/op"]),
            "echo-8-connections-64-b-cpu-op.svg"
        );
    }

    /// A report of all areas with made up values, as far as that shows that files and links agree.
    #[test]
    fn a_report_has_all_areas_notes_and_charts() {
        let areas = area::all();
        let mut results = Vec::new();
        for area in &areas {
            for case in &area.cases {
                let mut result = CaseResult::new(area.name, case.clone(), &chosen(case, &[]));
                for (at, row) in result.rows.iter_mut().enumerate() {
                    for metric in case.metrics {
                        (0..6).for_each(|round| row.put(*metric, round, (at + round + 1) as f64));
                    }
                }
                results.push(result);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NOTES), "## Commentary\n\nOurs is best.\n").unwrap();
        let machine = Machine::here(Path::new("."));
        let settings = SuiteOptions::default().settings();
        let report = Report { areas: &areas, results: &results, machine: &machine, settings };
        report.write(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join("RESULTS.md")).unwrap();
        assert!(text.contains("Ours is best."));
        assert!(!text.contains("| not measured |"));
        for area in &areas {
            assert!(text.contains(area.title) && text.contains(area.about));
        }
        let mut charts = 0;
        for line in text.lines().filter(|line| line.starts_with("![")) {
            let (_, name) = line.trim_end_matches(')').rsplit_once('(').unwrap();
            let chart = fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(chart.starts_with("<svg") && chart.contains("minato"), "{name}");
            charts += 1;
        }
        assert!(charts > 20);
    }
}
