//! TCP in a simulated world, by programs and links that nobody wrote: the bytes of each direction
//! arrive whole and in order, or the connection has an error that somebody has asked for; and a
//! second run of the same input is the same run.

use std::io;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use futures_util::future::{self, Either};
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::tcp::TcpKeepalive;
use minato::net::{TcpListener, TcpStream};
use minato::sim::{Latency, Simulation, World};
use minato::time;

use crate::pattern;

#[derive(Arbitrary, Debug, Clone)]
struct Input {
    seed: u8,
    link: Link,
    send_buffer: u16,
    receive_buffer: u16,
    segment: u16,
    client: Program,
    server: Program,
    /// After how many milliseconds every connection is reset.
    reset_after: Option<u8>,
}

/// What the links of the world do, the shares in 256ths of a fifth.
#[derive(Arbitrary, Debug, Clone)]
struct Link {
    loss: u8,
    reorder: u8,
    duplicate: u8,
    corrupt: u8,
    latency: [u8; 2],
    mtu: Option<u8>,
    rate: Option<u8>,
    flap: Option<[u8; 2]>,
}

/// What one end does.
#[derive(Arbitrary, Debug, Clone)]
struct Program {
    writes: Vec<Write>,
    /// How much it reads at once, in turns, and how long it pauses then.
    reads: Vec<(u8, u8)>,
    end: End,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
struct Write {
    bytes: u16,
    pause: u8,
    flushes: bool,
}

/// How one end ends.
#[derive(Arbitrary, Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It sends its end, and reads the other's.
    Orderly,
    /// It is dropped when it has written.
    Dropped,
    /// It is reset when it has written.
    Reset,
}

/// Longer than a connection lives that hears nothing of its peer.
const TIME_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// The parts of a program that count, and into how small pieces the bytes may be cut, so that an
/// input does not take for ever.
const MAX_WRITES: usize = 12;
const MAX_BYTES: usize = 8192;
const MIN_PIECE: usize = 100;

/// Runs the programs twice.
pub(crate) fn run(input: &[u8]) {
    let Ok(input) = Unstructured::new(input).arbitrary::<Input>() else { return };
    let first = simulate(&input);
    assert_eq!(simulate(&input), first, "{input:?} gave another run");
}

/// One run: its hash, and what each end has received and with what it ended.
fn simulate(input: &Input) -> (u64, [Outcome; 2]) {
    let world = World::builder()
        .seed(u64::from(input.seed))
        .send_buffer(usize::from(input.send_buffer).max(MIN_PIECE))
        .receive_buffer(usize::from(input.receive_buffer).max(MIN_PIECE))
        .segment(usize::from(input.segment).max(MIN_PIECE))
        .build();
    let mut simulation = Simulation::in_world(world).with_time_limit(TIME_LIMIT);
    spoil(simulation.world(), &input.link).expect("the settings are in range");
    let programs = [input.client.clone(), input.server.clone()];
    let [client, server] = programs;
    let server = simulation.spawn("server", serve(server)).expect("a host");
    let client = simulation.spawn("client", connect(client)).expect("a host");
    if let Some(after) = input.reset_after {
        simulation.run_for(Duration::from_millis(u64::from(after))).expect("nothing panics");
        let world = simulation.world();
        world.reset(&world.host("client"), &world.host("server"));
    }
    let ends = simulation.run_until(async { (client.await, server.await) });
    let (client, server) = ends.unwrap_or_else(|error| panic!("{input:?}: {error}"));
    let ends = [client, server].map(|end| end.expect("no task is aborted"));
    check(input, &ends);
    (simulation.world().trace_hash(), ends)
}

fn spoil(world: &World, link: &Link) -> io::Result<()> {
    let share = |part: u8| f64::from(part) / 1280.0;
    let milliseconds = |count: u8| Duration::from_millis(u64::from(count));
    let [one, two] = link.latency.map(milliseconds);
    let all = world.links();
    all.latency(Latency::uniform(one.min(two), one.max(two)))?;
    all.loss(share(link.loss))?.reorder(share(link.reorder), milliseconds(20))?;
    all.duplicate(share(link.duplicate))?.corrupt(share(link.corrupt))?;
    if let Some(mtu) = link.mtu {
        all.mtu(600 + 8 * usize::from(mtu))?;
    }
    if let Some(rate) = link.rate {
        all.rate(10_000 * (1 + u64::from(rate)))?;
    }
    if let Some([up, down]) = link.flap {
        let longer = |count: u8| Duration::from_millis(10 + 10 * u64::from(count));
        all.flap(longer(up), longer(down))?;
    }
    Ok(())
}

/// What one end has seen.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    sent: u64,
    received: u64,
    /// Whether it has read the other's end.
    saw_end: bool,
    error: Option<io::ErrorKind>,
}

async fn serve(program: Program) -> Outcome {
    let opened = async {
        let listener = TcpListener::bind("0.0.0.0:7000").await?;
        time::timeout(TIME_LIMIT / 8, listener.accept()).await?.map(|(stream, _)| stream)
    };
    converse(opened.await, program, 1).await
}

async fn connect(program: Program) -> Outcome {
    // The server listens by then.
    time::sleep(Duration::from_millis(1)).await;
    converse(TcpStream::connect("server:7000").await, program, 0).await
}

/// Runs one end. It sends the bytes of the stream of its number, and receives those of the other's.
async fn converse(stream: io::Result<TcpStream>, program: Program, number: u64) -> Outcome {
    let mut outcome = Outcome { sent: 0, received: 0, saw_end: false, error: None };
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return Outcome { error: Some(error.kind()), ..outcome },
    };
    // Whose peer was reset, and has not heard of it, would wait for ever.
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(60));
    outcome.error = stream.set_keepalive(Some(&keepalive)).err().map(|error| error.kind());
    if program.end == End::Reset {
        outcome.error = stream.set_zero_linger().err().map(|error| error.kind());
    }
    let (mut reader, mut writer) = stream.split();
    let writing = async {
        for write in program.writes.iter().take(MAX_WRITES) {
            let bytes = pattern::bytes(number, outcome.sent, usize::from(write.bytes) % MAX_BYTES);
            writer.write_all(&bytes).await?;
            outcome.sent += bytes.len() as u64;
            if write.flushes {
                writer.flush().await?;
            }
            time::sleep(Duration::from_millis(u64::from(write.pause))).await;
        }
        if program.end == End::Orderly { writer.shutdown().await } else { Ok(()) }
    };
    let reading = async {
        let mut turns = program.reads.iter().cycle();
        loop {
            let (size, pause) = turns.next().copied().unwrap_or((u8::MAX, 0));
            let mut bytes = vec![0; 1 + 64 * usize::from(size)];
            let count = reader.read(&mut bytes).await?;
            let expected = pattern::bytes(1 - number, outcome.received, count);
            assert_eq!(bytes[..count], expected, "after {} bytes", outcome.received);
            outcome.received += count as u64;
            if count == 0 {
                outcome.saw_end = true;
                return io::Result::Ok(());
            }
            time::sleep(Duration::from_millis(u64::from(pause) / 8)).await;
        }
    };
    let ended = if program.end == End::Orderly {
        future::try_join(writing, reading).await.map(drop)
    } else {
        let (writing, reading) = (std::pin::pin!(writing), std::pin::pin!(reading));
        match future::select(writing, reading).await {
            Either::Left((ended, _)) => ended,
            Either::Right((Ok(()), writing)) => writing.await,
            Either::Right((Err(error), _)) => Err(error),
        }
    };
    outcome.error = outcome.error.or(ended.err().map(|error| error.kind()));
    outcome
}

fn check(input: &Input, ends: &[Outcome; 2]) {
    let [client, server] = ends;
    for (one, other) in [(client, server), (server, client)] {
        assert!(one.received <= other.sent.max(one.received), "{input:?}: {ends:?}");
        // The end of a stream comes after all its bytes.
        if one.saw_end && other.error.is_none() {
            assert_eq!(one.received, other.sent, "{input:?}: {ends:?}");
        }
    }
    let orderly = [&input.client, &input.server].iter().all(|end| end.end == End::Orderly);
    let patient = input.link.flap.is_none() && input.link.loss < 128 && input.link.corrupt < 128;
    if orderly && patient && input.reset_after.is_none() {
        assert!(ends.iter().all(|end| end.error.is_none()), "{input:?}: {ends:?}");
    }
}
