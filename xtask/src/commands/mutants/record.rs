//! What became of each mutant that was drawn, kept in `docs/mutants.tsv`: a run goes on where the
//! last one stopped.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::tree;

/// Below the project's root.
pub(super) const FILE: &str = "docs/mutants.tsv";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// A test fails.
    Caught,
    /// A test does not end.
    Timeout,
    /// All tests pass.
    Survived,
    /// It does not compile, or has no form with a switch.
    Unviable,
}

const FATES: [(Fate, &str); 4] = [
    (Fate::Caught, "caught"),
    (Fate::Timeout, "timeout"),
    (Fate::Survived, "survived"),
    (Fate::Unviable, "unviable"),
];

/// What became of one mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) area: String,
    pub(super) fate: Fate,
    /// The tests that caught it; of one that survived, why that is no gap.
    pub(super) note: String,
}

/// All entries, by the names of the mutants.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record(pub(super) BTreeMap<String, Entry>);

/// The counts of an area.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) drawn: usize,
    pub(super) viable: usize,
    pub(super) caught: usize,
    pub(super) timeout: usize,
}

impl Record {
    pub(super) fn read() -> Result<Self, String> {
        let text = fs::read_to_string(tree::root().join(FILE));
        Self::parse(&text.map_err(|error| format!("{FILE}: {error}"))?)
    }

    pub(super) fn write(&self) -> Result<(), String> {
        let written = fs::write(tree::root().join(FILE), self.text());
        written.map_err(|error| format!("{FILE}: {error}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let entries = text.lines().map(|line| {
            let wrong = || format!("{FILE}: cannot be read: {line}");
            let mut parts = line.split('\t');
            let mut part = || parts.next().map(str::to_owned).ok_or_else(wrong);
            let (area, word, name, note) = (part()?, part()?, part()?, part()?);
            let (fate, _) = *FATES.iter().find(|(_, known)| *known == word).ok_or_else(wrong)?;
            Ok((name, Entry { area, fate, note }))
        });
        entries.collect::<Result<_, String>>().map(Self)
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for (name, Entry { area, fate, note }) in &self.0 {
            lines.push(format!("{area}\t{}\t{name}\t{note}\n", fate.word()));
        }
        lines.sort();
        lines.concat()
    }

    pub(super) fn score(&self, area: &str) -> Score {
        let mut score = Score::default();
        for entry in self.0.values().filter(|entry| entry.area == area) {
            score.drawn += 1;
            score.viable += usize::from(entry.fate != Fate::Unviable);
            score.caught += usize::from(matches!(entry.fate, Fate::Caught | Fate::Timeout));
            score.timeout += usize::from(entry.fate == Fate::Timeout);
        }
        score
    }

    /// The table for the document: a row for each area and one for all.
    pub(super) fn table(&self, areas: &[&str]) -> String {
        let mut table = "| area | drawn | viable | caught | of these, hung | survived | share |\n\
                         |---|---|---|---|---|---|---|\n"
            .to_owned();
        let mut all = Score::default();
        let mut row = |name: &str, score: Score| {
            let Score { drawn, viable, caught, timeout } = score;
            let (survived, share) = (viable - caught, 100 * caught / viable.max(1));
            // Writing to a string cannot fail.
            _ = writeln!(
                table,
                "| {name} | {drawn} | {viable} | {caught} | {timeout} | {survived} | {share}% |"
            );
        };
        for area in areas {
            let score = self.score(area);
            all.drawn += score.drawn;
            all.viable += score.viable;
            all.caught += score.caught;
            all.timeout += score.timeout;
            row(area, score);
        }
        row("all", all);
        table
    }
}

impl Fate {
    pub(super) fn word(self) -> &'static str {
        FATES.iter().find(|(fate, _)| *fate == self).map_or("", |(_, word)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let text = "engine\tcaught\ta.rs: replace f with ()\tlib: it is 1\n\
                    engine\tsurvived\tb.rs: delete ! in g\tonly a faster way\n\
                    time\ttimeout\tc.rs: delete ! in h\ttime: it hangs\n\
                    time\tunviable\td.rs: delete ! in h\t\n";
        let record = Record::parse(text).unwrap();
        assert_eq!(record.text(), text);
        let engine = Score { drawn: 2, viable: 2, caught: 1, timeout: 0 };
        assert_eq!(record.score("engine"), engine);
        let table = record.table(&["engine", "time"]);
        assert!(table.contains("| engine | 2 | 2 | 1 | 0 | 1 | 50% |\n"), "{table}");
        assert!(table.ends_with("| all | 4 | 3 | 2 | 1 | 1 | 66% |\n"), "{table}");
        assert!(Record::parse("a\tlost\tb\tc").unwrap_err().contains("lost"));
    }
}
