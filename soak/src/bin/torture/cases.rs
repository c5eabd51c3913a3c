//! What is done to the servers. A case tells what it has seen, or what is wrong.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::subject::{LIMIT, Subject};

/// For how long a server blocks a thread if it is asked to, and has no listener.
pub(crate) const BLOCK: Duration = Duration::from_secs(3);
pub(crate) const GAP: Duration = Duration::from_millis(300);
/// How many bytes a source sends.
pub(crate) const SOURCE: usize = 64 << 20;

/// The longest that another connection may wait for its echo: long for a busy machine, and shorter
/// than a thread is blocked.
const LATENCY: Duration = Duration::from_secs(2);
const MIB: u64 = 1 << 20;

/// What a case comes to.
pub(crate) type Verdict = Result<String, String>;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// How many descriptors the server may open.
    pub(crate) descriptors: u64,
    pub(crate) run: fn(&mut Subject) -> Result<Verdict, io::Error>,
}

const MANY: u64 = 8192;
const FEW: u64 = 64;

const fn case(name: &'static str, run: fn(&mut Subject) -> Result<Verdict, io::Error>) -> Case {
    Case { name, descriptors: MANY, run }
}

pub(crate) const CASES: &[Case] = &[
    case("2,000 connections that close at once", flood),
    case("300 connections that close half", half_close),
    case("1,000 connections that are reset", resets),
    case("40 peers that do not read", slow_readers),
    case("200 peers that send a byte at a time", slow_senders),
    Case { name: "no descriptors left", descriptors: FEW, run: shortage },
    case("500 connections at rest", at_rest),
    case("10,000 wakes by foreign threads", foreign_wakes),
    case("a listener that is closed under load", closed_listener),
    case("a task that blocks its thread", blocked_thread),
    case("a flood beside a small request", flood_beside),
    case("reads that are given up", given_up_reads),
    case("100 tasks that panic", panics),
    case("the runtime is dropped under load", dropped),
];

/// Asks for an echo by a connection that is there; returns how long it took.
fn ping(stream: &mut TcpStream) -> io::Result<Duration> {
    let begun = Instant::now();
    stream.write_all(b"ping")?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"ping" => Ok(begun.elapsed()),
        other => Err(io::Error::other(format!("the echo of ping is {other:?}"))),
    }
}

/// The server still serves, and holds no more than before.
fn is_well(subject: &Subject, before: usize) -> Result<Verdict, io::Error> {
    ping(&mut subject.connect(b'e')?)?;
    Ok(subject.wait_for_descriptors(before).map(|()| String::new()))
}

fn flood(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    for _ in 0..2000 {
        drop(TcpStream::connect(subject.address)?);
    }
    is_well(subject, before)
}

fn half_close(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let sent: Vec<u8> = (0..20_000_u32).map(|at| (at % 251) as u8).collect();
    let mut streams = Vec::new();
    for _ in 0..300 {
        let mut stream = subject.connect(b'e')?;
        stream.write_all(&sent)?;
        stream.shutdown(Shutdown::Write)?;
        streams.push(stream);
    }
    for (number, mut stream) in streams.into_iter().enumerate() {
        let mut received = Vec::new();
        stream.read_to_end(&mut received)?;
        if received != sent {
            return Ok(Err(format!("{} bytes came back to {number}", received.len())));
        }
    }
    is_well(subject, before)
}

fn resets(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    for _ in 0..1000 {
        let mut stream = subject.connect(b'e')?;
        stream.write_all(&[7; 100])?;
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    }
    is_well(subject, before)
}

fn slow_readers(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let (before, resident) = (subject.descriptors()?, subject.resident()?);
    let sources: Vec<TcpStream> =
        (0..40).map(|_| subject.connect(b's')).collect::<Result<_, _>>()?;
    thread::sleep(Duration::from_secs(1));
    let waited = ping(&mut subject.connect(b'e')?)?;
    let grown = subject.resident()?.saturating_sub(resident);
    for mut source in sources {
        let mut some = vec![1; MIB as usize];
        source.read_exact(&mut some)?;
        if some.iter().any(|byte| *byte != 0) {
            return Ok(Err("a byte is wrong".to_string()));
        }
    }
    if grown > 16 * MIB {
        return Ok(Err(format!("it takes {} MiB more", grown / MIB)));
    }
    if waited > LATENCY {
        return Ok(Err(format!("others wait for {} ms", waited.as_millis())));
    }
    let text = format!("{:.1} MiB more", grown as f64 / MIB as f64);
    Ok(is_well(subject, before)?.map(|_| text))
}

fn slow_senders(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let mut streams: Vec<TcpStream> =
        (0..200).map(|_| subject.connect(b'e')).collect::<Result<_, _>>()?;
    for byte in b"slow and steady" {
        for stream in &mut streams {
            stream.write_all(&[*byte])?;
        }
    }
    for mut stream in streams {
        stream.shutdown(Shutdown::Write)?;
        let mut received = Vec::new();
        stream.read_to_end(&mut received)?;
        if received != b"slow and steady" {
            return Ok(Err(format!("{} bytes came back", received.len())));
        }
    }
    is_well(subject, before)
}

/// Peers take all descriptors and stay, as many more as any backlog has room for: the server must
/// wait at rest, and go on when they leave.
fn shortage(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let connect = |_| TcpStream::connect_timeout(&subject.address, LIMIT);
    let hoard: Vec<TcpStream> = (0..150).map(connect).collect::<Result<_, _>>()?;
    thread::sleep(Duration::from_millis(500));
    let share = processor_share(subject, Duration::from_secs(2))?;
    drop(hoard);
    ping(&mut subject.connect(b'e')?)?;
    if let Err(why) = subject.wait_for_descriptors(before) {
        return Ok(Err(why));
    }
    let text = format!("{:.1}% of a processor while it waits", share * 100.0);
    Ok(if share < 0.1 { Ok(text) } else { Err(text) })
}

/// The share of a processor that it takes for so long.
fn processor_share(subject: &Subject, time: Duration) -> io::Result<f64> {
    let (begun, before) = (Instant::now(), subject.processor_time()?);
    thread::sleep(time);
    let used = subject.processor_time()?.saturating_sub(before);
    Ok(used.as_secs_f64() / begun.elapsed().as_secs_f64())
}

fn at_rest(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let mut streams: Vec<TcpStream> =
        (0..500).map(|_| subject.connect(b'e')).collect::<Result<_, _>>()?;
    streams.iter_mut().try_for_each(|stream| ping(stream).map(drop))?;
    thread::sleep(Duration::from_millis(1500));
    let share = processor_share(subject, Duration::from_secs(2))?;
    streams.iter_mut().try_for_each(|stream| ping(stream).map(drop))?;
    drop(streams);
    let text = format!("{:.0} us of processor a second", share * 1e6);
    if share > 0.001 {
        return Ok(Err(text));
    }
    Ok(is_well(subject, before)?.map(|_| text))
}

fn foreign_wakes(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    const EACH: [u8; 4] = 2500_u32.to_le_bytes();
    let mut streams: Vec<TcpStream> =
        (0..4).map(|_| subject.connect(b'w')).collect::<Result<_, _>>()?;
    streams.iter_mut().try_for_each(|stream| stream.write_all(&EACH))?;
    for mut stream in streams {
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        if answer != EACH {
            return Ok(Err(format!("{} wakes came", u32::from_le_bytes(answer))));
        }
    }
    is_well(subject, before)
}

/// Connections that are there go on, new ones are refused, and the address is free at once.
fn closed_listener(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let mut streams: Vec<TcpStream> =
        (0..100).map(|_| subject.connect(b'e')).collect::<Result<_, _>>()?;
    streams.iter_mut().try_for_each(|stream| ping(stream).map(drop))?;
    subject.connect(b'c')?.read_to_end(&mut Vec::new())?;
    let (begun, mut refused) = (Instant::now(), 0);
    while begun.elapsed() < GAP / 2 {
        refused += u32::from(TcpStream::connect(subject.address).is_err());
        streams.iter_mut().take(10).try_for_each(|stream| ping(stream).map(drop))?;
    }
    if refused == 0 {
        return Ok(Err("nobody was refused".to_string()));
    }
    thread::sleep(GAP);
    drop(streams);
    is_well(subject, before)
}

/// One request blocks a thread; the others have another one.
fn blocked_thread(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let mut streams: Vec<TcpStream> =
        (0..20).map(|_| subject.connect(b'e')).collect::<Result<_, _>>()?;
    let mut worst = Duration::ZERO;
    streams.iter_mut().try_for_each(|stream| ping(stream).map(drop))?;
    let mut blocking = subject.connect(b'b')?;
    let begun = Instant::now();
    while begun.elapsed() < BLOCK / 2 {
        for stream in &mut streams {
            worst = worst.max(ping(stream)?);
        }
    }
    blocking.read_exact(&mut [0])?;
    let text = format!("others wait for {} ms at most", worst.as_millis());
    if worst > LATENCY {
        return Ok(Err(text));
    }
    drop(streams);
    Ok(is_well(subject, before)?.map(|_| text))
}

/// Connections that always have more to echo, and one that asks for little.
fn flood_beside(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let mut floods = Vec::new();
    for _ in 0..4 {
        let mut writer = subject.connect(b'e')?;
        let mut reader = writer.try_clone()?;
        thread::spawn(move || while writer.write_all(&[7; 16384]).is_ok() {});
        let flood = reader.try_clone()?;
        thread::spawn(move || while reader.read(&mut [0; 16384]).is_ok_and(|read| read > 0) {});
        floods.push(flood);
    }
    let (mut small, mut worst) = (subject.connect(b'e')?, Duration::ZERO);
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(20));
        worst = worst.max(ping(&mut small)?);
    }
    for flood in floods {
        flood.shutdown(Shutdown::Both)?;
    }
    drop(small);
    let text = format!("it waits for {} ms at most", worst.as_millis());
    if worst > LATENCY {
        return Ok(Err(text));
    }
    Ok(is_well(subject, before)?.map(|_| text))
}

fn given_up_reads(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    let mut stream = subject.connect(b't')?;
    for size in 0..400 {
        stream.write_all(&vec![7; size % 100])?;
        thread::sleep(Duration::from_micros(900));
    }
    stream.shutdown(Shutdown::Write)?;
    let mut count = [0; 8];
    stream.read_exact(&mut count)?;
    let (count, sent) = (u64::from_le_bytes(count), (0..400).map(|size| size % 100).sum::<u64>());
    if count != sent {
        return Ok(Err(format!("{count} of {sent} bytes were read")));
    }
    drop(stream);
    is_well(subject, before)
}

fn panics(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let before = subject.descriptors()?;
    for _ in 0..100 {
        _ = subject.connect(b'p')?.read_to_end(&mut Vec::new());
    }
    is_well(subject, before)
}

fn dropped(subject: &mut Subject) -> Result<Verdict, io::Error> {
    let mut streams: Vec<TcpStream> =
        (0..500).map(|_| subject.connect(b'e')).collect::<Result<_, _>>()?;
    streams.iter_mut().try_for_each(|stream| stream.write_all(&[7; 10_000]))?;
    _ = subject.connect(b'q')?.read_to_end(&mut Vec::new());
    for mut stream in streams {
        // The end, or a reset: but not nothing.
        let ended = stream.read_to_end(&mut Vec::new()).err().map(|error| error.kind());
        if ended.is_some_and(|kind| kind != io::ErrorKind::ConnectionReset) {
            return Ok(Err(format!("a connection has not ended: {ended:?}")));
        }
    }
    Ok(subject.wait_for_end().map(|()| String::new()))
}
