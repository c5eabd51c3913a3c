//! All measurements, each in a process of its own, beside their targets.

use std::io;
use std::process::{Command, ExitCode};

/// What a figure must be.
#[derive(Clone, Copy)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// It is shown only.
    None,
}

use Target::{AtLeast, AtMost};

/// The arguments of each measurement, and its target.
const LINES: [(&str, Target); 15] = [
    ("pairs 1 --rounds 300000", AtLeast(300_000.0)),
    ("pairs 10 --rounds 30000", AtLeast(300_000.0)),
    ("pairs 100 --rounds 3000", AtLeast(300_000.0)),
    ("pairs 100 --rounds 3000 --idle 1000", AtLeast(300_000.0)),
    ("timers 10", AtLeast(2_000_000.0)),
    ("timers 1000 --times 8640", AtLeast(2_000_000.0)),
    ("year 10", AtMost(0.01)),
    ("hosts 2000", AtMost(16384.0)),
    ("connections 5000", AtMost(4096.0)),
    ("leaks 2000", AtMost(262_144.0)),
    ("descriptors 2000", AtMost(0.0)),
    ("datagrams 10 --rounds 30000", Target::None),
    ("bulk 4096", Target::None),
    ("connects 100000", Target::None),
    ("worlds 100000", Target::None),
];

impl Target {
    fn is_met(self, value: f64) -> bool {
        match self {
            Target::AtLeast(least) => value >= least,
            Target::AtMost(most) => value <= most,
            Target::None => true,
        }
    }

    fn text(self, value: f64) -> String {
        let verdict = if self.is_met(value) { "met" } else { "MISSED" };
        match self {
            Target::AtLeast(least) => format!("at least {least}: {verdict}"),
            Target::AtMost(most) => format!("at most {most}: {verdict}"),
            Target::None => String::new(),
        }
    }
}

/// Runs a program and returns the number and the words that it prints.
pub(crate) fn figure(command: &mut Command) -> io::Result<(f64, String)> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.trim();
    let value = line.split(' ').next().and_then(|word| word.parse().ok());
    let failure = || {
        let problem = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("it printed no figure, but: {line}{problem}"))
    };
    let value = value.filter(|_| output.status.success()).ok_or_else(failure)?;
    Ok((value, line.split_once(' ').map_or("", |(_, unit)| unit).to_owned()))
}

pub(crate) fn run() -> io::Result<ExitCode> {
    let program = std::env::current_exe()?;
    let mut is_met = true;
    for (arguments, target) in LINES {
        let (value, unit) = figure(Command::new(&program).args(arguments.split(' ')))?;
        is_met &= target.is_met(value);
        println!("{arguments:<36} {value:>12} {unit:<28} {}", target.text(value));
    }
    Ok(if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
