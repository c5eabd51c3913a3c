//! What the program `simulation` measures, on madsim: TCP echo rounds, timers, idle hosts and
//! fresh simulations. It prints `AMOUNT SECONDS`, the seconds of the process's CPU time.

use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use madsim::net::{TcpListener, TcpStream};
use madsim::runtime::{NodeHandle, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn address(server: u64) -> IpAddr {
    Ipv4Addr::from(0x0a01_0000 + server as u32).into()
}

fn node(runtime: &Runtime, name: String, ip: IpAddr) -> NodeHandle {
    runtime.create_node().name(name).ip(ip).build()
}

async fn serve(ip: IpAddr) -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::new(ip, 7000)).await?;
    let (mut stream, _) = listener.accept().await?;
    let mut buf = [0; 4];
    while stream.read_exact(&mut buf).await.is_ok() {
        stream.write_all(&buf).await?;
        stream.flush().await?;
    }
    Ok(())
}

async fn ask(server: IpAddr, rounds: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(SocketAddr::new(server, 7000)).await?;
    let mut buf = [7; 4];
    for _ in 0..rounds {
        stream.write_all(&buf).await?;
        stream.flush().await?;
        stream.read_exact(&mut buf).await?;
    }
    Ok(())
}

async fn tick(times: u64) {
    let mut ticks = madsim::time::interval(Duration::from_millis(100));
    for _ in 0..times {
        ticks.tick().await;
    }
}

fn run(what: &str, count: u64, each: u64) -> Result<u64, Box<dyn std::error::Error>> {
    let runtime = Runtime::with_seed_and_config(1, madsim::Config::default());
    let mut tasks = Vec::new();
    match what {
        "pairs" => {
            let servers: Vec<_> = (0..count)
                .map(|pair| node(&runtime, format!("s{pair}"), address(2 * pair + 2)))
                .collect();
            for (server, pair) in servers.iter().zip(0..) {
                drop(server.spawn(serve(address(2 * pair + 2))));
                let client = node(&runtime, format!("c{pair}"), address(2 * pair + 3));
                tasks.push(client.spawn(async move {
                    // The server has no backlog before it listens.
                    madsim::time::sleep(Duration::from_secs(1)).await;
                    ask(address(2 * pair + 2), each).await.expect("a round trip");
                }));
            }
        }
        "timers" => {
            for host in 0..count {
                let node = node(&runtime, format!("t{host}"), address(host + 2));
                tasks.push(node.spawn(tick(each)));
            }
        }
        // `each` virtual seconds.
        "idle" => {
            for host in 0..count {
                drop(node(&runtime, format!("i{host}"), address(host + 2)).spawn(pending::<()>()));
            }
            let clock = node(&runtime, "clock".to_owned(), address(1));
            tasks.push(clock.spawn(async move {
                madsim::time::sleep(Duration::from_secs(each)).await;
            }));
        }
        "worlds" => {
            for seed in 0..count {
                let runtime = Runtime::with_seed_and_config(seed, madsim::Config::default());
                let node = node(&runtime, "host".to_owned(), address(2));
                runtime.block_on(node.spawn(async {}))?;
            }
            return Ok(count);
        }
        other => return Err(format!("there is no workload `{other}`").into()),
    }
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("no task panics");
        }
    });
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
        return Err("usage: rival-madsim pairs|timers|idle|worlds COUNT EACH".into());
    };
    let (count, each) = (count.parse()?, each.parse()?);
    let start = cpu_time()?;
    let amount = run(what, count, each)?;
    println!("{amount} {}", cpu_time()? - start);
    Ok(())
}
