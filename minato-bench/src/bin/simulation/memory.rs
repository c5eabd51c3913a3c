//! Memory, as the pages that the system has given the process, and descriptors.

use std::fs;
use std::io;
use std::time::Duration;

use minato::sim::Simulation;

use super::Figure;
use super::speed::{ask, serve, simulation};

/// The bytes of the pages that the process has in memory.
fn resident() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map(|kib| kib << 10).ok_or_else(|| io::Error::other("/proc/self/status has another form"))
}

/// The bytes that each of `count` things needs; a tenth of them comes before and does not count,
/// since the first ones make tables and lists.
fn each(
    mut simulation: Simulation,
    count: u64,
    unit: &'static str,
    mut add: impl FnMut(&mut Simulation, u64) -> io::Result<()>,
) -> io::Result<Figure> {
    let first = count / 10;
    for nth in 0..first {
        add(&mut simulation, nth)?;
    }
    simulation.run_for(Duration::from_secs(1))?;
    let before = resident()?;
    for nth in first..first + count {
        add(&mut simulation, nth)?;
    }
    simulation.run_for(Duration::from_secs(1))?;
    let grown = resident()?.saturating_sub(before);
    Ok(Figure { value: (grown as f64 / count as f64).round(), unit })
}

pub(crate) fn hosts(seed: u64, count: u64) -> io::Result<Figure> {
    each(simulation(seed), count, "bytes a host", |simulation, nth| {
        simulation.spawn(&format!("host {nth}"), serve()).map(drop)
    })
}

pub(crate) fn connections(seed: u64, count: u64) -> io::Result<Figure> {
    let mut simulation = simulation(seed);
    drop(simulation.spawn("server", serve())?);
    each(simulation, count, "bytes a connection", |simulation, _| {
        let client = async {
            let stream = minato::net::TcpStream::connect("server:7000").await?;
            std::future::pending::<()>().await;
            drop(stream);
            io::Result::Ok(())
        };
        simulation.spawn("client", client).map(drop)
    })
}

/// A world with a bit of everything.
fn run_world(seed: u64) -> io::Result<()> {
    let mut simulation = Simulation::new(seed);
    drop(simulation.spawn("server", serve())?);
    let client = simulation.spawn("client", ask("server:7000".to_owned(), 3))?;
    drop(simulation.spawn("client", minato::time::sleep(Duration::from_secs(9)))?);
    simulation.block_on(client)?
}

pub(crate) fn leaks(count: u64) -> io::Result<Figure> {
    (0..count / 10).try_for_each(run_world)?;
    let before = resident()?;
    (0..count).try_for_each(run_world)?;
    let grown = resident()?.saturating_sub(before);
    Ok(Figure { value: grown as f64, unit: "bytes grown" })
}

pub(crate) fn descriptors(count: u64) -> io::Result<Figure> {
    let open = || fs::read_dir("/proc/self/fd").map(Iterator::count);
    run_world(0)?;
    let before = open()?;
    (0..count).try_for_each(run_world)?;
    Ok(Figure { value: open()?.saturating_sub(before) as f64, unit: "descriptors left" })
}
