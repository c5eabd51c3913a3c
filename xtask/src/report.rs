//! What a step hands to `cargo xtask ci`, which runs it as a process of its own: a file with the
//! outcome, and what time it took.

use std::path::Path;
use std::time::Duration;
use std::{env, fs, io};

use crate::outcome::{Counts, Outcome, Verdict};
use crate::time_used::TimeUsed;

/// The environment variable that names the file.
pub(crate) const FILE: &str = "MINATO_XTASK_REPORT";

#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Report {
    pub(crate) outcome: Outcome,
    pub(crate) used: TimeUsed,
}

impl Report {
    /// Writes the file, if one was asked for.
    pub(crate) fn hand_over(&self) -> io::Result<()> {
        env::var_os(FILE).map_or(Ok(()), |path| fs::write(path, self.to_text()))
    }

    /// Reads the file of a step that has ended.
    pub(crate) fn read(path: &Path) -> Result<Report, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        Report::parse(&text).ok_or_else(|| format!("{} is no report", path.display()))
    }

    /// The numbers and the verdict in a line, and below it why.
    fn to_text(&self) -> String {
        let Report { outcome: Outcome { verdict, counts }, used } = self;
        let (word, why) = match verdict {
            Verdict::Passed => ("passed", ""),
            Verdict::Failed(why) => ("failed", why.as_str()),
            Verdict::Skipped(why) => ("skipped", why.as_str()),
        };
        let Counts { passed, failed, ignored } = counts;
        let [elapsed, processor] = [used.elapsed, used.processor].map(|time| time.as_micros());
        format!("{passed} {failed} {ignored} {elapsed} {processor} {word}\n{why}")
    }

    fn parse(text: &str) -> Option<Report> {
        let (line, why) = text.split_once('\n')?;
        let mut words = line.split(' ');
        let mut number = || words.next()?.parse::<usize>().ok();
        let counts = Counts { passed: number()?, failed: number()?, ignored: number()? };
        let mut time = || Some(Duration::from_micros(number()?.try_into().ok()?));
        let used = TimeUsed { elapsed: time()?, processor: time()? };
        let verdict = match words.next()? {
            "passed" => Verdict::Passed,
            "failed" => Verdict::Failed(why.to_string()),
            "skipped" => Verdict::Skipped(why.to_string()),
            _ => return None,
        };
        Some(Report { outcome: Outcome { verdict, counts }, used })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let [elapsed, processor] = [1500, 2500].map(Duration::from_millis);
        for verdict in
            [Verdict::Passed, Verdict::Failed("a\nb".into()), Verdict::Skipped("c".into())]
        {
            let counts = Counts { passed: 1, failed: 2, ignored: 3 };
            let outcome = Outcome { verdict, counts };
            let report = Report { outcome, used: TimeUsed { elapsed, processor } };
            assert_eq!(Report::parse(&report.to_text()), Some(report));
        }
        assert_eq!(Report::parse("1 2 3 4 5 passed"), None);
        assert_eq!(Report::parse("1 2 3 4 x passed\n"), None);
    }
}
