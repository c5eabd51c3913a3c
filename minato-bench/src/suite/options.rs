//! What the user asks of the suite, and how long that makes it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// How the suite is run.
#[derive(Debug, Clone, Default, Args)]
pub struct SuiteOptions {
    /// The cases that matter most (15 minutes at most); this is what runs if nothing is said
    #[arg(long, conflicts_with_all = ["full", "smoke"])]
    pub quick: bool,
    /// All cases, with more starts and longer rounds
    #[arg(long, conflicts_with = "smoke")]
    pub full: bool,
    /// One short round of each area, to see that it works (seconds)
    #[arg(long)]
    pub smoke: bool,
    /// Only these areas; --list tells them
    #[arg(long, value_name = "AREA,..", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Only the case of this name; may be given several times
    #[arg(long = "case", value_name = "NAME")]
    pub cases: Vec<String>,
    /// Only these peers or families, beside minato and the limits
    #[arg(long, value_name = "PEER,..", value_delimiter = ',')]
    pub peers: Vec<String>,
    /// Starts or rounds of each case; fewer than 8 decide nothing
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// Seconds that each peer is measured in a round, where there are rounds
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<f64>,
    /// Write all figures there
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write RESULTS.md, a summary and its picture into this folder
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Start from this random order
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Use the peers as they were built
    #[arg(long)]
    pub no_build: bool,
    /// List areas, cases and peers, and do nothing
    #[arg(long)]
    pub list: bool,
}

/// Which of the three suites is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// One short round of the first case of each area.
    Smoke,
    /// The cases that are marked as quick.
    Quick,
    /// All cases.
    Full,
}

/// How long and how often is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Which suite this is.
    pub suite: Suite,
    /// Starts of peers that alternate.
    pub starts: usize,
    /// As many starts there are at most, if those do not decide.
    pub most_starts: usize,
    /// Rounds of what is timed.
    pub rounds: usize,
    /// Rounds of what is counted.
    pub count_rounds: usize,
    /// How long a peer is measured in a round.
    pub seconds: Duration,
    /// How long it is loaded before.
    pub warm_up: Duration,
    /// What the operations of workloads that drive themselves are divided by.
    pub divisor: u64,
}

impl SuiteOptions {
    /// The settings that follow from the options.
    pub fn settings(&self) -> Settings {
        let milliseconds = Duration::from_millis;
        let mut settings = match self.suite() {
            Suite::Smoke => Settings {
                suite: Suite::Smoke,
                starts: 1,
                most_starts: 1,
                rounds: 1,
                count_rounds: 1,
                seconds: milliseconds(30),
                warm_up: milliseconds(5),
                divisor: 1000,
            },
            Suite::Quick => Settings {
                suite: Suite::Quick,
                starts: 8,
                most_starts: 12,
                rounds: 8,
                count_rounds: 1,
                seconds: milliseconds(150),
                warm_up: milliseconds(40),
                divisor: 4,
            },
            Suite::Full => Settings {
                suite: Suite::Full,
                starts: 12,
                most_starts: 40,
                rounds: 12,
                count_rounds: 3,
                seconds: milliseconds(500),
                warm_up: milliseconds(100),
                divisor: 1,
            },
        };
        if let Some(rounds) = self.rounds {
            settings.rounds = rounds as usize;
            settings.starts = rounds as usize;
            settings.most_starts = settings.most_starts.max(settings.starts);
        }
        if let Some(seconds) = self.seconds.and_then(|s| Duration::try_from_secs_f64(s).ok()) {
            settings.seconds = seconds;
        }
        settings
    }

    fn suite(&self) -> Suite {
        match (self.smoke, self.full) {
            (true, _) => Suite::Smoke,
            (_, true) => Suite::Full,
            _ => Suite::Quick,
        }
    }
}
