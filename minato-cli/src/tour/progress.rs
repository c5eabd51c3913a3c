//! The live line on the terminal, or plain lines where there is none.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::drivers::Measured;
use super::report;

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(100);

/// One service's line.
#[derive(Debug)]
pub(super) struct Progress {
    name: &'static str,
    requests: Arc<AtomicU64>,
    /// Hidden where standard error is no terminal.
    line: ProgressBar,
}

impl Progress {
    pub(super) fn start(name: &'static str, planned: Duration) -> Self {
        let requests = Arc::new(AtomicU64::new(0));
        let line = ProgressBar::new_spinner().with_message(name);
        line.set_style(style(requests.clone(), planned));
        line.enable_steady_tick(TICK);
        Self { name, requests, line }
    }

    /// The number that the line shows.
    pub(super) fn requests(&self) -> Arc<AtomicU64> {
        self.requests.clone()
    }

    pub(super) fn finish(self, measured: &Measured) {
        self.line.finish_and_clear();
        if self.line.is_hidden() {
            let requests = report::grouped(measured.requests);
            eprintln!("{}: {requests} requests, {} errors", self.name, measured.errors.len());
        }
    }
}

fn style(requests: Arc<AtomicU64>, planned: Duration) -> ProgressStyle {
    let done = move |_: &ProgressState, out: &mut dyn Write| {
        _ = out.write_str(&report::grouped(requests.load(Ordering::Relaxed)));
    };
    let time = move |state: &ProgressState, out: &mut dyn Write| {
        let (elapsed, planned) = (state.elapsed().as_secs_f64(), planned.as_secs_f64());
        _ = write!(out, "{elapsed:.1} of {planned:.1} s");
    };
    ProgressStyle::with_template("{spinner} {msg}: {requests} requests, {time}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("requests", done)
        .with_key("time", time)
}
