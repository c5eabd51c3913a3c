//! The server: echoes, a proxy before them, and echoes of datagrams, on one runtime after the
//! other.

use std::io;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::udp::{RecvBatch, Transmit};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::runtime::{Builder, Runtime};

use crate::namespace::SERVER;
use crate::rest;
use crate::tally::Tally;

pub(crate) const ECHO: u16 = 7000;
pub(crate) const PROXY: u16 = 7001;
/// The ports of datagrams: received one by one, and in bulk.
pub(crate) const DATAGRAMS: [u16; 2] = [7002, 7003];

const LONGEST_LIFE: Duration = Duration::from_secs(12);
/// How long no server is there: connects are refused, and messages of ICMP come back.
const LONGEST_GAP: Duration = Duration::from_millis(400);
/// How often a runtime asks whether the process is to end.
const LOOK: Duration = Duration::from_millis(100);

/// Serves until standard input ends.
pub(crate) fn run(seed: u64) -> io::Result<()> {
    let tally = Tally::default();
    tally.watch_panics();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    thread::spawn(move || {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        over.store(true, Ordering::Relaxed);
    });
    let begun = Instant::now();
    let mut numbers = Rng::with_seed(seed);
    let mut generation = 0;
    while !is_over.load(Ordering::Relaxed) {
        generation += 1;
        let runtime = any_runtime(&mut numbers)?;
        let life = LONGEST_LIFE.mul_f64(numbers.f64());
        runtime.block_on(serve(generation, life, &is_over, &tally))?;
        // With whatever is under way.
        drop(runtime);
        tally.add("runtimes of the server", 1);
        rest::tell(begun)?;
        thread::sleep(LONGEST_GAP.mul_f64(numbers.f64()));
    }
    tally.print();
    Ok(())
}

/// A runtime of one of the kinds that there are.
pub(crate) fn any_runtime(numbers: &mut Rng) -> io::Result<Runtime> {
    match numbers.usize(..4) {
        0 | 1 => Builder::new_current_thread().build(),
        workers => Builder::new_multi_thread().worker_threads(workers - 1).build(),
    }
}

/// Serves for as long as `life`. Each client is told the number of this server first, so that it
/// knows whether another one has taken its place.
async fn serve(
    generation: u64,
    life: Duration,
    is_over: &AtomicBool,
    tally: &Tally,
) -> io::Result<()> {
    let echoes = TcpListener::bind((SERVER, ECHO)).await?;
    let proxies = TcpListener::bind((SERVER, PROXY)).await?;
    let single = UdpSocket::bind((SERVER, DATAGRAMS[0])).await?;
    let bulk = UdpSocket::bind((SERVER, DATAGRAMS[1])).await?;
    minato::spawn(accept(echoes, tally.clone(), move |stream| echo(stream, generation)));
    minato::spawn(accept(proxies, tally.clone(), proxy));
    minato::spawn(echo_datagrams(single));
    minato::spawn(echo_in_bulk(bulk));
    let end = Instant::now() + life;
    while Instant::now() < end && !is_over.load(Ordering::Relaxed) {
        minato::time::sleep(LOOK).await;
    }
    Ok(())
}

async fn accept<F>(listener: TcpListener, tally: Tally, each: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    loop {
        match listener.accept().await {
            // An error of one connection ends that alone: the driver judges what it received.
            Ok((stream, _)) => drop(minato::spawn(each(stream))),
            Err(error) => tally.wrong(format!("the server's accept: {error}")),
        }
        tally.add("connections accepted", 1);
    }
}

/// Writes back what it reads, by the library's copy or by hand, with a buffer of some size.
async fn echo(mut stream: TcpStream, generation: u64) -> io::Result<()> {
    stream.write_all(&generation.to_le_bytes()).await?;
    let size = 1 << fastrand::u32(6..15);
    if size < 256 {
        let (mut reader, mut writer) = stream.split();
        minato::io::copy(&mut reader, &mut writer).await?;
    } else {
        let mut buffer = vec![0; size];
        loop {
            match stream.read(&mut buffer).await? {
                0 => break,
                length => stream.write_all(&buffer[..length]).await?,
            }
        }
    }
    stream.shutdown().await
}

async fn proxy(mut client: TcpStream) -> io::Result<()> {
    let mut server = TcpStream::connect((SERVER, ECHO)).await?;
    minato::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn echo_datagrams(socket: UdpSocket) -> io::Result<()> {
    let mut buffer = vec![0; 65536];
    loop {
        // Errors here are those of what was sent before.
        if let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            _ = socket.send_to(&buffer[..length], from).await;
        }
    }
}

async fn echo_in_bulk(socket: UdpSocket) -> io::Result<()> {
    let mut batch = RecvBatch::new();
    loop {
        if socket.recv_batch(&mut batch).await.is_err() {
            continue;
        }
        for (bytes, meta) in batch.iter() {
            _ = socket.send_batch(&Transmit::new(meta.from, bytes)).await;
        }
    }
}

/// Where a service of the server is.
pub(crate) fn at(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(SERVER, port)
}
