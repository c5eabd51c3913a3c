//! Where the suite runs, and what it compares: processor, kernel, versions, stolen time.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The crates whose versions are told.
const CRATES: [&str; 12] = [
    "minato",
    "mio",
    "tokio",
    "smol",
    "async-io",
    "async-executor",
    "monoio",
    "compio",
    "compio-driver",
    "quinn-udp",
    "io-uring",
    "polling",
];

/// The programs that count instructions and system calls. Without them the suite shows `-`.
pub const TOOLS: [&str; 2] = ["valgrind", "strace"];

/// The conditions of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// The model of the processor.
    pub processor: String,
    /// How many of them we may use.
    pub processors: usize,
    /// The kernel's release.
    pub kernel: String,
    /// Whether a hypervisor is below.
    pub virtual_machine: bool,
    /// The compiler.
    pub rustc: String,
    /// Crates and their versions.
    pub versions: Vec<(String, String)>,
    /// The commit that is measured, if git tells.
    pub commit: String,
    /// Programs that count: valgrind, strace.
    pub tools: Vec<String>,
}

impl Machine {
    /// This machine, and the lock file in `root`.
    pub fn here(root: &Path) -> Machine {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown").to_string()
        };
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Machine {
            processor: field("model name"),
            processors: super::process::processors().len(),
            kernel: release.trim().to_string(),
            virtual_machine: field("flags").split(' ').any(|flag| flag == "hypervisor"),
            rustc: said("rustc", &["--version"], root),
            versions: versions(&lock),
            commit: said("git", &["describe", "--always", "--dirty"], root),
            tools: TOOLS.map(|tool| said(tool, &["--version"], root)).to_vec(),
        }
    }
}

/// The first line that a program prints, or nothing if it is not there.
fn said(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_string()
}

/// Whether a program of [`TOOLS`] can be run.
pub fn has_tool(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The versions of [`CRATES`] in a lock file; a crate may be there in several.
fn versions(lock: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim_matches(['=', ' ', '"']).to_string())
        };
        let (Some(name), Some(version)) = (value("name"), value("version")) else { continue };
        if CRATES.contains(&name.as_str()) {
            found.push((name, version));
        }
    }
    found
}

/// The time that all processors have had so far, and what of it was stolen by the hypervisor, in
/// ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stolen {
    all: u64,
    stolen: u64,
}

impl Stolen {
    /// So far.
    pub fn now() -> Stolen {
        Stolen::in_text(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// From the line `cpu user nice system idle iowait irq softirq steal ..`; guest time, which
    /// follows, is counted in user time already.
    fn in_text(stat: &str) -> Stolen {
        let line = stat.lines().next().unwrap_or_default();
        let ticks = line.split_whitespace().skip(1).take(8);
        let ticks: Vec<u64> = ticks.filter_map(|ticks| ticks.parse().ok()).collect();
        Stolen { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or(0) }
    }

    /// The share that was stolen since `before`.
    pub fn share_since(self, before: Stolen) -> f64 {
        let all = self.all.saturating_sub(before.all);
        if all == 0 {
            return 0.0;
        }
        self.stolen.saturating_sub(before.stolen) as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock = "[[package]]\nname = \"mio\"\nversion = \"1.2.3\"\n\n\
                    [[package]]\nname = \"other\"\nversion = \"9.0.0\"\n";
        assert_eq!(versions(lock), [("mio".to_string(), "1.2.3".to_string())]);
        assert!(versions("").is_empty());
    }

    #[test]
    fn the_stolen_share_is_of_all_time() {
        let before = Stolen::in_text("cpu  10 0 10 70 0 0 0 10 5 0\ncpu0 1 1 1 1\n");
        assert_eq!(before, Stolen { all: 100, stolen: 10 });
        let after = Stolen::in_text("cpu  50 0 30 100 0 0 0 20 9 0\n");
        assert_eq!(after.share_since(before), 0.1);
        assert_eq!(before.share_since(before), 0.0);
        assert!(Stolen::now().all > 0);
    }

    #[test]
    fn this_machine_tells_its_kernel() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let machine = Machine::here(&root);
        assert!(!machine.kernel.is_empty());
        assert!(machine.processors > 0);
        assert!(machine.versions.iter().any(|(name, _)| name == "tokio"));
    }
}
