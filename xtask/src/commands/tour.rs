//! `cargo xtask tour`: the tour that the README promises ends well in under a minute, with a table
//! of what it did.

use std::time::Duration;

use crate::outcome::{Counts, Outcome};
use crate::{process, readme};

const LIMIT: Duration = Duration::from_secs(60);

/// A TCP echo by each of the two APIs, a UDP echo and a proxy.
const SERVICES: usize = 4;

pub(crate) fn run() -> Result<Outcome, String> {
    let words = readme::command("cargo run --release")?;
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    // Built first, so that the limit is for the tour alone.
    let build: Vec<&str> =
        arguments.iter().map(|word| if *word == "run" { "build" } else { word }).collect();
    process::succeed(&mut process::cargo(&build), process::LONG)?;
    let output = process::succeed(&mut process::cargo(&arguments), LIMIT)?;
    Ok(Outcome::from_problems(check_table(&output), Counts::default()))
}

/// The table has a row for each service, with requests and no errors. What it says of times is not
/// judged.
fn check_table(output: &str) -> Vec<String> {
    let mut lines = output.lines().map(cells);
    let header = lines.by_ref().find(|cells| cells.contains(&"p99".to_string()));
    let header = header.unwrap_or_default();
    let (mut rows, mut problems) = (0, Vec::new());
    for cells in lines.filter(|cells| cells.len() == header.len()) {
        let under = |name| {
            let column = header.iter().position(|cell| cell == name)?;
            cells[column].replace(',', "").parse::<u64>().ok()
        };
        let (Some(requests), Some(errors)) = (under("requests"), under("errors")) else { continue };
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

/// The cells of a table's line, divided by rules.
fn cells(line: &str) -> Vec<String> {
    let parts = line.trim_matches('│').split(['│', '┆']);
    parts.map(|cell| cell.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(errors: &str) -> String {
        let mut text = String::from("welcome\n│ service │ requests │ rate │ p99 │ errors │\n");
        text.push_str("╞═════════╪══════════╪══════╪═════╪════════╡\n");
        for service in ["tcp future", "tcp poll", "udp"] {
            text.push_str(&format!("│ {service} │ 12,345 │ 1/s │ 2 us │ 0 │\n"));
        }
        text + &format!("│ proxy │ 10 │ 1/s │ 2 us │ {errors} │\n")
    }

    #[test]
    fn a_full_table_without_errors_passes() {
        assert!(check_table(&table("0")).is_empty());
        assert!(check_table(&table("0").replace(" │ ", " ┆ ")).is_empty());
    }

    #[test]
    fn errors_missing_rows_and_missing_tables_fail() {
        assert_eq!(check_table(&table("3")), ["the tour's `proxy`: 10 requests, 3 errors"]);
        assert_eq!(check_table(&table("-")).len(), 1);
        assert_eq!(check_table("all is well\n").len(), 1);
        assert_eq!(check_table(&table("0").replace("12,345", "0")).len(), 3);
    }
}
