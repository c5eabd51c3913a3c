//! What is measured.

use serde::{Deserialize, Serialize};

/// A quantity, always per operation or per something, so that runs of any length compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// CPU time of the server, or of the process that drives itself.
    Cpu,
    /// User-mode instructions, counted by callgrind.
    Instructions,
    /// System calls, counted by strace.
    Syscalls,
    /// Heap allocations, counted by memcheck.
    Allocations,
    /// Voluntary context switches of the server.
    Switches,
    /// Time on the wall, of what drives itself.
    Time,
    /// Operations a second.
    Rate,
    /// Half of the requests were answered within it.
    P50,
    /// 99 of 100 were.
    P99,
    /// 999 of 1,000 were.
    P999,
    /// All were.
    Max,
    /// CPU time of the relay for a gigabyte.
    CpuPerGigabyte,
    /// Bytes a second through the relay.
    Bandwidth,
    /// Resident memory that an idle connection adds.
    Memory,
    /// CPU time a second while nothing happens.
    Rest,
    /// Share of the datagrams that were sent and not received.
    Lost,
    /// Time of a cold build.
    Build,
    /// Crates of third parties in that build.
    Crates,
}

/// How [`Metric::text`] writes a value.
const PREFIXES: [(f64, &str); 3] = [(1e9, "G"), (1e6, "M"), (1e3, "k")];

impl Metric {
    /// Its name in a table.
    pub fn title(self) -> &'static str {
        match self {
            Metric::Cpu => "CPU/op",
            Metric::Instructions => "instr/op",
            Metric::Syscalls => "syscalls/op",
            Metric::Allocations => "allocs/op",
            Metric::Switches => "switches/op",
            Metric::Time => "time/op",
            Metric::Rate => "ops/s",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
            Metric::P999 => "p99.9",
            Metric::Max => "max",
            Metric::CpuPerGigabyte => "CPU/GB",
            Metric::Bandwidth => "bytes/s",
            Metric::Memory => "memory/conn",
            Metric::Rest => "CPU at rest",
            Metric::Lost => "lost",
            Metric::Build => "cold build",
            Metric::Crates => "crates",
        }
    }

    /// Its unit in the JSON.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::Cpu | Metric::Time => "ns/operation",
            Metric::Instructions | Metric::Syscalls | Metric::Allocations | Metric::Switches => {
                "1/operation"
            }
            Metric::Rate => "operations/s",
            Metric::P50 | Metric::P99 | Metric::P999 | Metric::Max => "us",
            Metric::CpuPerGigabyte => "s/GB",
            Metric::Bandwidth => "bytes/s",
            Metric::Memory => "bytes/connection",
            Metric::Rest => "us/s",
            Metric::Lost => "share",
            Metric::Build => "s",
            Metric::Crates => "1",
        }
    }

    /// Whether less of it is better.
    pub fn less_is_better(self) -> bool {
        !matches!(self, Metric::Rate | Metric::Bandwidth)
    }

    /// Whether it is counted rather than timed, so that few rounds are enough.
    pub fn is_count(self) -> bool {
        matches!(
            self,
            Metric::Instructions | Metric::Syscalls | Metric::Allocations | Metric::Crates
        )
    }

    /// A value with its unit, as tables show it.
    pub fn text(self, value: f64) -> String {
        match self {
            Metric::Cpu | Metric::Time => duration(value),
            Metric::P50 | Metric::P99 | Metric::P999 | Metric::Max => duration(value * 1e3),
            Metric::Rest => duration(value * 1e3) + "/s",
            Metric::CpuPerGigabyte => format!("{value:.3} s"),
            Metric::Build => format!("{value:.1} s"),
            Metric::Instructions => format!("{value:.0}"),
            Metric::Crates => format!("{value:.0}"),
            Metric::Syscalls | Metric::Allocations => format!("{value:.2}"),
            Metric::Switches => format!("{value:.3}"),
            Metric::Lost => format!("{:.1}%", value * 100.0),
            Metric::Memory => format!("{value:.0} B"),
            Metric::Rate | Metric::Bandwidth => scaled(value),
        }
    }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        value if value >= 1e9 => format!("{:.2} s", value / 1e9),
        value if value >= 1e6 => format!("{:.2} ms", value / 1e6),
        value if value >= 1e3 => format!("{:.2} us", value / 1e3),
        value => format!("{value:.0} ns"),
    }
}

fn scaled(value: f64) -> String {
    for (factor, prefix) in PREFIXES {
        if value >= factor {
            return format!("{:.2} {prefix}", value / factor);
        }
    }
    format!("{value:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_fitting_units() {
        assert_eq!(Metric::Cpu.text(5432.0), "5.43 us");
        assert_eq!(Metric::Cpu.text(98.7), "99 ns");
        assert_eq!(Metric::P99.text(1500.0), "1.50 ms");
        assert_eq!(Metric::Max.text(1.1e6), "1.10 s");
        assert_eq!(Metric::Rate.text(123_456.0), "123.46 k");
        assert_eq!(Metric::Rate.text(12.0), "12");
        assert_eq!(Metric::Lost.text(0.125), "12.5%");
    }
}
