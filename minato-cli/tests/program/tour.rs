//! The tour ends by itself, with a table and no errors.

use crate::process::{Ended, run};

fn short_tour(seed: &str) -> Ended {
    run(&["--seconds", "1", "--seed", seed, "--workers", "2"])
}

fn cells(line: &str) -> Vec<&str> {
    line.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

/// The lines that tell of the simulated worlds.
fn traces(tour: &Ended) -> Vec<&str> {
    tour.stdout.lines().filter(|line| line.contains("trace")).collect()
}

#[test]
fn every_service_answers_and_one_seed_gives_one_trace() {
    let tour = short_tour("5");
    assert_eq!(tour.code, Some(0), "{tour:?}");
    let rows: Vec<_> = tour.stdout.lines().map(cells).filter(|cells| cells.len() == 8).collect();
    assert_eq!(rows[0][2], "requests", "{}", tour.stdout);
    assert_eq!(rows[0][7], "errors");
    assert_eq!(rows.len(), 5, "a heading and four services: {}", tour.stdout);
    for row in &rows[1..] {
        assert_eq!((row[1], row[7]), ("64", "0"), "{row:?}");
        let requests: u64 = row[2].replace(',', "").parse().unwrap();
        assert!(requests >= 64, "{row:?}");
    }
    // Standard error is no terminal here: a plain line for each service, nothing that moves.
    assert_eq!(tour.stderr.lines().count(), 4, "{}", tour.stderr);
    assert!(!tour.stderr.contains('\u{1b}'), "{}", tour.stderr);
    assert!(tour.stdout.contains("plain thread"), "{}", tour.stdout);

    assert_eq!(traces(&tour).len(), 2);
    assert_eq!(traces(&tour), traces(&short_tour("5")), "another process, the same world");
    assert_ne!(traces(&tour), traces(&short_tour("6")));
}
