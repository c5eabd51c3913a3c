//! The tables and headings of our documents.

/// A row of a table.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) line: usize,
    pub(crate) headings: Vec<&'a str>,
    pub(crate) cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// The cell under the heading that holds this word.
    pub(crate) fn under(&self, word: &str) -> impl Iterator<Item = &'a str> {
        let columns = self.headings.iter().zip(&self.cells);
        columns
            .filter(move |(heading, _)| heading.to_lowercase().contains(word))
            .map(|(_, cell)| *cell)
    }
}

/// The rows of all tables, without their headings.
pub(crate) fn rows(text: &str) -> Vec<Row<'_>> {
    let mut found = Vec::new();
    let mut headings: Option<Vec<&str>> = None;
    for (index, line) in text.lines().enumerate() {
        let inside = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        let cells: Option<Vec<&str>> =
            inside.map(|inside| inside.split('|').map(str::trim).collect());
        headings = match (headings, cells) {
            (_, None) => None,
            (None, heading) => heading,
            (Some(headings), Some(cells)) => {
                // The line below the heading only divides.
                if !cells.iter().all(|cell| cell.chars().all(|c| "-: ".contains(c))) {
                    found.push(Row { line: index + 1, headings: headings.clone(), cells });
                }
                Some(headings)
            }
        };
    }
    found
}

/// The lines under a heading, up to the next one, with their numbers.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let after = lines.skip_while(|(_, line)| line.trim_start_matches('#').trim() != heading);
    after.skip(1).take_while(|(_, line)| !line.starts_with('#')).collect()
}

/// The words between backticks.
pub(crate) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_headings() {
        let text = "a\n\n| one | the two |\n|---|--:|\n| `x` y | z |\n\n| other |\n|---|\n";
        let rows = rows(text);
        assert_eq!((rows.len(), rows[0].line), (1, 5));
        assert_eq!(rows[0].under("two").collect::<Vec<_>>(), ["z"]);
        assert_eq!(code(rows[0].cells[0]).collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_section_ends_at_the_next_heading() {
        let text = "# A\n## B\nb\nc\n### D\nd\n";
        assert_eq!(section(text, "B"), [(3, "b"), (4, "c")]);
        assert!(section(text, "C").is_empty());
    }
}
