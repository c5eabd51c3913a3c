//! The command line of a peer.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The exit code of a peer that lacks what is asked for.
pub const LACKS: i32 = 3;

/// What a peer is asked to do; see [the module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Workload {
    /// Write back what is read.
    Echo,
    /// Echo with a buffer that is lent for each read.
    EchoLent,
    /// Accept, echo once, close.
    Churn,
    /// Echo with a small buffer.
    Idle,
    /// Echo, where some requests block their thread.
    Blocked,
    /// Copy both ways to a target.
    Relay,
    /// Send datagrams back.
    UdpEcho,
    /// Count datagrams.
    UdpSink,
    /// Spawn a task and await it.
    SpawnJoin,
    /// Go through the runtime's yield.
    Yield,
    /// Be woken by another thread and answer.
    WakeAcross,
    /// The same, beside a task that blocks its worker.
    WakeBesideBlocked,
    /// Receive what several threads send to one task.
    WakeManyToOne,
    /// Poll a timer once, and drop it.
    TimerInsertCancel,
    /// Await timers to their end.
    TimerExpire,
    /// Move timers that wait.
    TimerReset,
    /// Say that this thread may block.
    BlockInPlace,
    /// Wait for a future in a task, after saying so.
    NestedBlockOn,
    /// The same without saying so.
    NestedBlockOnDirect,
}

impl Workload {
    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
    }

    /// Whether it serves until its input ends, rather than driving itself.
    pub fn is_server(self) -> bool {
        matches!(
            self,
            Workload::Echo
                | Workload::EchoLent
                | Workload::Churn
                | Workload::Idle
                | Workload::Blocked
                | Workload::Relay
                | Workload::UdpEcho
                | Workload::UdpSink
        )
    }
}

/// The command line of a peer; see [the module](super).
#[derive(Debug, Clone, Parser)]
#[command(about = "One of the peers that minato-bench compares; it is started by minato-bench")]
pub struct PeerCommand {
    /// How the runtime is configured
    pub variant: String,
    /// What to do
    #[arg(value_enum)]
    pub workload: Workload,
    /// Worker threads of the runtime, or sending threads [default: 1; wake-many-to-one: 4;
    /// wake-beside-blocked: 2]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Bytes of a message, where the workload needs to know
    #[arg(long, value_name = "BYTES", default_value_t = 64)]
    pub size: usize,
    /// Operations to do, for the workloads that drive themselves
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub count: u64,
    /// Do N operations for each line `go N` of standard input, and answer `done N NANOSECONDS`
    /// with their CPU time
    #[arg(long)]
    pub on_demand: bool,
    /// Spin for a while before a worker parks
    #[arg(long)]
    pub spin: bool,
    /// Receive and send datagrams in bulk
    #[arg(long)]
    pub batch: bool,
    /// Where a relay connects to
    #[arg(long, value_name = "ADDRESS")]
    target: Option<SocketAddr>,
    /// Where a server listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// How long a blocking request sleeps, in milliseconds
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1000)]
    block_ms: u64,
}

impl PeerCommand {
    /// Does what the command line of this process says, by `serve`. Also raises the limit of open
    /// files.
    ///
    /// Ends the process with a message if it is not understood or the variant is not one of
    /// `variants`. An error of `serve` becomes a message, too.
    pub fn run(variants: &[&str], serve: impl FnOnce(&PeerCommand) -> io::Result<()>) -> ExitCode {
        let command = PeerCommand::parse();
        if let Err(what) = command.check(variants) {
            eprintln!("error: {what}");
            return ExitCode::from(2);
        }
        raise_file_limit();
        match serve(&command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// What only the peer knows of the command line, and what two options have to do with each
    /// other.
    fn check(&self, variants: &[&str]) -> Result<(), String> {
        if !variants.contains(&self.variant.as_str()) {
            let known = variants.join(", ");
            return Err(format!("there is no variant `{}`; this peer has {known}", self.variant));
        }
        if self.on_demand && self.workload.is_server() {
            let name = self.workload.name();
            return Err(format!("{name} is driven from outside, and not by --on-demand"));
        }
        if self.workload == Workload::WakeBesideBlocked && self.workers() < 2 {
            return Err("wake-beside-blocked needs --workers 2 or more".to_string());
        }
        Ok(())
    }

    /// Threads to use: those asked for, else one, four for `wake-many-to-one` and two for
    /// `wake-beside-blocked`.
    pub fn workers(&self) -> usize {
        let usual = match self.workload {
            Workload::WakeManyToOne => 4,
            Workload::WakeBesideBlocked => 2,
            _ => 1,
        };
        self.workers.unwrap_or(usual).max(1)
    }

    /// Threads of the runtime: as [`PeerCommand::workers`], except that those of
    /// `wake-many-to-one` are plain threads beside it.
    pub fn runtime_workers(&self) -> usize {
        if self.workload == Workload::WakeManyToOne { 1 } else { self.workers() }
    }

    /// Where to relay to.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the command line has no `--target`.
    pub fn target(&self) -> io::Result<SocketAddr> {
        self.target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the relay needs --target ADDRESS")
        })
    }

    /// How long a blocking request sleeps.
    pub fn block(&self) -> Duration {
        Duration::from_millis(self.block_ms)
    }
}

/// Ends the process as a peer that lacks `what`, with the code [`LACKS`].
pub fn lacks(what: &str) -> ! {
    eprintln!("this peer lacks {what}");
    std::process::exit(LACKS);
}

/// Opens as many files as the system allows. What it allows may not be enough; then the connections
/// beyond it fail, and say so.
pub(crate) fn raise_file_limit() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_understood() {
        let words = ["peer", "multi", "timer-insert-cancel", "--workers", "2", "--count", "9"];
        let command = PeerCommand::try_parse_from(words).unwrap();
        assert_eq!(command.variant, "multi");
        assert_eq!(command.workload, Workload::TimerInsertCancel);
        assert_eq!((command.workers(), command.count), (2, 9));
        assert!(!command.spin && !command.batch);
        assert!(command.target().is_err());
    }

    #[test]
    fn many_to_one_has_four_senders() {
        let command = PeerCommand::try_parse_from(["peer", "x", "wake-many-to-one"]).unwrap();
        assert_eq!((command.workers(), command.runtime_workers()), (4, 1));
        let command = PeerCommand::try_parse_from(["peer", "x", "yield"]).unwrap();
        assert_eq!(command.workers(), 1);
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [&["peer", "x"][..], &["peer", "x", "fly"], &["peer", "x", "echo", "--size"]] {
            assert!(PeerCommand::try_parse_from(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let check =
            |words: &str| PeerCommand::try_parse_from(words.split(' ')).unwrap().check(&["x", "y"]);
        assert!(check("peer z echo").unwrap_err().contains("there is no variant `z`"));
        assert!(check("peer x echo --on-demand").unwrap_err().starts_with("echo is driven"));
        let alone = check("peer x wake-beside-blocked --workers 1");
        assert!(alone.unwrap_err().contains("--workers 2"));
        for words in ["peer y echo", "peer x yield --on-demand", "peer x wake-beside-blocked"] {
            assert_eq!(check(words), Ok(()));
        }
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for workload in Workload::value_variants() {
            let parsed = Workload::from_str(&workload.name(), false).unwrap();
            assert_eq!(parsed, *workload);
        }
        assert_eq!(Workload::WakeManyToOne.name(), "wake-many-to-one");
    }
}
