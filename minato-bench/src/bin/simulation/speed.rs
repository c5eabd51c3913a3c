//! Speeds: what is done in a second of CPU time.

use std::future::pending;
use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::sim::Simulation;
use minato::task::JoinHandle;
use minato::time::{interval, sleep};
use nix::time::{ClockId, clock_gettime};

use super::Figure;

pub(crate) async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("0.0.0.0:7000").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(minato::task::spawn_local(async move {
            let mut buf = [0; 4];
            while stream.read_exact(&mut buf).await.is_ok() {
                stream.write_all(&buf).await?;
            }
            io::Result::Ok(())
        }));
    }
}

pub(crate) async fn ask(server: String, rounds: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    let mut buf = [7; 4];
    for _ in 0..rounds {
        stream.write_all(&buf).await?;
        stream.read_exact(&mut buf).await?;
    }
    Ok(())
}

/// A simulation that may run for ever.
pub(crate) fn simulation(seed: u64) -> Simulation {
    Simulation::new(seed).with_time_limit(Duration::MAX)
}

fn cpu_time() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// Runs the tasks to their end, and returns the CPU time that it took.
fn time(mut simulation: Simulation, tasks: Tasks) -> io::Result<Duration> {
    let start = cpu_time()?;
    for task in tasks {
        simulation.block_on(task)??;
    }
    Ok(cpu_time()? - start)
}

type Tasks = Vec<JoinHandle<io::Result<()>>>;

fn per_second(amount: u64, took: Duration, unit: &'static str) -> Figure {
    Figure { value: (amount as f64 / took.as_secs_f64()).round(), unit }
}

pub(crate) fn pairs(seed: u64, count: u64, rounds: u64, idle: u64) -> io::Result<Figure> {
    let mut simulation = simulation(seed);
    let mut tasks = Tasks::new();
    for pair in 0..count {
        drop(simulation.spawn(&format!("s{pair}"), serve())?);
        let client = ask(format!("s{pair}:7000"), rounds);
        tasks.push(simulation.spawn(&format!("c{pair}"), client)?);
    }
    for host in 0..idle {
        drop(simulation.spawn(&format!("i{host}"), pending::<()>())?);
    }
    Ok(per_second(count * rounds, time(simulation, tasks)?, "TCP rounds a second"))
}

pub(crate) fn datagrams(seed: u64, count: u64, rounds: u64) -> io::Result<Figure> {
    let mut simulation = simulation(seed);
    let mut tasks = Tasks::new();
    for pair in 0..count {
        drop(simulation.spawn(&format!("s{pair}"), async {
            let socket = UdpSocket::bind("0.0.0.0:7000").await?;
            let mut buf = [0; 4];
            loop {
                let (len, from) = socket.recv_from(&mut buf).await?;
                socket.send_to(&buf[..len], from).await?;
            }
            #[allow(unreachable_code, reason = "it gives the block its type")]
            io::Result::Ok(())
        })?);
        let client = async move {
            let socket = UdpSocket::bind("0.0.0.0:0").await?;
            socket.connect(format!("s{pair}:7000")).await?;
            let mut buf = [7; 4];
            for _ in 0..rounds {
                socket.send(&buf).await?;
                socket.recv(&mut buf).await?;
            }
            Ok(())
        };
        tasks.push(simulation.spawn(&format!("c{pair}"), client)?);
    }
    Ok(per_second(count * rounds, time(simulation, tasks)?, "UDP rounds a second"))
}

pub(crate) fn bulk(seed: u64, mib: u64) -> io::Result<Figure> {
    const CHUNK: usize = 64 << 10;
    let mut simulation = simulation(seed);
    let reader = simulation.spawn("reader", async {
        let listener = TcpListener::bind("0.0.0.0:7000").await?;
        let (mut stream, _) = listener.accept().await?;
        let mut buf = vec![0; CHUNK];
        while stream.read(&mut buf).await? > 0 {}
        Ok(())
    })?;
    let writer = simulation.spawn("writer", async move {
        let mut stream = TcpStream::connect("reader:7000").await?;
        let chunk = vec![7; CHUNK];
        for _ in 0..mib * ((1 << 20) / CHUNK as u64) {
            stream.write_all(&chunk).await?;
        }
        Ok(())
    })?;
    Ok(per_second(mib, time(simulation, vec![writer, reader])?, "MiB a second"))
}

pub(crate) fn connects(seed: u64, count: u64) -> io::Result<Figure> {
    let mut simulation = simulation(seed);
    drop(simulation.spawn("server", serve())?);
    let client = simulation.spawn("client", async move {
        for _ in 0..count {
            ask("server:7000".to_owned(), 1).await?;
            // A minute later the ports of all those that were closed can be taken again.
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    })?;
    Ok(per_second(count, time(simulation, vec![client])?, "connects a second"))
}

pub(crate) fn timers(seed: u64, hosts: u64, times: u64) -> io::Result<Figure> {
    let mut simulation = simulation(seed);
    let mut tasks = Tasks::new();
    for host in 0..hosts {
        let task = async move {
            let mut ticks = interval(Duration::from_millis(100));
            for _ in 0..times {
                ticks.tick().await;
            }
            Ok(())
        };
        tasks.push(simulation.spawn(&format!("t{host}"), task)?);
    }
    Ok(per_second(hosts * times, time(simulation, tasks)?, "timers a second"))
}

pub(crate) fn year(seed: u64, hosts: u64) -> io::Result<Figure> {
    let mut simulation = simulation(seed);
    for host in 0..hosts {
        drop(simulation.spawn(&format!("i{host}"), pending::<()>())?);
    }
    let clock = simulation.spawn("clock", async {
        sleep(Duration::from_secs(365 * 24 * 3600)).await;
        Ok(())
    })?;
    let took = time(simulation, vec![clock])?;
    Ok(Figure { value: took.as_secs_f64(), unit: "s for a year" })
}

pub(crate) fn worlds(count: u64) -> io::Result<Figure> {
    let start = cpu_time()?;
    for seed in 0..count {
        let mut simulation = Simulation::new(seed);
        let task = simulation.spawn("host", async {})?;
        simulation.block_on(task)?;
    }
    Ok(per_second(count, cpu_time()? - start, "fresh simulations a second"))
}
