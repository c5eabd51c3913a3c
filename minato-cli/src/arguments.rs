//! The program's arguments.

use std::ffi::OsString;
use std::num::NonZero;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, value_parser};

use crate::endpoint::Endpoint;

/// Async network I/O, shown at work.
///
/// Without a command this is the tour: it starts a TCP echo by the future API, one by the poll API,
/// a UDP echo and a proxy on free loopback ports, drives each with 64 clients, checks every byte,
/// and prints how fast it went. It ends by itself, with exit code 1 if anything went wrong.
#[derive(Debug, Parser)]
#[command(
    name = "minato",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
        minato                                     the tour, about 10 seconds\n  \
        minato --seconds 2 --seed 7                a shorter one, with other bytes\n  \
        minato echo 127.0.0.1:7000                 echo over TCP and UDP until Ctrl-C\n  \
        minato proxy 127.0.0.1:8000 example:80     relay to another server until Ctrl-C\n  \
        minato sim                                 sweep the simulated tests of the package here"
)]
pub(crate) struct Arguments {
    /// What to do instead of the tour.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) tour: TourOptions,

    /// How many worker threads run the tasks. The default is one per processor.
    #[arg(long, global = true, value_name = "N", value_parser = value_parser!(u16).range(1..=512))]
    pub(crate) workers: Option<u16>,
}

/// Options of the tour.
#[derive(Args, Debug)]
pub(crate) struct TourOptions {
    /// How many seconds the tour takes, all services together.
    #[arg(
        long,
        value_name = "N",
        default_value = "8",
        value_parser = value_parser!(u16).range(1..=3600)
    )]
    pub(crate) seconds: u16,

    /// The seed of the requests' sizes and bytes, and of the simulated world.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) seed: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Echo over TCP and UDP until Ctrl-C.
    ///
    /// Sends back what it receives: streams byte by byte, datagrams one by one. The first Ctrl-C
    /// (or SIGTERM) stops accepting, and gives open connections and datagrams under way some time
    /// to finish. A second one ends the program at once.
    ///
    /// This is for tests. On a public address, anybody could use it to reflect datagrams to others.
    #[command(after_help = "Examples:\n  \
        minato echo 127.0.0.1:7000     then, elsewhere: nc 127.0.0.1 7000\n  \
        minato echo localhost:0        on a free port, which is printed")]
    Echo(EchoOptions),

    /// Relay TCP and UDP to another server until Ctrl-C.
    ///
    /// Each TCP connection gets a connection to the target, and each UDP client a socket of its
    /// own, which receives the answers and is closed after some time without datagrams. The first
    /// Ctrl-C (or SIGTERM) stops accepting, and gives open connections and answers some time to
    /// finish. A second one ends the program at once.
    #[command(after_help = "Examples:\n  \
        minato proxy 127.0.0.1:8000 127.0.0.1:7000           relay to an echo\n  \
        minato proxy 127.0.0.1:5353 192.0.2.1:53 --idle 5    relay name look-ups")]
    Proxy(ProxyOptions),

    /// Show what runs in another program, live.
    ///
    /// The program gives looks through a Unix socket: it calls minato::inspect::serve, or it is a
    /// tokio program that runs under `cargo minato` with the path in MINATO_INSPECT. Shown are its
    /// runtimes and workers, the slowest polls, and the tasks with what they wait for, anew each
    /// second; q, Esc or Ctrl-C ends.
    #[command(after_help = "Examples:\n  \
        minato top /run/user/1000/service.minato           live\n  \
        minato top --once /run/user/1000/service.minato    one look as text")]
    Top(TopOptions),

    /// Sweep the simulated tests of a package through many seeds.
    ///
    /// Builds the tests as `cargo test` does, finds the scenarios in them (tests that call
    /// minato::sim::sweep, or have #[minato::test(engine = "sim")]), and runs each with its seeds
    /// and faults. What fails is shrunk. Its replay line is kept in the folder .minato/regressions
    /// of the package, beside a picture of the run and the packets of each host, and is run first
    /// the next time.
    ///
    /// Exit code: 0 if all runs passed, 1 if one failed, 2 if something kept them from being run,
    /// 130 after Ctrl-C.
    #[command(after_help = "Examples:\n  \
        minato sim                                all scenarios of the package here\n  \
        minato sim --seeds 10000 --release        each with the seeds 0 to 9999, optimized\n  \
        minato sim --time 3600 -p register swarm  new seeds for an hour, of tests called swarm\n  \
        minato sim --seeds 5..6 --test register   one seed of the scenarios of tests/register.rs")]
    Sim(SimOptions),
}

/// Options of the sweeps.
#[derive(Args, Debug)]
pub(crate) struct SimOptions {
    /// Which seeds each scenario takes instead of its own: A..B, or N for 0..N.
    #[arg(long, value_name = "SEEDS", value_parser = parse_seeds)]
    pub(crate) seeds: Option<Range<u64>>,

    /// Which faults each scenario may meet, of those that it has: kinds as `cut,loss,crash`.
    #[arg(long, value_name = "KINDS")]
    pub(crate) faults: Option<String>,

    /// How many seeds run at a time. The default is one per processor.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZero<usize>>,

    /// For how many seconds each scenario goes on to new seeds.
    ///
    /// Without --seeds they begin at a number made of the present time, so that each run takes
    /// others.
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) time: Option<Duration>,

    /// Arguments of `cargo test`, such as `-p NAME`, `--release` or the name of a test.
    #[arg(
        value_name = "CARGO TEST'S ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) cargo: Vec<String>,
}

/// Options of the look into another program.
#[derive(Args, Debug)]
pub(crate) struct TopOptions {
    /// The program's socket.
    #[arg(value_name = "SOCKET")]
    pub(crate) socket: PathBuf,

    /// Print one look as text, with counts instead of rates.
    #[arg(long)]
    pub(crate) once: bool,

    /// How many tasks of each runtime are looked at.
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) tasks: usize,
}

/// Options of the echo.
#[derive(Args, Debug)]
pub(crate) struct EchoOptions {
    /// Where to listen, as HOST:PORT; port 0 takes a free one.
    #[arg(value_name = "ADDR")]
    pub(crate) address: Endpoint,

    #[command(flatten)]
    pub(crate) ending: EndingOptions,

    /// Let `minato top SOCKET` look into this program.
    #[arg(long, value_name = "SOCKET")]
    pub(crate) inspect: Option<PathBuf>,
}

/// Options of the proxy.
#[derive(Args, Debug)]
pub(crate) struct ProxyOptions {
    /// Where to listen, as HOST:PORT; port 0 takes a free one.
    #[arg(value_name = "LISTEN")]
    pub(crate) listen: Endpoint,

    /// Where to relay to, as HOST:PORT.
    #[arg(value_name = "TARGET", value_parser = Endpoint::parse_target)]
    pub(crate) target: Endpoint,

    /// How many seconds without datagrams a UDP client is remembered.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "60",
        allow_negative_numbers = true,
        value_parser = parse_seconds
    )]
    pub(crate) idle: Duration,

    /// How many UDP clients are served at a time; datagrams of further ones are dropped.
    #[arg(
        long,
        value_name = "N",
        default_value = "1024",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..=60_000)
    )]
    pub(crate) udp_clients: usize,

    #[command(flatten)]
    pub(crate) ending: EndingOptions,

    /// Let `minato top SOCKET` look into this program.
    #[arg(long, value_name = "SOCKET")]
    pub(crate) inspect: Option<PathBuf>,
}

/// How a server ends.
#[derive(Args, Debug)]
pub(crate) struct EndingOptions {
    /// How many seconds open connections and answers may take to finish after Ctrl-C.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "5",
        allow_negative_numbers = true,
        value_parser = parse_seconds
    )]
    pub(crate) grace: Duration,
}

/// Arranges the arguments of `minato sim` for the parser: it takes all that follows the first of
/// cargo's arguments for cargo's.
///
/// * What only `minato sim` has comes first: seeds and a time.
/// * The first `--` is doubled. It is cargo's, but the parser takes one for itself if no argument
///   of cargo's came before it; `CargoArguments` takes one that is left.
pub(crate) fn arrange(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let Some(command) = arguments.iter().position(|argument| argument == "sim") else {
        return arguments;
    };
    let dashes = arguments.iter().position(|argument| argument == "--");
    let mut of_harness = arguments.split_off(dashes.unwrap_or(arguments.len()));
    if dashes.is_some() {
        of_harness.insert(0, "--".into());
    }
    let (mut own, mut of_cargo) = (Vec::new(), Vec::new());
    let mut rest = arguments.drain(command + 1..);
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy().into_owned();
        let is_own = |name: &str| text == name || text.starts_with(&format!("{name}="));
        let takes_next = !text.contains('=');
        if is_own("--seeds") || is_own("--time") {
            own.push(argument);
            own.extend(takes_next.then(|| rest.next()).flatten());
        } else {
            of_cargo.push(argument);
        }
    }
    drop(rest);
    arguments.into_iter().chain(own).chain(of_cargo).chain(of_harness).collect()
}

/// Whole or decimal seconds, a day at most.
fn parse_seconds(text: &str) -> Result<Duration, String> {
    const DAY: f64 = 86_400.0;
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=DAY).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        Ok(_) => Err("not between 0 and 86400 seconds".to_owned()),
        Err(_) => Err("not a number of seconds".to_owned()),
    }
}

/// `A..B`, or `N` for `0..N`.
fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| {
        text.parse().map_err(|_| "neither a number of seeds nor a range, as 0..1000".to_owned())
    };
    let seeds = match text.split_once("..") {
        Some((first, end)) => number(first)?..number(end)?,
        None => 0..number(text)?,
    };
    if seeds.is_empty() { Err("there is no seed in it".to_owned()) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_is_no_option_of_ours_is_cargos() {
        for (given, cargo) in [
            (&["--jobs", "2", "--", "--skip", "x"][..], "-- --skip x"),
            (&["swarm", "--", "--skip", "x"], "swarm -- -- --skip x"),
            (&["-p", "register", "--seeds", "7", "swarm", "--time=2"], "-p register swarm"),
        ] {
            let given = ["minato", "sim"].iter().chain(given).map(OsString::from);
            let Some(Command::Sim(sim)) = Arguments::parse_from(arrange(given)).command else {
                panic!("{cargo}")
            };
            assert_eq!(sim.cargo.join(" "), cargo);
        }
    }

    #[test]
    fn seeds_are_a_range_or_a_count() {
        assert_eq!(parse_seeds("7"), Ok(0..7));
        assert_eq!(parse_seeds("3..7"), Ok(3..7));
        for bad in ["", "0", "7..7", "7..3", "..", "1..", "-1", "1..=3", "many"] {
            assert!(parse_seeds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_may_have_fractions_and_have_a_limit() {
        assert_eq!(parse_seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_seconds("0"), Ok(Duration::ZERO));
        for bad in ["-1", "NaN", "inf", "86401", "soon", ""] {
            assert!(parse_seconds(bad).is_err(), "{bad}");
        }
    }
}
