//! What the front page shows: a small table and a picture, and how each of its lines is repeated.

use std::fmt::Write;

use super::chart::{Line, Point};
use super::table::{Grid, markdown};
use crate::suite::metric::Metric;
use crate::suite::results::CaseResult;
use crate::suite::statistics::{CLAIMED, Estimate};

/// A line of the summary.
struct Subject {
    title: &'static str,
    ours: &'static str,
    area: &'static str,
    case: &'static str,
    metric: Metric,
    bare: &'static [&'static str],
}

const fn cpu(
    title: &'static str,
    area: &'static str,
    case: &'static str,
    bare: &'static [&'static str],
) -> Subject {
    Subject { title, ours: "minato", area, case, metric: Metric::Cpu, bare }
}

const SUBJECTS: [Subject; 7] = [
    cpu("TCP echo, 50 connections", "echo", "50 connections of 64 B", &["raw-epoll"]),
    Subject {
        ours: "minato-lent",
        ..cpu("TCP echo, 1000, lent buffers", "echo", "1000 connections of 64 B", &["raw-epoll"])
    },
    cpu("connections of one request", "churn", "8 at once", &["raw-epoll"]),
    cpu("relay, 2 MB a connection", "relay-transfer", "2 MB", &["raw-splice"]),
    cpu(
        "UDP echo in bulk",
        "udp-echo",
        "2 sockets of 1200 B, 32 at once (GSO, GRO)",
        &["raw-epoll"],
    ),
    cpu("timers, set and cancelled", "timers", "insert and cancel", &[]),
    Subject {
        metric: Metric::Memory,
        ..cpu("memory of an idle connection", "idle", "10 active among 9000", &["raw-epoll"])
    },
];

/// Whom ours is compared with: of a peer in several forms, the best at each line.
const OTHERS: [(&str, &[&str]); 4] = [
    ("tokio", &["tokio"]),
    ("smol", &["smol"]),
    ("monoio", &["monoio", "monoio-defer"]),
    ("compio", &["compio", "compio-defer"]),
];

/// What precedes the words that repeat a line.
const COMMAND: &str = "cargo run --release -p minato-bench --";

/// The lines of the picture.
pub fn lines(results: &[CaseResult]) -> Vec<Line> {
    SUBJECTS
        .iter()
        .map(|subject| Line { title: subject.title, points: points(subject, results) })
        .collect()
}

/// The table in Markdown.
pub fn text(results: &[CaseResult]) -> String {
    let mut head = vec!["minato's / the other's".to_string()];
    head.extend(OTHERS.iter().map(|(name, _)| name.to_string()));
    head.extend(["bare loop".to_string(), "repeat it".to_string()]);
    let rows = SUBJECTS.iter().map(|subject| {
        let points = points(subject, results);
        let mut row = vec![subject.title.to_string()];
        for name in others(subject).map(|(name, _)| name) {
            let point = points.iter().find(|point| point.name == name);
            row.push(point.map_or_else(|| "-".to_string(), cell));
        }
        row.push(format!("`--only {} --case \"{}\"`", subject.area, subject.case));
        row
    });
    let mut text = markdown(&Grid { head, rows: rows.collect() });
    let _ = write!(
        text,
        "\nProcessor time of the server, or memory, of minato by that of the other: below 1 minato \
         takes less. After ± is half the 99% interval. Each line is repeated by `{COMMAND}` and \
         the words at its end.\n"
    );
    text
}

fn cell(point: &Point) -> String {
    let Estimate { value, low, high, rounds, .. } = point.estimate;
    let half = if rounds > 1 { format!(" ±{:.3}", (high - low) / 2.0) } else { String::new() };
    let mark = if point.is_checked { "" } else { " ?" };
    format!("{value:.3}{half}{mark}")
}

fn others(subject: &Subject) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    OTHERS.into_iter().chain([("bare loop", subject.bare)])
}

fn points(subject: &Subject, results: &[CaseResult]) -> Vec<Point> {
    let found = results.iter().find(|r| r.area == subject.area && r.case.name == subject.case);
    let Some(result) = found else { return Vec::new() };
    let is_checked = result.is_checked(subject.metric);
    let point = |(name, forms): (&'static str, &[&str])| {
        let ratio = |form: &&str| result.ratio(subject.ours, form, subject.metric, CLAIMED);
        let ratios = forms.iter().filter_map(ratio);
        let estimate = ratios.max_by(|one, other| one.value.total_cmp(&other.value))?;
        Some(Point { name, estimate, is_checked })
    };
    others(subject).filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area;
    use crate::suite::peers;
    use crate::suite::results::chosen;

    #[test]
    fn every_line_is_of_a_case_and_peers_that_exist() {
        for subject in &SUBJECTS {
            let area = area::all().into_iter().find(|area| area.name == subject.area).unwrap();
            let case = area.cases.into_iter().find(|case| case.name == subject.case).unwrap();
            assert!(case.quick && case.metrics.contains(&subject.metric), "{}", subject.title);
            assert!(case.peers.contains(&subject.ours), "{}", subject.title);
            assert!(subject.bare.iter().all(|bare| case.peers.contains(bare)), "{}", subject.title);
        }
        assert!(
            OTHERS.iter().flat_map(|(_, forms)| *forms).all(|form| peers::find(form).is_some())
        );
    }

    #[test]
    fn the_best_form_of_a_peer_is_shown_with_its_command() {
        let area = area::all().into_iter().find(|area| area.name == "idle").unwrap();
        let case = area.cases[0].clone();
        let mut result = CaseResult::new("idle", case.clone(), &chosen(&case, &[]));
        let memory = [("minato", 50.0), ("minato-again", 50.0), ("tokio", 100.0)];
        for (name, value) in memory.into_iter().chain([("compio", 400.0), ("compio-defer", 80.0)]) {
            let row = result.rows.iter_mut().find(|row| row.peer.name == name).unwrap();
            (0..8).for_each(|round| row.put(Metric::Memory, round, value));
        }
        let text = text(&[result]);
        let line = text.lines().find(|line| line.starts_with("| memory")).unwrap();
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        assert_eq!(cells[2..6], ["0.500 ±0.000", "-", "-", "0.625 ±0.000"]);
        assert!(cells[7].contains("--only idle --case"), "{line}");
    }
}
