//! What the processes told, and whether it is well.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::fate::Fates;
use crate::rest::Sample;
use crate::tally::Line;
use crate::trend::Trend;

/// The part of a run whose samples do not count: caches fill, and pools of threads grow.
const WARM_UP: f64 = 0.25;
/// How much the memory may seem to grow in a run. What the allocator keeps for later, and the
/// stacks of threads that have ended, differ from rest to rest and fill only after a while.
const RESIDENT_RESOLUTION: f64 = MIB;
/// The same for the heap: what ended threads have left to crossbeam-epoch is freed when enough of
/// it has come together, so a process is at its level only after some runtimes of each kind.
const HEAP_RESOLUTION: f64 = 65_536.0;
const HOUR: f64 = 3600.0;
const MIB: f64 = 1_048_576.0;

/// All that is known of a run at its end.
#[derive(Debug, Default)]
pub(crate) struct Report {
    counts: BTreeMap<String, u64>,
    samples: BTreeMap<&'static str, Vec<Sample>>,
    wrong: Vec<String>,
    fates: [Fates; 2],
    /// How many samples each process may have before their memory grows.
    room: usize,
}

/// One statement about a run, and whether it holds.
struct Check {
    what: String,
    holds: bool,
}

impl Report {
    /// One for so many minutes: what it holds is part of what is measured, and must not grow.
    pub(crate) fn for_minutes(minutes: u64) -> Report {
        // No process rests more than once a second.
        Report { room: minutes as usize * 60, ..Report::default() }
    }

    /// Takes a line of a process in.
    pub(crate) fn take(&mut self, process: &'static str, line: Line) {
        match line {
            Line::Sample(sample) => {
                let samples = self.samples.entry(process);
                samples.or_insert_with(|| Vec::with_capacity(self.room)).push(sample);
            }
            Line::Count(name, count) => *self.counts.entry(name).or_default() += count,
            Line::Wrong(what) => self.wrong(format!("{process}: {what}")),
        }
    }

    pub(crate) fn wrong(&mut self, what: String) {
        println!("WRONG: {what}");
        self.wrong.push(what);
    }

    pub(crate) fn link(&mut self, fates: [Fates; 2]) {
        self.fates = fates;
    }

    /// A line about how far it is.
    pub(crate) fn progress(&self) -> String {
        let runtimes: usize = self.samples.values().map(Vec::len).sum();
        format!("{runtimes} runtimes, {} things wrong", self.wrong.len())
    }

    fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = vec![Check {
            what: "every byte and datagram was right, no timer was early, nothing hung".to_string(),
            holds: self.wrong.is_empty(),
        }];
        // A run in which something never happened has not tested it.
        for name in [
            "bytes checked",
            "conversations complete",
            "conversations cut off",
            "datagrams received",
            "timers fired",
            "runtimes of the driver",
            "runtimes of the server",
        ] {
            let what = format!("there were {name}");
            checks.push(Check { what, holds: self.count(name) > 0 });
        }
        let [again, doubled] = [
            self.count("datagrams that came again"),
            self.fates.iter().map(|fates| fates.duplicated).sum(),
        ];
        checks.push(Check {
            what: format!("datagrams came again {again} times, packets were doubled {doubled}"),
            holds: again <= doubled,
        });
        for (process, samples) in &self.samples {
            let mut check = |what, resolution, value: fn(&Sample) -> u64| {
                checks.push(slope(process, what, samples, resolution, value));
            };
            check("descriptors", 0.0, |one| one.descriptors);
            check("bytes of heap", HEAP_RESOLUTION, |one| one.heap);
            check("resident bytes", RESIDENT_RESOLUTION, |one| one.resident);
        }
        checks
    }

    /// Prints what was done and what came of it; the last line counts as cargo does. Returns
    /// whether all is well.
    pub(crate) fn print(&self) -> bool {
        let mut text = String::from("\ndone:\n");
        for (name, count) in &self.counts {
            _ = writeln!(text, "{count:>14} {name}");
        }
        for (way, fates) in ["to the server", "to the driver"].iter().zip(&self.fates) {
            let Fates { carried, lost, lost_while_down, lost_in_full_queue, .. } = fates;
            let Fates { duplicated, held, flaps, .. } = fates;
            _ = writeln!(
                text,
                "packets {way}: {carried} carried, {lost} lost by chance, {lost_while_down} while \
                 the link was down ({flaps} times), {lost_in_full_queue} at its full queue, \
                 {duplicated} doubled, {held} held back behind others"
            );
        }
        for (process, samples) in &self.samples {
            if let Some(&Sample { descriptors, heap, resident, peak, .. }) = samples.last() {
                let [heap, resident, peak] = [heap, resident, peak].map(|bytes| bytes as f64 / MIB);
                _ = writeln!(
                    text,
                    "the {process} at its last rest: {descriptors} descriptors, {heap:.3} MiB of \
                     heap, {resident:.1} MiB resident; at most {peak:.1} MiB"
                );
            }
        }
        let checks = self.checks();
        for Check { what, holds } in &checks {
            _ = writeln!(text, "{} {what}", if *holds { "  ok  " } else { "FAILED" });
        }
        let failed = checks.iter().filter(|check| !check.holds).count();
        let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, checks.len() - failed);
        println!("{text}test result: {word}. {passed} passed; {failed} failed; 0 ignored");
        failed == 0
    }
}

/// Whether something that a process holds at rest does not grow in the run by more than
/// `resolution`, beyond the error of its slope.
fn slope(
    process: &str,
    what: &str,
    samples: &[Sample],
    resolution: f64,
    value: fn(&Sample) -> u64,
) -> Check {
    let end = samples.last().map_or(0.0, |last| last.seconds);
    let warm = samples.iter().filter(|sample| sample.seconds >= end * WARM_UP);
    let points: Vec<(f64, f64)> =
        warm.map(|sample| (sample.seconds / HOUR, value(sample) as f64)).collect();
    let Some(trend) = Trend::of(&points) else {
        // Too few for a line, so that nothing is known.
        return Check { what: format!("the {process}'s {what}: too few samples"), holds: false };
    };
    let Trend { slope, error } = trend;
    let grown = (slope - error) * end / HOUR;
    let count = points.len();
    Check {
        what: format!(
            "the {process}'s {what} change by {slope:.1} an hour, ±{error:.1} ({count} rests, 99%)"
        ),
        holds: !trend.rises() || grown <= resolution,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(leak: u64) -> Report {
        let mut report = Report::default();
        for at in 0..20 {
            let (seconds, descriptors) = (at as f64, 7 + leak * at);
            let (resident, peak) = (50_000_000 + at % 3 * 4096, 60_000_000);
            let sample = Sample { seconds, descriptors, heap: 1000, resident, peak };
            report.take("server", Line::Sample(sample));
        }
        for name in [
            "bytes checked",
            "conversations complete",
            "conversations cut off",
            "datagrams received",
            "timers fired",
            "runtimes of the driver",
            "runtimes of the server",
        ] {
            report.take("driver", Line::Count(name.to_string(), 1));
        }
        report
    }

    fn failed(report: &Report) -> Vec<String> {
        let checks = report.checks().into_iter();
        checks.filter(|check| !check.holds).map(|check| check.what).collect()
    }

    #[test]
    fn a_good_run_is_good_and_a_leak_is_named() {
        assert_eq!(failed(&report(0)), [""; 0]);
        let named = failed(&report(1));
        assert_eq!(named.len(), 1);
        assert!(named[0].contains("the server's descriptors"), "{named:?}");
    }

    #[test]
    fn what_is_wrong_or_was_not_done_fails() {
        let mut wrong = report(0);
        wrong.take("driver", Line::Wrong("a byte".to_string()));
        assert_eq!(failed(&wrong).len(), 1);
        assert!(failed(&Report::default()).len() > 5);
    }

    #[test]
    fn only_the_link_may_double_datagrams() {
        let mut doubled = report(0);
        doubled.take("driver", Line::Count("datagrams that came again".to_string(), 2));
        assert_eq!(failed(&doubled).len(), 1);
        doubled.link([Fates { duplicated: 2, ..Fates::default() }, Fates::default()]);
        assert_eq!(failed(&doubled), [""; 0]);
    }
}
