//! `cargo xtask tour`: the tour that the README promises ends well in under a minute, with a table
//! of what it did.

use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::process;
use crate::readme;
use crate::tree;

const LIMIT: Duration = Duration::from_secs(60);

/// A TCP echo by each of the two APIs, a UDP echo and a proxy.
const SERVICES: usize = 4;

pub(crate) fn run() -> Outcome {
    if !tree::root().join("README.md").exists() {
        return Outcome::missing("tour", "README.md");
    }
    let words = match readme::command("cargo run --release") {
        Ok(words) => words,
        Err(error) => return Outcome::failed(error),
    };
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    // Built first, so that the limit is for the tour alone.
    let build: Vec<&str> =
        arguments.iter().map(|word| if *word == "run" { "build" } else { word }).collect();
    if let Some(problem) = process::run(&mut process::cargo(&build), process::LONG).problem {
        return Outcome::failed(problem);
    }
    let finished = process::run(&mut process::cargo(&arguments), LIMIT);
    if let Some(problem) = finished.problem {
        return Outcome::failed(problem);
    }
    Outcome::of_problems(check_table(&finished.stdout), Counts::default())
}

/// The table has a row for each service, with requests and no errors. What it says of times is not
/// judged.
fn check_table(output: &str) -> Vec<String> {
    let mut lines = output.lines().map(cells);
    let column = |header: &[String], name: &str| {
        header.iter().position(|cell| cell.to_lowercase().contains(name))
    };
    let found = lines.by_ref().find_map(|cells| {
        column(&cells, "p99")?;
        Some((cells.len(), column(&cells, "requests")?, column(&cells, "errors")?))
    });
    let Some((width, requests, errors)) = found else {
        return vec!["the tour prints no table with requests, p99 and errors".to_string()];
    };
    let mut rows = 0;
    let mut problems = Vec::new();
    for cells in lines.filter(|cells| cells.len() == width) {
        let (Some(requests), Some(errors)) = (number(&cells[requests]), number(&cells[errors]))
        else {
            continue;
        };
        rows += 1;
        if requests == 0 || errors != 0 {
            problems
                .push(format!("the tour's `{}`: {requests} requests, {errors} errors", cells[0]));
        }
    }
    if rows < SERVICES {
        problems
            .push(format!("the tour's table has {rows} rows, and there are {SERVICES} services"));
    }
    problems
}

/// The cells of a table's line, divided by rules or by two spaces.
fn cells(line: &str) -> Vec<String> {
    let rules = ['|', '│', '┆', '║', '┃'];
    let line = line.trim();
    let parts: Vec<&str> = if line.contains(rules) {
        line.trim_matches(rules).split(rules).collect()
    } else {
        line.split("  ").filter(|cell| !cell.trim().is_empty()).collect()
    };
    parts.into_iter().map(|cell| cell.trim().to_string()).collect()
}

fn number(cell: &str) -> Option<u64> {
    cell.replace([',', '_', ' ', '\''], "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(errors: &str) -> String {
        let mut text = String::from("welcome\nservice   requests   rate   p50   p99   errors\n");
        text.push_str("-------   --------   ----   ---   ---   ------\n");
        for service in ["tcp future", "tcp poll", "udp"] {
            text.push_str(&format!("{service}   12,345   1/s   1 us   2 us   0\n"));
        }
        text + &format!("proxy   10   1/s   1 us   2 us   {errors}\n")
    }

    #[test]
    fn a_full_table_without_errors_passes() {
        assert!(check_table(&table("0")).is_empty());
        assert!(check_table(&table("0").replace("   ", " │ ")).is_empty());
    }

    #[test]
    fn errors_missing_rows_and_missing_tables_fail() {
        assert_eq!(check_table(&table("3")), ["the tour's `proxy`: 10 requests, 3 errors"]);
        assert_eq!(check_table(&table("-")).len(), 1);
        assert_eq!(check_table("all is well\n").len(), 1);
        assert_eq!(check_table(&table("0").replace("12,345", "0")).len(), 3);
    }
}
