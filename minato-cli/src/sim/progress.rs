//! The live line of a sweep on the terminal, or plain lines where there is none.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::events::Counts;

/// How often a plain line is written.
const PLAIN: Duration = Duration::from_secs(10);

/// One test's line.
pub(super) struct Progress {
    name: String,
    /// Hidden where standard error is no terminal.
    line: ProgressBar,
    last_line_at: Instant,
}

impl Progress {
    /// A line of `seeds` seeds, if it is known how many there are.
    pub(super) fn start(name: &str, seeds: Option<u64>) -> Self {
        let line = seeds.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = match seeds {
            Some(_) => "{spinner} {prefix} {bar:20} {pos}/{len} seeds, {msg}",
            None => "{spinner} {prefix} {pos} seeds, {msg}",
        };
        let style = ProgressStyle::with_template(template);
        line.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        line.set_prefix(name.to_owned());
        line.enable_steady_tick(Duration::from_millis(100));
        if line.is_hidden() {
            let seeds = seeds.map_or_else(|| "new seeds".to_owned(), |count| plural(count, "seed"));
            eprintln!("{name}: {seeds}");
        }
        Self { name: name.to_owned(), line, last_line_at: Instant::now() }
    }

    pub(super) fn update(&mut self, counts: &Counts) {
        self.line.set_position(counts.seeds);
        self.line.set_message(describe(counts));
        self.tell(|| format!("{}, {}", plural(counts.seeds, "seed"), describe(counts)));
    }

    pub(super) fn shrinking(&mut self, runs: u64, faults: u64) {
        let text = format!("shrinking: {} after {runs} runs", plural(faults, "fault"));
        self.line.set_message(format!("it failed; {text}"));
        self.tell(|| text);
    }

    /// Writes a plain line now and then, where there is no live one.
    fn tell(&mut self, text: impl FnOnce() -> String) {
        if self.line.is_hidden() && self.last_line_at.elapsed() >= PLAIN {
            self.last_line_at = Instant::now();
            eprintln!("{}: {}", self.name, text());
        }
    }

    pub(super) fn finish(self) {
        self.line.finish_and_clear();
    }
}

/// What follows the number of seeds, in one line.
pub(super) fn describe(counts: &Counts) -> String {
    let mut parts = vec![simulated(counts.simulated)];
    if counts.failed > 0 {
        parts.push(format!("{} failed", counts.failed));
    }
    parts.push(format!("faults: {}", list(&counts.faults)));
    if !counts.marks.is_empty() {
        parts.push(format!("marks: {}", list(&counts.marks)));
    }
    parts.join(", ")
}

pub(super) fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn simulated(time: Duration) -> String {
    format!("{:.2} simulated hours", time.as_secs_f64() / 3600.0)
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_all_counts() {
        let mut counts = Counts { simulated: Duration::from_secs(5400), ..Counts::default() };
        assert_eq!(describe(&counts), "1.50 simulated hours, faults: none");
        counts.failed = 2;
        counts.faults = [("cut".to_owned(), 3), ("crash".to_owned(), 1)].into();
        counts.marks = [("rebooted".to_owned(), 7)].into();
        let expected = "1.50 simulated hours, 2 failed, faults: crash 1 cut 3, marks: rebooted 7";
        assert_eq!(describe(&counts), expected);
    }
}
