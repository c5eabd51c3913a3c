//! How fast a simulation is: per second of the process's CPU time, since the machine may be busy.
//!
//! `simulation pairs 100 --idle 1000 --rounds 1000` runs 100 pairs of hosts beside 1000 hosts
//! that wait, and each pair makes 1000 TCP echo round trips; `simulation timers 10` has ten hosts
//! wake every 100 ms for a virtual day. Both print what they did and how much of it in a second.
//! Under `valgrind --tool=callgrind` the difference of two runs counts instructions.

use std::future::pending;
use std::io;
use std::time::Duration;

use clap::{Parser, Subcommand};
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::sim::Simulation;
use minato::time::interval;
use nix::time::{ClockId, clock_gettime};

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
}

#[derive(Subcommand)]
enum What {
    /// Pairs of hosts that echo.
    Pairs {
        count: u32,
        /// Round trips of each pair.
        #[arg(long, default_value_t = 1000)]
        rounds: u32,
        /// Hosts that wait beside them.
        #[arg(long, default_value_t = 0)]
        idle: u32,
    },
    /// Hosts that wake every 100 ms for a virtual day.
    Timers { hosts: u32 },
}

async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:7000").await?;
    let (mut stream, _) = listener.accept().await?;
    let mut buf = [0; 4];
    while stream.read_exact(&mut buf).await.is_ok() {
        stream.write_all(&buf).await?;
    }
    Ok(())
}

async fn ask(server: String, rounds: u32) -> io::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    let mut buf = [7; 4];
    for _ in 0..rounds {
        stream.write_all(&buf).await?;
        stream.read_exact(&mut buf).await?;
    }
    Ok(())
}

async fn tick(times: u32) {
    let mut ticks = interval(Duration::from_millis(100));
    for _ in 0..times {
        ticks.tick().await;
    }
}

fn cpu_time() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

fn main() -> io::Result<()> {
    let Options { what, seed } = Options::parse();
    let mut simulation = Simulation::new(seed).with_time_limit(Duration::MAX);
    let mut tasks = Vec::new();
    let (unit, done) = match what {
        What::Pairs { count, rounds, idle } => {
            for pair in 0..count {
                simulation.spawn(&format!("s{pair}"), serve())?;
                let client = ask(format!("s{pair}:7000"), rounds);
                let client = async { client.await.expect("a round trip") };
                tasks.push(simulation.spawn(&format!("c{pair}"), client)?);
            }
            for host in 0..idle {
                simulation.spawn(&format!("i{host}"), pending::<()>())?;
            }
            ("round trips", count * rounds)
        }
        What::Timers { hosts } => {
            const TIMES: u32 = 24 * 3600 * 10;
            for host in 0..hosts {
                tasks.push(simulation.spawn(&format!("t{host}"), tick(TIMES))?);
            }
            ("timers", hosts * TIMES)
        }
    };
    let start = cpu_time()?;
    for task in tasks {
        simulation.block_on(task)?;
    }
    let took = cpu_time()? - start;
    println!("{done} {unit} in {took:?}: {:.0} a second", f64::from(done) / took.as_secs_f64());
    Ok(())
}
