//! The same workloads on other simulators, which are workspaces of their own in `rivals/`: they
//! have no part in the lock file of this repository, and nothing but this builds them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::suite::figure;

const RIVALS: [&str; 2] = ["turmoil", "madsim"];

/// The arguments of a rival's program, and what they are called here.
const LINES: [(&str, &str); 6] = [
    ("pairs 1 30000", "TCP rounds a second, 1 pair"),
    ("pairs 10 3000", "TCP rounds a second, 10 pairs"),
    ("pairs 100 300", "TCP rounds a second, 100 pairs"),
    ("timers 10 3000", "timers a second, 10 hosts"),
    ("idle 10 60", "virtual seconds a second, 10 idle hosts"),
    ("worlds 1000 1", "fresh simulations a second"),
];

/// Builds a rival, and returns its program.
fn build(name: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals").join(name);
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/rivals").join(name);
    // The folder's own configuration counts only for a cargo that is started in it.
    let mut cargo = Command::new("cargo");
    let output = cargo
        .args(["build", "--quiet", "--release", "--target-dir"])
        .arg(&target)
        .current_dir(folder)
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(target.join("release").join(format!("rival-{name}"))),
        false => {
            let text = String::from_utf8_lossy(&output.stderr);
            Err(text.lines().find(|line| line.starts_with("error")).unwrap_or("?").to_owned())
        }
    }
}

pub(crate) fn run() -> io::Result<ExitCode> {
    for name in RIVALS {
        let program = match build(name) {
            Ok(program) => program,
            Err(problem) => {
                println!("{name}: not built: {problem}");
                continue;
            }
        };
        for (arguments, unit) in LINES {
            match figure(Command::new(&program).args(arguments.split(' '))) {
                Ok((amount, seconds)) => {
                    let seconds: f64 = seconds.parse().map_err(io::Error::other)?;
                    println!("{name:<8} {:>12.0} {unit}", amount / seconds);
                }
                Err(problem) => println!("{name:<8} {:>12} {unit}: {problem}", "-"),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
