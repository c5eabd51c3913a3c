//! A case: what is done to each peer, and what is shown of it. An area is a list of them.

use crate::peer::Workload;
use crate::suite::metric::Metric;

/// A group of cases that share a table.
#[derive(Debug, Clone)]
pub struct Area {
    /// Its name for `--only`.
    pub name: &'static str,
    /// The head of its table.
    pub title: &'static str,
    /// What is compared and how, for the report.
    pub about: &'static str,
    /// The cases.
    pub cases: Vec<Case>,
}

/// What is done to each peer.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, unique in the area.
    pub name: String,
    /// What is done.
    pub plan: Plan,
    /// Measured in slices, with all peers alive, rather than in rounds with one peer at a time.
    pub slices: Option<Slices>,
    /// How many workers each peer gets. With one, it is pinned to a processor.
    pub workers: usize,
    /// The names of the peers.
    pub peers: Vec<&'static str>,
    /// The one of `peers` that the others are compared with.
    pub subject: &'static str,
    /// What is shown. The first is what the case is about.
    pub metrics: &'static [Metric],
    /// What is counted in runs of their own.
    pub counts: Counts,
    /// Whether the quick suite has it.
    pub quick: bool,
}

/// How the peers of a case alternate.
///
/// Client and servers share a processor, unless they are `apart`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slices {
    /// Operations of a slice, rounded up to whole batches.
    pub operations: u64,
    /// Operations before it, which are not counted.
    pub warm_up: u64,
    /// Slices of each server in a start.
    pub blocks: usize,
    /// How many times as many starts there are as is usual.
    pub starts: usize,
    /// How long a slice takes, about, to tell how long the suite will.
    pub milliseconds: f64,
    /// Bytes of a transfer.
    pub bytes: Option<u64>,
    /// The client has a processor of its own. Then there is no probe: it would favour equality.
    pub apart: bool,
    /// By how much runs an hour apart may differ. A peer that alternates with itself is off by no
    /// more than this share, or nothing is claimed.
    pub tolerance: f64,
}

impl Default for Slices {
    fn default() -> Slices {
        Slices {
            operations: 100,
            warm_up: 50,
            blocks: 60,
            starts: 1,
            milliseconds: 1.8,
            bytes: None,
            apart: false,
            tolerance: 0.02,
        }
    }
}

/// What is counted in runs of their own: each with two lengths, whose difference leaves out what
/// starting and ending cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Operations of the two runs under callgrind.
    pub instructions: Option<(u64, u64)>,
    /// Operations of the two runs under strace.
    pub syscalls: Option<(u64, u64)>,
    /// Operations of the two runs under memcheck; in the full suite only.
    pub allocations: Option<(u64, u64)>,
}

/// What a case does.
#[derive(Debug, Clone)]
pub enum Plan {
    /// A server, and the load generator.
    Serve(Serve),
    /// A workload that drives itself.
    Drive {
        /// The workload.
        workload: Workload,
        /// Operations in a round.
        count: u64,
        /// Further arguments of the peer.
        arguments: &'static [&'static str],
    },
    /// A cold release build of a program with the same features; one round.
    Build,
}

/// A server, and what is sent to it.
#[derive(Debug, Clone)]
pub struct Serve {
    /// The server's workload.
    pub workload: Workload,
    /// Further arguments of the peer.
    pub arguments: &'static [&'static str],
    /// The words after `minato-bench load ADDR`.
    pub load: String,
    /// What is behind a relay.
    pub behind: Option<Behind>,
    /// An open loop at this share of what the slowest peer can do, which is measured first.
    pub level: Option<f64>,
    /// Measure at least as many seconds.
    pub at_least: f64,
}

/// What is behind a relay. It runs beside the load generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// The bare epoll loop's echo.
    Echo,
    /// What takes all bytes.
    Sink,
}

/// All single-threaded peers, ourselves twice, and the limits.
pub const SINGLE: &[&str] = &[
    "raw-epoll",
    "raw-uring",
    "minato",
    "minato-again",
    "minato-multi",
    "tokio",
    "tokio-multi",
    "smol",
    "monoio",
    "monoio-defer",
    "compio",
    "compio-defer",
];

/// As [`SINGLE`], without the bare loops, which have no tasks and no timers.
pub const DRIVEN_PEERS: &[&str] = &[
    "minato",
    "minato-again",
    "minato-multi",
    "tokio",
    "tokio-multi",
    "smol",
    "monoio",
    "monoio-defer",
    "compio",
    "compio-defer",
];

/// Those that use several workers.
pub const SEVERAL: &[&str] =
    &["raw-epoll", "minato-multi", "minato-multi-again", "tokio-multi", "smol-multi"];

impl Case {
    /// A server with one worker under this load.
    pub fn serve(name: impl Into<String>, workload: Workload, load: impl Into<String>) -> Case {
        let load = load.into();
        let serve =
            Serve { workload, arguments: &[], load, behind: None, level: None, at_least: 0.0 };
        let plan = Plan::Serve(serve);
        Case::new(name, plan, SERVER)
    }

    /// A workload that drives itself.
    pub fn drive(name: impl Into<String>, workload: Workload, count: u64) -> Case {
        Case::new(name, Plan::Drive { workload, count, arguments: &[] }, DRIVEN)
    }

    /// A case of this plan with one worker and the usual peers.
    pub fn new(name: impl Into<String>, plan: Plan, metrics: &'static [Metric]) -> Case {
        Case {
            name: name.into(),
            plan,
            slices: None,
            workers: 1,
            peers: SINGLE.to_vec(),
            subject: "minato",
            metrics,
            counts: Counts::default(),
            quick: false,
        }
    }

    /// Also in the quick suite.
    pub fn quick(mut self) -> Case {
        self.quick = true;
        self
    }

    /// With several workers, not pinned.
    pub fn several(mut self, workers: usize) -> Case {
        self.workers = workers;
        self.peers = SEVERAL.to_vec();
        self.subject = "minato-multi";
        self
    }

    /// With these peers.
    pub fn peers(mut self, peers: &[&'static str]) -> Case {
        self.peers = peers.to_vec();
        self
    }

    /// Compares this peer with the others.
    pub fn subject(mut self, subject: &'static str) -> Case {
        self.subject = subject;
        self
    }

    /// With one peer more.
    pub fn and(mut self, peer: &'static str) -> Case {
        self.peers.push(peer);
        self
    }

    /// Shows these metrics.
    pub fn metrics(mut self, metrics: &'static [Metric]) -> Case {
        self.metrics = metrics;
        self
    }

    /// Counts instructions, system calls, or allocations too.
    pub fn counts(mut self, counts: Counts) -> Case {
        self.counts = counts;
        self
    }

    /// With all peers alive, loaded in turns.
    pub fn alternating(mut self, slices: Slices) -> Case {
        self.slices = Some(slices);
        self.metrics = ALTERNATING;
        self
    }

    /// With further arguments for the peer.
    pub fn arguments(mut self, words: &'static [&'static str]) -> Case {
        match &mut self.plan {
            Plan::Serve(Serve { arguments, .. }) | Plan::Drive { arguments, .. } => {
                *arguments = words;
            }
            Plan::Build => {}
        }
        self
    }

    /// With changes to how the server is loaded.
    pub fn with(mut self, change: impl FnOnce(&mut Serve)) -> Case {
        if let Plan::Serve(serve) = &mut self.plan {
            change(serve);
        }
        self
    }
}

/// What is shown of peers that alternate.
pub const ALTERNATING: &[Metric] =
    &[Metric::Cpu, Metric::Instructions, Metric::Syscalls, Metric::Allocations];

/// What is shown of a server that is measured in rounds.
pub const SERVER: &[Metric] = &[
    Metric::Cpu,
    Metric::Rate,
    Metric::P50,
    Metric::P99,
    Metric::P999,
    Metric::Max,
    Metric::Switches,
];

/// What is shown of what drives itself in rounds.
pub const DRIVEN: &[Metric] = &[Metric::Cpu, Metric::Time];
