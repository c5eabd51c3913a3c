//! Tables: one an area, for the terminal and for Markdown.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::suite::case::Area;
use crate::suite::machine::Machine;
use crate::suite::metric::Metric;
use crate::suite::peers::Part;
use crate::suite::results::{CaseResult, Row};
use crate::suite::statistics::CLAIMED;
use crate::suite::target::{Target, targets};

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
            head.push("ours/this (99%)".to_string());
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
    match result.ratio(subject, row.peer.name, metric, CLAIMED) {
        Some(ratio) => {
            let sure = row.peer.part == Part::Again || result.is_checked(metric);
            ratio.text() + if sure { "" } else { " ?" }
        }
        None => "-".to_string(),
    }
}

/// The self-checks of an area's figures, one line a case.
pub fn self_checks(results: &[CaseResult]) -> Vec<String> {
    let mut lines = Vec::new();
    for result in results {
        let check = |metric| {
            let check = result.self_check(metric).map(|check| check.text());
            let rests = result.row(result.case.subject).map_or(0, |row| row.known(metric).len());
            let rounds = match result.alternates(metric) {
                true => "starts",
                false => "rounds",
            };
            let mark = if result.is_checked(metric) { "" } else { " ?" };
            let check = check.unwrap_or_else(|| "-".to_string());
            format!("{} {check}{mark}, {rests} {rounds}", metric.title())
        };
        let checks: Vec<String> = result.judged().into_iter().map(check).collect();
        lines.push(format!("{}: {}", result.case.name, checks.join("; ")));
    }
    lines
}

/// Prints an area's table and its self-checks.
pub fn print(area: &Area, results: &[CaseResult]) {
    let grid = of_area(results);
    println!("\n{}\n{}", area.title, terminal(&grid));
    println!("{} by itself (95%; where that is off, ratios are marked with ?):", subject(results));
    for line in self_checks(results) {
        println!("  {line}");
    }
    for line in troubles(results) {
        println!("  {line}");
    }
}

/// What did not go well in an area, one line each.
pub fn troubles(results: &[CaseResult]) -> Vec<String> {
    let mut lines = Vec::new();
    for result in results {
        let name = &result.case.name;
        for row in &result.rows {
            let trouble = row.trouble.as_ref();
            lines.extend(trouble.map(|trouble| format!("{name}: {}: {trouble}", row.peer.name)));
        }
        if result.dropped > 0 {
            lines.push(format!("{name}: {} runs dropped for stolen CPU time", result.dropped));
        }
    }
    lines
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

/// The table of targets.
pub fn of_targets(results: &[CaseResult]) -> Grid {
    let head = ["case", "target", "measured (99%)", "verdict", ""].map(str::to_string).to_vec();
    let row = |target: &Target| {
        let judgement = target.judge(results);
        let measured = judgement.estimate.map_or_else(|| "-".to_string(), |e| target.text(&e));
        let verdict = judgement.verdict.text().to_string();
        vec![target.place(), target.wanted(), measured, verdict, judgement.remark]
    };
    Grid { head, rows: targets().iter().map(row).collect() }
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
        assert_eq!(grid.head, ["case", "peer", "CPU/op", "ours/this (99%)"]);
        let row = |name: &str| grid.rows.iter().find(|row| row[1] == name).unwrap();
        assert_eq!(row("tokio")[2..], ["200 ns", "0.500 (0.500 to 0.500)"]);
        assert_eq!(row("minato")[2..], ["100 ns", ""]);
        assert_eq!(row("smol")[2..], ["-", "-"]);
    }

    #[test]
    fn a_ratio_without_a_check_is_marked() {
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
