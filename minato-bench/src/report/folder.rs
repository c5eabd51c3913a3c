//! The report: RESULTS.md, the summary with its picture, and what people have written about it.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::table::{self, markdown};
use super::{chart, summary};
use crate::suite::case::Area;
use crate::suite::machine::Machine;
use crate::suite::options::Settings;
use crate::suite::results::CaseResult;

/// What people write about the figures. The report takes it in, and never writes it.
const NOTES: &str = "NOTES.md";

/// The picture of the summary.
const PICTURE: &str = "summary.svg";

const METHOD: &str = "\
This page is written by `cargo run --release -p minato-bench -- --full --report bench --json \
bench/results.json`, from one run; what people have to say about the figures is in \
[NOTES.md](NOTES.md), and is taken in below.

**Processor time** of servers with one worker is measured while all servers of a case are alive. \
The load goes from one to the next in random order, in slices of about a millisecond: some \
operations that are not counted, then exactly as many for each server, in lockstep, from a \
client on the same processor. A request of the client to itself after every ten is the clock \
against which a server's time is taken. What slows the machine thus slows all that are compared. \
The logarithms of the ratios of a start, without the lowest and the highest fifth, have a mean; \
all servers are then started anew, and the means of the starts are the sample. Workloads that \
drive themselves take turns in the same way, and a relay of whole transfers has two processors \
and no such clock.

**A ratio** `ours/this` is that of minato to the peer: below 1 minato takes less. Its interval \
holds the true value with 99%. `minato-again` is minato a second time: where minato by itself is \
not 1.000 within 2%, interval (95%) included, nothing is claimed; with UDP in bulk and whole \
transfers, within 5%. A target is *held* or *missed* if the whole interval is on one side of it, \
and otherwise *open*, with the reason; more starts are made for it first. What is nearer than 1% \
to its limit is claimed from three runs (`minato-bench compare`).

**Rates, latencies, switches, and what has two workers** are measured in rounds instead, each \
peer freshly started, load and server on processors of their own. Then a figure is the median \
over the rounds, and a ratio has the interval of the order statistics of paired rounds. A claim \
from it is widened by what minato is off from itself, and a ratio is marked with `?` where that \
is more than 3%. Rounds are dropped only when the hypervisor took more than 2% of the \
processors. What is counted has the range of all ratios. No peer spins before parking, except \
`minato-spin`.
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
    /// Writes RESULTS.md, summary.md and the picture into a folder, which is made if it is not
    /// there.
    ///
    /// # Errors
    ///
    /// Those of drawing and of writing.
    pub fn write(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        chart::draw(&folder.join(PICTURE), &summary::lines(self.results))?;
        let summary = summary::text(self.results);
        fs::write(folder.join("summary.md"), &summary)?;
        let mut text = format!("# Results\n\n{METHOD}\n## Conditions\n\n");
        for line in table::conditions(self.machine) {
            writeln!(text, "- {line}")?;
        }
        writeln!(text, "- {}", self.length())?;
        if let Ok(notes) = fs::read_to_string(folder.join(NOTES)) {
            write!(text, "\n{}\n", notes.trim())?;
        }
        write!(text, "\n## Summary\n\n![What Minato takes, by what others take]({PICTURE})\n\n")?;
        write!(text, "{summary}\n## Targets\n\n{}", markdown(&table::of_targets(self.results)))?;
        for area in self.areas {
            let results: Vec<CaseResult> =
                self.results.iter().filter(|result| result.area == area.name).cloned().collect();
            if !results.is_empty() {
                of_area(&mut text, area, &results)?;
            }
        }
        fs::write(folder.join("RESULTS.md"), text)?;
        Ok(())
    }

    fn length(&self) -> String {
        let Settings { suite, starts, most_starts, rounds, count_rounds, seconds, .. } =
            self.settings;
        let seconds = seconds.as_secs_f64();
        format!(
            "{suite:?} suite: {starts} starts, and up to {most_starts} where that does not decide; \
             {rounds} rounds of {seconds} s; {count_rounds} for what is counted"
        )
    }
}

fn of_area(text: &mut String, area: &Area, results: &[CaseResult]) -> Result<(), Box<dyn Error>> {
    write!(text, "\n## {}\n\n{}\n\n", area.title, area.about)?;
    text.push_str(&markdown(&table::of_area(results)));
    writeln!(text, "\nMinato by itself (95%):\n")?;
    for line in table::self_checks(results) {
        writeln!(text, "- {line}")?;
    }
    for line in table::troubles(results) {
        writeln!(text, "- {line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area;
    use crate::suite::alternate::Start;
    use crate::suite::metric::Metric;
    use crate::suite::options::SuiteOptions;
    use crate::suite::results::chosen;

    /// Made up results of a case: each row a little more than the one before it.
    fn made_up(area: &Area, case: &crate::suite::case::Case) -> CaseResult {
        let mut result = CaseResult::new(area.name, case.clone(), &chosen(case, &[]));
        for (at, row) in result.rows.iter_mut().enumerate() {
            for metric in case.metrics {
                (0..8).for_each(|round| row.put(*metric, round, (at + round + 1) as f64));
            }
        }
        for _ in 0..8 {
            let mut start = Start::default();
            for (at, row) in result.rows.iter().enumerate() {
                start.scaled.insert(row.peer.name, vec![(at + 10) as f64; 5]);
            }
            result.add(start);
        }
        result
    }

    #[test]
    fn a_report_has_all_areas_notes_and_the_summary() {
        let areas = area::all();
        let all = areas.iter().flat_map(|area| area.cases.iter().map(|case| made_up(area, case)));
        let results: Vec<CaseResult> = all.collect();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NOTES), "## Commentary\n\nOurs is best.\n").unwrap();
        let machine = Machine::here(Path::new("."));
        let settings = SuiteOptions::default().settings();
        let report = Report { areas: &areas, results: &results, machine: &machine, settings };
        report.write(folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let text = read("RESULTS.md");
        assert!(text.contains("Ours is best."));
        assert!(!text.contains("| not measured |"));
        for area in &areas {
            assert!(text.contains(area.title) && text.contains(area.about));
        }
        assert!(text.contains(&read("summary.md")) && text.contains(PICTURE));
        let picture = read(PICTURE);
        assert!(picture.starts_with("<svg"));
        for line in summary::lines(&results) {
            assert!(picture.contains(line.title) && !line.points.is_empty(), "{}", line.title);
        }
        let memory = results.iter().find(|result| result.area == "idle").unwrap();
        assert!(memory.judged().contains(&Metric::Memory));
    }
}
