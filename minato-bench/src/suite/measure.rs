//! One run of one peer: start it, load it, and turn what was seen into figures.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::load::Figures;
use crate::peer::Workload;
use crate::suite::case::{Behind, Case, Plan, Serve};
use crate::suite::metric::Metric;
use crate::suite::options::{Settings, Suite};
use crate::suite::peers::{self, Peer};
use crate::suite::process::{Program, Trouble, processors};

/// How long a process may take to say that it is there.
pub(crate) const START: Duration = Duration::from_secs(20);

/// How long a run may take beyond what it is to take.
const LONGER: Duration = Duration::from_secs(40);

/// What a run has shown.
pub(crate) type Measured = Vec<(Metric, f64)>;

/// Starts the peers.
pub(crate) struct Bench {
    pub(crate) settings: Settings,
    /// Where the binaries are.
    folder: PathBuf,
    /// The processors of the server and of the load, if there are two.
    pub(crate) server: Option<usize>,
    pub(crate) client: Option<usize>,
    /// What the slowest peer can do under a load.
    peaks: Mutex<BTreeMap<String, f64>>,
}

impl Bench {
    /// With the binaries beside this program.
    pub(crate) fn new(settings: Settings) -> std::io::Result<Bench> {
        let mut folder = std::env::current_exe()?;
        folder.pop();
        let (server, client) = match processors()[..] {
            [server, client, ..] => (Some(server), Some(client)),
            _ => (None, None),
        };
        Ok(Bench { settings, folder, server, client, peaks: Mutex::default() })
    }

    /// Measures a peer once.
    pub(crate) fn measure(&self, case: &Case, peer: &Peer) -> Result<Measured, Trouble> {
        match &case.plan {
            Plan::Serve(serve) => {
                let rate = match serve.level {
                    Some(level) => Some(level * self.peak(case, serve)?),
                    None => None,
                };
                self.serve(case, serve, peer, rate)
            }
            Plan::Drive { workload, count, arguments } => {
                let count = (count / self.settings.divisor).max(1);
                let mut command = self.peer(peer, *workload, arguments, case.workers);
                command.args(["--count", &count.to_string()]);
                let mut program = Program::start(&mut command, self.pinned(case, self.server))?;
                let (lines, _) = program.output(LONGER)?;
                driven(&lines).ok_or_else(|| said_nothing(peer, &lines))
            }
            Plan::Build => crate::suite::cold_build::measure(peer),
        }
    }

    /// The command that runs a peer.
    pub(crate) fn peer(
        &self,
        peer: &Peer,
        workload: Workload,
        arguments: &[&str],
        workers: usize,
    ) -> Command {
        let mut command = Command::new(self.folder.join(format!("peer-{}", peer.family)));
        let workload = if peer.lent { Workload::EchoLent } else { workload };
        command.args([peer.variant, &workload.name()]).args(peer.arguments).args(arguments);
        if workers > 1 {
            command.args(["--workers", &workers.to_string()]);
        }
        command
    }

    /// The command that runs a part of this program in a process of its own.
    pub(crate) fn program(&self, part: &str) -> Command {
        let mut command = Command::new(self.folder.join("minato-bench"));
        command.arg(part);
        command
    }

    /// The load generator on a processor.
    pub(crate) fn load(&self, words: &str, on: Option<usize>) -> Result<Program, Trouble> {
        let mut command = self.program("load");
        command.args(words.split_whitespace()).arg("--json");
        Program::start(&mut command, on)
    }

    /// What a relay relays to, and its address. It may share its processor with what is measured.
    pub(crate) fn behind(
        &self,
        serve: &Serve,
        on: Option<usize>,
        shared: bool,
    ) -> Result<Option<(Program, String)>, Trouble> {
        let mut command = match serve.behind {
            None => return Ok(None),
            Some(Behind::Sink) => self.program("sink"),
            Some(Behind::Echo) => {
                let epoll = peers::find("raw-epoll")
                    .ok_or_else(|| Trouble::Failed("there is no raw-epoll".to_string()))?;
                self.peer(epoll, Workload::Echo, &[], 1)
            }
        };
        let start = if shared { Program::start_in_batch } else { Program::start };
        let mut program = start(&mut command, on)?;
        let address = program.address(START)?;
        Ok(Some((program, address)))
    }

    /// The processor, unless the case is not pinned.
    fn pinned(&self, case: &Case, processor: Option<usize>) -> Option<usize> {
        processor.filter(|_| case.workers == 1)
    }

    /// Requests a second that the slowest peer of the case answers in a closed loop.
    fn peak(&self, case: &Case, serve: &Serve) -> Result<f64, Trouble> {
        let mut peaks = self.peaks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(peak) = peaks.get(&serve.load) {
            return Ok(*peak);
        }
        let mut slowest: Option<f64> = None;
        for peer in case.peers.iter().filter_map(|name| peers::find(name)) {
            let measured = match self.serve(case, serve, peer, None) {
                Ok(measured) => measured,
                Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
                Err(_) => continue,
            };
            let rate = measured.iter().find(|(metric, _)| *metric == Metric::Rate);
            if let Some((_, rate)) = rate {
                slowest = Some(slowest.map_or(*rate, |slowest| slowest.min(*rate)));
            }
        }
        let peak = slowest.ok_or_else(|| Trouble::Failed("no peer has a peak".to_string()))?;
        peaks.insert(serve.load.clone(), peak);
        Ok(peak)
    }

    fn serve(
        &self,
        case: &Case,
        serve: &Serve,
        peer: &Peer,
        rate: Option<f64>,
    ) -> Result<Measured, Trouble> {
        let behind = self.behind(serve, self.pinned(case, self.client), false)?;
        let mut command = self.peer(peer, serve.workload, serve.arguments, case.workers);
        if let Some((_, address)) = &behind {
            command.args(["--target", address]);
        }
        let mut server = Program::start(&mut command, self.pinned(case, self.server))?;
        let address = server.address(START)?;
        let warm_up = self.settings.warm_up;
        let mut seconds = self.settings.seconds;
        if self.settings.suite != Suite::Smoke {
            seconds = seconds.max(Duration::from_secs_f64(serve.at_least));
        }
        let mut words = format!(
            "{address} {} --seconds {} --warm-up {} --pid {}",
            serve.load,
            seconds.as_secs_f64(),
            warm_up.as_secs_f64(),
            server.pid()
        );
        if let Some(rate) = rate {
            words += &format!(" --rate {rate}");
        }
        let (lines, _) =
            self.load(&words, self.pinned(case, self.client))?.output(LONGER + seconds)?;
        let line = lines.last().map(String::as_str).unwrap_or_default();
        let figures: Figures = serde_json::from_str(line)
            .map_err(|error| Trouble::Failed(format!("the load said `{line}`: {error}")))?;
        let (lines, _) = server.finish(LONGER)?;
        let measured = match serve.workload {
            Workload::UdpSink => received(&lines).map(|datagrams| sunk(&figures, datagrams)),
            _ if serve.behind == Some(Behind::Sink) => Some(relayed(&figures)),
            _ => Some(served(&figures)),
        };
        measured.ok_or_else(|| said_nothing(peer, &lines))
    }
}

fn said_nothing(peer: &Peer, lines: &[String]) -> Trouble {
    let line = lines.last().map(String::as_str).unwrap_or_default();
    Trouble::Failed(format!("{} said `{line}`", peer.name))
}

/// Figures of a server that answers.
fn served(figures: &Figures) -> Measured {
    let operations = figures.operations.max(1) as f64;
    let mut measured = vec![(Metric::Rate, operations * 1e9 / figures.nanoseconds as f64)];
    if let Some(latency) = &figures.latency {
        let percentiles =
            [(50.0, Metric::P50), (99.0, Metric::P99), (99.9, Metric::P999), (100.0, Metric::Max)];
        for (percentile, metric) in percentiles {
            measured.extend(latency.at(percentile).map(|value| (metric, value)));
        }
    }
    if let Some(server) = &figures.server {
        measured.push((Metric::Cpu, server.cpu_nanoseconds as f64 / operations));
        measured.push((Metric::Switches, server.voluntary_switches as f64 / operations));
        measured.extend(server.bytes_per_idle.map(|bytes| (Metric::Memory, bytes)));
        let rest = server.rest_nanoseconds_per_second;
        measured.extend(rest.map(|nanoseconds| (Metric::Rest, nanoseconds / 1e3)));
    }
    measured
}

/// Figures of a relay under a bulk load.
fn relayed(figures: &Figures) -> Measured {
    let bytes = figures.operations.max(1) as f64;
    let mut measured = vec![(Metric::Bandwidth, bytes * 1e9 / figures.nanoseconds as f64)];
    if let Some(server) = &figures.server {
        // Nanoseconds a byte are seconds a gigabyte.
        measured.push((Metric::CpuPerGigabyte, server.cpu_nanoseconds as f64 / bytes));
    }
    measured
}

/// Figures of a receiver that sends no answers.
fn sunk(figures: &Figures, datagrams: u64) -> Measured {
    let each = datagrams.max(1) as f64;
    let mut measured = vec![
        (Metric::Rate, each * 1e9 / figures.nanoseconds as f64),
        (Metric::Lost, 1.0 - datagrams as f64 / figures.operations.max(1) as f64),
    ];
    if let Some(server) = &figures.server {
        measured.push((Metric::Cpu, server.cpu_nanoseconds as f64 / each));
        measured.push((Metric::Switches, server.voluntary_switches as f64 / each));
    }
    measured
}

/// The number in the line `received N`.
fn received(lines: &[String]) -> Option<u64> {
    lines.iter().find_map(|line| line.strip_prefix("received "))?.parse().ok()
}

/// Figures in the line `operations N nanoseconds T cpu C`.
fn driven(lines: &[String]) -> Option<Measured> {
    let line = lines.iter().find(|line| line.starts_with("operations "))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, operations, "nanoseconds", time, "cpu", cpu] = words[..] else { return None };
    let operations = operations.parse::<f64>().ok().filter(|operations| *operations > 0.0)?;
    let (time, cpu): (f64, f64) = (time.parse().ok()?, cpu.parse().ok()?);
    Some(vec![
        (Metric::Time, time / operations),
        (Metric::Cpu, cpu / operations),
        (Metric::Rate, operations * 1e9 / time),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ServerFigures;

    fn value(measured: &Measured, wanted: Metric) -> f64 {
        measured.iter().find(|(metric, _)| *metric == wanted).unwrap().1
    }

    fn figures() -> Figures {
        Figures {
            operations: 1000,
            nanoseconds: 500_000_000,
            unanswered: 0,
            latency: None,
            server: Some(ServerFigures {
                cpu_nanoseconds: 2_000_000,
                voluntary_switches: 10,
                bytes_per_idle: Some(100.0),
                rest_nanoseconds_per_second: Some(2000.0),
            }),
        }
    }

    #[test]
    fn figures_are_per_operation() {
        let measured = served(&figures());
        assert_eq!(value(&measured, Metric::Rate), 2000.0);
        assert_eq!(value(&measured, Metric::Cpu), 2000.0);
        assert_eq!(value(&measured, Metric::Switches), 0.01);
        assert_eq!(value(&measured, Metric::Rest), 2.0);
        assert_eq!(value(&relayed(&figures()), Metric::CpuPerGigabyte), 2000.0);
    }

    #[test]
    fn only_what_was_received_counts() {
        let measured = sunk(&figures(), 500);
        assert_eq!(value(&measured, Metric::Lost), 0.5);
        assert_eq!(value(&measured, Metric::Cpu), 4000.0);
        assert_eq!(received(&["x".to_string(), "received 12".to_string()]), Some(12));
        assert_eq!(received(&["received twelve".to_string()]), None);
    }

    #[test]
    fn the_line_of_a_driven_workload_is_understood() {
        let measured = driven(&["operations 10 nanoseconds 500 cpu 400".to_string()]).unwrap();
        assert_eq!(value(&measured, Metric::Time), 50.0);
        assert_eq!(value(&measured, Metric::Cpu), 40.0);
        for line in ["operations 0 nanoseconds 1 cpu 1", "operations 1 nanoseconds 1", "done"] {
            assert_eq!(driven(&[line.to_string()]), None, "{line}");
        }
    }
}
