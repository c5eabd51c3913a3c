//! `cargo xtask tour`: the tour that the README promises ends well in under a minute, with a table
//! of what it did.

use super::cargo::from_readme;
use crate::outcome::{Counts, Outcome};
use crate::process::{self, LONG, cargo, minutes};

/// A TCP echo by each of the two APIs, a UDP echo and a proxy.
const SERVICES: usize = 4;

/// What makes the program slower, and its build much shorter.
const QUICKER: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
];

pub(crate) fn run() -> Result<Outcome, String> {
    let mut tour = from_readme("cargo run --release")?;
    let mut build = cargo(&["build"]);
    build.args(tour.get_args().skip(1)).envs(QUICKER);
    // Built first, so that the limit is for the tour alone.
    process::succeed(&mut build, LONG)?;
    let output = process::succeed(tour.envs(QUICKER), minutes(1))?;
    Ok(Outcome::from_problems(check_table(&output), Counts::default()))
}

/// The table has a row for each service, with requests and no errors. What it says of times is not
/// judged.
fn check_table(output: &str) -> Vec<String> {
    let mut lines = output.lines().map(cells);
    let header = lines.by_ref().find(|cells| cells.contains(&"p99")).unwrap_or_default();
    let (mut rows, mut problems) = (0, Vec::new());
    for cells in lines.filter(|cells| cells.len() == header.len()) {
        let under = |name| {
            let column = header.iter().position(|cell| *cell == name)?;
            cells[column].replace(',', "").parse::<u64>().ok()
        };
        let (Some(requests), Some(errors)) = (under("requests"), under("errors")) else { continue };
        rows += 1;
        if requests == 0 || errors != 0 {
            let service = cells[0];
            problems.push(format!("the tour's `{service}`: {requests} requests, {errors} errors"));
        }
    }
    if rows < SERVICES {
        problems.push(format!("the tour's table has {rows} rows for {SERVICES} services"));
    }
    problems
}

/// The cells of a table's line, divided by rules.
fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('│').split(['│', '┆']).map(str::trim).collect()
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
