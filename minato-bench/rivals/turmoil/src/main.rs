//! What the program `simulation` measures, on turmoil: TCP echo rounds, timers, idle hosts and
//! fresh simulations. It prints `AMOUNT SECONDS`, the seconds of the process's CPU time.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn simulation<'a>() -> Sim<'a> {
    Builder::new()
        .min_message_latency(Duration::from_micros(100))
        .max_message_latency(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(1 << 40))
        .build()
}

async fn serve() -> Outcome {
    let listener = TcpListener::bind("0.0.0.0:7000").await?;
    let (mut stream, _) = listener.accept().await?;
    let mut buf = [0; 4];
    while stream.read_exact(&mut buf).await.is_ok() {
        stream.write_all(&buf).await?;
    }
    Ok(())
}

async fn ask(server: String, rounds: u64) -> Outcome {
    let mut stream = TcpStream::connect(server).await?;
    let mut buf = [7; 4];
    for _ in 0..rounds {
        stream.write_all(&buf).await?;
        stream.read_exact(&mut buf).await?;
    }
    Ok(())
}

async fn tick(times: u64) -> Outcome {
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..times {
        ticks.tick().await;
    }
    Ok(())
}

fn run(what: &str, count: u64, each: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let mut simulation = simulation();
    match what {
        "pairs" => {
            for pair in 0..count {
                simulation.host(format!("s{pair}"), serve);
                simulation.client(format!("c{pair}"), ask(format!("s{pair}:7000"), each));
            }
        }
        "timers" => {
            (0..count).for_each(|host| simulation.client(format!("t{host}"), tick(each)));
        }
        // `each` virtual seconds.
        "idle" => {
            (0..count).for_each(|host| simulation.host(format!("i{host}"), std::future::pending));
            simulation.client("clock", async move {
                tokio::time::sleep(Duration::from_secs(each)).await;
                Ok(())
            });
        }
        "worlds" => {
            for _ in 0..count {
                let mut simulation = self::simulation();
                simulation.client("host", async { Ok(()) });
                simulation.run()?;
            }
            return Ok(count);
        }
        other => return Err(format!("there is no workload `{other}`").into()),
    }
    simulation.run()?;
    Ok(if what == "idle" { each } else { count * each })
}

/// The CPU time of this process, in seconds.
fn cpu_time() -> io::Result<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanos = text.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    nanos.map(|nanos| nanos / 1e9).ok_or_else(|| io::Error::other("schedstat has another form"))
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, count, each] = &arguments[..] else {
        return Err("usage: rival-turmoil pairs|timers|idle|worlds COUNT EACH".into());
    };
    let (count, each) = (count.parse()?, each.parse()?);
    let start = cpu_time()?;
    let amount = run(what, count, each)?;
    println!("{amount} {}", cpu_time()? - start);
    Ok(())
}
