//! Tables: one an area, for the terminal and for Markdown.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::suite::case::Area;
use crate::suite::machine::Machine;
use crate::suite::metric::Metric;
use crate::suite::peers::Part;
use crate::suite::results::{CaseResult, Row, Verdict};
use crate::suite::statistics::Estimate;

/// A table as text: a head, and rows of the same length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// The titles of the columns.
    pub head: Vec<String>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
}

/// The table of an area.
pub fn of_area(results: &[CaseResult]) -> Grid {
    let columns = columns(results);
    let judged: Vec<Metric> = columns
        .iter()
        .copied()
        .filter(|m| results.iter().any(|r| r.judged().contains(m)))
        .collect();
    let mut head = vec!["case".to_string(), "peer".to_string()];
    for metric in &columns {
        head.push(metric.title().to_string());
        if judged.contains(metric) {
            head.push("ours/this (95%)".to_string());
        }
    }
    let mut rows = Vec::new();
    for result in results {
        for (at, row) in result.rows.iter().enumerate() {
            let name = if at == 0 { result.case.name.clone() } else { String::new() };
            let mut cells = vec![name, row.peer.name.to_string()];
            for metric in &columns {
                let median = row.median(*metric).map(|value| metric.text(value));
                cells.push(median.unwrap_or_else(|| "-".to_string()));
                if judged.contains(metric) {
                    cells.push(ratio_cell(result, row, *metric));
                }
            }
            rows.push(cells);
        }
    }
    Grid { head, rows }
}

/// The metrics of all cases, in the order in which they come first.
fn columns(results: &[CaseResult]) -> Vec<Metric> {
    let mut columns = Vec::new();
    for metric in results.iter().flat_map(CaseResult::shown) {
        if !columns.contains(&metric) {
            columns.push(metric);
        }
    }
    columns
}

fn ratio_cell(result: &CaseResult, row: &Row, metric: Metric) -> String {
    let subject = result.case.subject;
    if row.peer.name == subject {
        return String::new();
    }
    match result.ratio(subject, row.peer.name, metric) {
        Some(ratio) => {
            let mark = if row.peer.part == Part::Again || result.verdict(metric) == Verdict::Counted
            {
                ""
            } else {
                " ?"
            };
            interval(&ratio) + mark
        }
        None => "-".to_string(),
    }
}

/// `0.93 (0.91 to 0.95)`; without an interval from one value.
pub fn interval(ratio: &Estimate) -> String {
    if ratio.rounds < 2 {
        return format!("{:.2}", ratio.median);
    }
    format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.low, ratio.high)
}

/// The self-checks of an area's figures, one line a case.
pub fn self_checks(results: &[CaseResult]) -> Vec<String> {
    let mut lines = Vec::new();
    for result in results {
        let checks: Vec<String> = result
            .judged()
            .into_iter()
            .map(|metric| {
                let verdict = match result.verdict(metric) {
                    Verdict::Counted => "counted",
                    Verdict::Noise => "noise",
                    Verdict::Unchecked => "not checked",
                };
                let check = result.self_check(metric).as_ref().map(interval).unwrap_or_default();
                format!("{} {check}: {verdict}", metric.title())
            })
            .collect();
        lines.push(format!("{}: {}", result.case.name, checks.join("; ")));
    }
    lines
}

/// Prints an area's table and its self-checks.
pub fn print(area: &Area, results: &[CaseResult]) {
    let grid = of_area(results);
    println!("\n{}\n{}", area.title, terminal(&grid));
    println!("{} against itself (a ratio marked with ? does not count):", subject(results));
    for line in self_checks(results) {
        println!("  {line}");
    }
    for result in results {
        for row in &result.rows {
            if let Some(trouble) = &row.trouble {
                println!("  {}: {}: {trouble}", result.case.name, row.peer.name);
            }
        }
        if result.dropped > 0 {
            let dropped = result.dropped;
            println!("  {}: {dropped} runs dropped for stolen CPU time", result.case.name);
        }
    }
}

fn subject(results: &[CaseResult]) -> &'static str {
    results.first().map_or("minato", |result| result.case.subject)
}

fn terminal(grid: &Grid) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&grid.head).add_rows(&grid.rows);
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The table in Markdown.
pub fn markdown(grid: &Grid) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut rule = vec!["---"; 2.min(grid.head.len())];
    rule.resize(grid.head.len(), "--:");
    let rule: Vec<String> = rule.into_iter().map(str::to_string).collect();
    let rows: String = grid.rows.iter().map(|row| line(row)).collect();
    line(&grid.head) + &line(&rule) + &rows
}

/// The conditions of a run, one a line.
pub fn conditions(machine: &Machine) -> Vec<String> {
    let versions: Vec<String> =
        machine.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let place = if machine.virtual_machine { "virtual machine" } else { "bare machine" };
    let tools: Vec<&str> =
        machine.tools.iter().map(String::as_str).filter(|tool| !tool.is_empty()).collect();
    vec![
        format!("{} x {}, {place}", machine.processors, machine.processor),
        format!("Linux {}, {}", machine.kernel, machine.rustc),
        format!("commit {}", machine.commit),
        versions.join(", "),
        if tools.is_empty() { "no counting tools".to_string() } else { tools.join(", ") },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Workload;
    use crate::suite::case::Case;
    use crate::suite::results::chosen;

    fn result() -> CaseResult {
        let case = Case::serve("a case", Workload::Echo, "");
        let peers = chosen(&case, &[]);
        let mut result = CaseResult::new("echo", case, &peers);
        for row in &mut result.rows {
            let base = match row.peer.name {
                "minato" | "minato-again" => 100.0,
                "tokio" => 200.0,
                _ => continue,
            };
            for round in 0..9 {
                row.put(Metric::Cpu, round, base);
            }
        }
        result
    }

    #[test]
    fn a_peer_shows_its_median_and_our_ratio() {
        let grid = of_area(&[result()]);
        assert_eq!(grid.head, ["case", "peer", "CPU/op", "ours/this (95%)"]);
        let row = |name: &str| grid.rows.iter().find(|row| row[1] == name).unwrap();
        assert_eq!(row("tokio")[2..], ["200 ns", "0.50 (0.50 to 0.50)"]);
        assert_eq!(row("minato")[2..], ["100 ns", ""]);
        assert_eq!(row("smol")[2..], ["-", "-"]);
    }

    #[test]
    fn what_does_not_count_is_marked() {
        let mut result = result();
        result.rows.iter_mut().find(|row| row.peer.name == "minato-again").unwrap().values.clear();
        let grid = of_area(&[result]);
        let tokio = grid.rows.iter().find(|row| row[1] == "tokio").unwrap();
        assert!(tokio[3].ends_with('?'));
    }

    #[test]
    fn markdown_has_a_rule_below_the_head() {
        let text = markdown(&of_area(&[result()]));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "| --- | --- | --: | --: |");
        assert!(lines.iter().all(|line| line.matches('|').count() == 5), "{text}");
    }
}
