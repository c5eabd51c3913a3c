//! What a guest costs: echoes with and without one, a hop between the two, and tokio turning a
//! reactor.
//!
//! `cargo run --release -p minato-tokio --example price -- WHAT ROUNDS` prints the microseconds of
//! a round, by the clock and of processor time. Counts of instructions are firmer than both. They
//! are the difference of two runs under `valgrind --tool=callgrind`, say of 2,000 and 12,000
//! rounds.

use std::io;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use minato_tokio::Guest;
use tokio::sync::{mpsc, oneshot};

/// Rounds of 64 bytes and back over TCP, by the sockets of one library and the tasks of another.
macro_rules! echo {
    ($sockets:ident, $tasks:ident, $rounds:expr) => {
        async {
            use $sockets::io::{AsyncReadExt, AsyncWriteExt};
            use $sockets::net::{TcpListener, TcpStream};
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            let server = $tasks::spawn(async move {
                let (mut stream, _) = listener.accept().await?;
                let mut bytes = [0; 64];
                while stream.read_exact(&mut bytes).await.is_ok() {
                    stream.write_all(&bytes).await?;
                }
                io::Result::Ok(())
            });
            let rounds = $rounds;
            let client = $tasks::spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                let mut bytes = [7; 64];
                for _ in 0..rounds {
                    stream.write_all(&bytes).await?;
                    stream.read_exact(&mut bytes).await?;
                }
                io::Result::Ok(())
            });
            client.await??;
            server.await?
        }
    };
}

/// Rounds of a question from a task here to a task there, and the answer.
macro_rules! ask {
    ($here:ident, $there:ident, $rounds:expr) => {
        async {
            let (ask, mut asked) = mpsc::channel::<oneshot::Sender<u32>>(1);
            $there::spawn(async move {
                while let Some(answer) = asked.recv().await {
                    _ = answer.send(5);
                }
            });
            let rounds = $rounds;
            let asks = $here::spawn(async move {
                for _ in 0..rounds {
                    let (answer, answered) = oneshot::channel();
                    ask.send(answer).await.map_err(io::Error::other)?;
                    answered.await.map_err(io::Error::other)?;
                }
                io::Result::Ok(())
            });
            asks.await?
        }
    };
}

fn minato(guest: Option<Guest>) -> io::Result<minato::runtime::Runtime> {
    let mut builder = minato::runtime::Builder::new_current_thread();
    guest.into_iter().for_each(|guest| _ = builder.on_enter(guest));
    builder.build()
}

fn tokio() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// With and without a guest, by the same code, in a process that has several threads: then the C
/// library does more for a system call, and that is not the guest's price.
async fn native(rounds: u32) -> io::Result<()> {
    std::thread::spawn(std::thread::park);
    echo!(minato, minato, rounds).await
}

async fn turned(rounds: u32) -> io::Result<()> {
    let reactor = minato::reactor::Reactor::new()?;
    reactor.set_fallback().map_err(io::Error::other)?;
    tokio::spawn(minato_tokio::turn(reactor));
    echo!(minato, tokio, rounds).await
}

fn run(what: &str, rounds: u32) -> io::Result<()> {
    let guest = || Guest::new().map(Some);
    match what {
        "minato" => minato(None)?.block_on(native(rounds)),
        "minato-beside-guest" => minato(guest()?)?.block_on(native(rounds)),
        "tokio" => tokio()?.block_on(echo!(tokio, tokio, rounds)),
        "tokio-sockets-in-minato" => minato(guest()?)?.block_on(echo!(tokio, minato, rounds)),
        "tokio-sockets-in-guest" => minato(guest()?)?.block_on(echo!(tokio, tokio, rounds)),
        "minato-sockets-in-tokio" => tokio()?.block_on(echo!(minato, tokio, rounds)),
        "minato-sockets-turned-by-tokio" => tokio()?.block_on(turned(rounds)),
        "ask-minato" => minato(None)?.block_on(ask!(minato, minato, rounds)),
        "ask-guest" => minato(guest()?)?.block_on(ask!(minato, tokio, rounds)),
        "ask-within-guest" => minato(guest()?)?.block_on(ask!(tokio, tokio, rounds)),
        _ => Err(io::Error::other(format!("nothing is called {what}"))),
    }
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "ask-guest".to_owned());
    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(1_000);
    let (begun, worked) = (Instant::now(), ProcessTime::now());
    run(&what, rounds)?;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(rounds);
    let (wall, processor) = (each(begun.elapsed()), each(worked.elapsed()));
    println!("{what}: {wall:.2} us by the clock, {processor:.2} us of processor time");
    Ok(())
}
