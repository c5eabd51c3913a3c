//! Every peer does what its command line asks, or says that it lacks it: each server is driven over
//! plain sockets and ended through its standard input, each workload that drives itself is run.
//!
//! `peer-raw` has no runtime to configure and is tried by the suite itself.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use minato_bench::peer::LACKS;

/// Ends what hangs; no peer needs a fraction of it.
const LIMIT: Duration = Duration::from_secs(30);

struct Peer {
    program: &'static str,
    variant: &'static str,
    /// Takes several workers.
    workers: bool,
    /// Has bulk datagrams.
    batch: bool,
    /// Moves timers that wait.
    reset: bool,
}

const MINATO: &str = env!("CARGO_BIN_EXE_peer-minato");
const TOKIO: &str = env!("CARGO_BIN_EXE_peer-tokio");
const SMOL: &str = env!("CARGO_BIN_EXE_peer-smol");
const MONOIO: &str = env!("CARGO_BIN_EXE_peer-monoio");
const COMPIO: &str = env!("CARGO_BIN_EXE_peer-compio");

const fn peer(program: &'static str, variant: &'static str, workers: bool, batch: bool) -> Peer {
    Peer { program, variant, workers, batch, reset: true }
}

/// Those that need no more of the kernel than readiness.
fn readiness() -> Vec<Peer> {
    vec![
        peer(MINATO, "current", false, true),
        peer(MINATO, "multi", true, true),
        peer(TOKIO, "current", false, true),
        peer(TOKIO, "multi", true, true),
        peer(SMOL, "current", false, true),
        peer(SMOL, "multi", true, true),
    ]
}

/// Those that need io_uring, where there is any; containers often forbid it.
fn completion() -> Vec<Peer> {
    if io_uring::IoUring::new(8).is_err() {
        println!("skipped: monoio and compio, since the kernel gives no io_uring");
        return Vec::new();
    }
    vec![
        peer(MONOIO, "default", true, false),
        peer(MONOIO, "defer", true, false),
        Peer { reset: false, ..peer(COMPIO, "default", true, true) },
        Peer { reset: false, ..peer(COMPIO, "defer", true, true) },
    ]
}

fn all() -> Vec<Peer> {
    readiness().into_iter().chain(completion()).collect()
}

impl Peer {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.arg(self.variant).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        wait_for(&mut child);
        child.wait_with_output().unwrap()
    }

    /// Starts a server; its address is the second word of its first line.
    fn serve(&self, arguments: &[&str]) -> Server {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the peer starts");
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening ").and_then(|word| word.parse().ok());
        let name = format!("{} {} {arguments:?}", self.program, self.variant);
        let address = address.unwrap_or_else(|| panic!("{name} announced {line:?}"));
        Server { child, output, address, name }
    }

    /// Asserts that the peer ends with the code that says that it lacks what is asked for.
    fn lacks(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(code, Some(LACKS), "{} {} {arguments:?}", self.program, self.variant);
        assert!(said.starts_with("this peer lacks "), "{said}");
    }
}

/// Waits for the end of a process that prints little; kills it at the limit.
fn wait_for(child: &mut Child) {
    let until = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    }
}

struct Server {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    address: SocketAddr,
    name: String,
}

impl Server {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Ends standard input, and gives what the server printed after its address.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        wait_for(&mut self.child);
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{}: {status}", self.name);
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only after a failed assertion is there still something to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `size` bytes that do not repeat with any power of two, and never begin with 0xFF.
fn message(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

fn ask(stream: &mut TcpStream, question: &[u8]) {
    stream.write_all(question).unwrap();
    let mut answer = vec![0; question.len()];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer == question, "the echo differs from what was sent");
}

fn ask_on_several(server: &Server, connections: usize, size: usize) {
    let mut streams: Vec<_> = (0..connections).map(|_| server.connect()).collect();
    for _ in 0..3 {
        for stream in &mut streams {
            ask(stream, &message(size));
        }
    }
}

#[test]
fn echo_writes_back_what_it_reads() {
    for peer in all() {
        let server = peer.serve(&["echo"]);
        ask_on_several(&server, 5, 64);
        // More than the buffer holds.
        ask_on_several(&server, 2, 100_000);
        assert_eq!(server.end(), "");
        if peer.workers {
            let server = peer.serve(&["echo", "--workers", "2"]);
            ask_on_several(&server, 8, 1000);
            server.end();
        } else {
            peer.lacks(&["echo", "--workers", "2"]);
        }
    }
}

#[test]
fn only_minato_spins() {
    for peer in all() {
        if peer.program == MINATO {
            let server = peer.serve(&["echo", "--spin"]);
            ask_on_several(&server, 2, 64);
            server.end();
        } else {
            peer.lacks(&["echo", "--spin"]);
        }
    }
}

#[test]
fn churn_closes_after_one_echo() {
    for peer in all() {
        let server = peer.serve(&["churn"]);
        for _ in 0..20 {
            let mut stream = server.connect();
            ask(&mut stream, b"once");
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).unwrap();
            assert!(rest.is_empty(), "{}: {rest:?}", server.name);
        }
        server.end();
    }
}

#[test]
fn idle_connections_are_answered() {
    for peer in all() {
        let server = peer.serve(&["idle"]);
        let idle: Vec<_> = (0..50).map(|_| server.connect()).collect();
        ask_on_several(&server, 3, 50);
        drop(idle);
        server.end();
    }
}

#[test]
fn a_blocking_request_is_answered_after_its_time() {
    for peer in all() {
        let server = peer.serve(&["blocked", "--block-ms", "20"]);
        ask_on_several(&server, 2, 64);
        ask(&mut server.connect(), b"\xffblocks");
        server.end();
    }
}

/// Echoes each of its connections, until the process ends.
fn target() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

#[test]
fn relay_forwards_both_ways_and_half_closes() {
    let target = target().to_string();
    for peer in all() {
        let server = peer.serve(&["relay", "--target", &target]);
        ask_on_several(&server, 3, 5000);
        let mut stream = server.connect();
        let sent = message(300_000);
        let mut writer = stream.try_clone().unwrap();
        let writing = thread::spawn(move || {
            writer.write_all(&sent).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        writing.join().unwrap();
        assert!(received == message(300_000), "{}: {} bytes", server.name, received.len());
        server.end();
    }
}

fn udp_client(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server.address).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

/// Receives; a process that was stopped and continued is interrupted where it waits with a limit.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> usize {
    loop {
        match socket.recv(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            received => return received.unwrap(),
        }
    }
}

#[test]
fn datagrams_come_back() {
    for peer in all() {
        let mut ways = vec![&["udp-echo"][..]];
        if peer.batch {
            ways.push(&["udp-echo", "--batch"]);
        } else {
            peer.lacks(&["udp-echo", "--batch"]);
        }
        for way in ways {
            let server = peer.serve(way);
            let client = udp_client(&server);
            for size in [1, 64, 1200, 64] {
                client.send(&message(size)).unwrap();
                let mut answer = [0; 2000];
                let len = receive(&client, &mut answer);
                assert!(answer[..len] == message(size), "{}: {len} of {size}", server.name);
            }
            assert_eq!(server.end(), "");
        }
    }
}

#[test]
fn datagrams_are_counted() {
    for peer in all() {
        let mut ways = vec![&["udp-sink"][..]];
        if peer.batch {
            ways.push(&["udp-sink", "--batch"]);
        }
        for way in ways {
            let server = peer.serve(way);
            let client = udp_client(&server);
            for _ in 0..20 {
                client.send(&message(64)).unwrap();
            }
            // On loopback a datagram is in the receiver's queue when `send` returns.
            wait_until_counted(&server);
            let told = server.end();
            assert_eq!(told, "received 20\n", "{}", peer.program);
        }
    }
}

/// Until the server has taken every datagram from its socket and all its threads sleep again, which
/// they do only after counting.
fn wait_until_counted(server: &Server) {
    for _ in 0..3000 {
        if is_drained(server.address.port()) && sleeps(server.child.id()) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{}: datagrams stay in the queue", server.name);
}

/// Whether nothing is in the receive queue of the UDP socket at `port`.
fn is_drained(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/udp").unwrap();
    let local = format!(":{port:04X} 00000000:0000 ");
    // The system leaves lines out if other sockets come or go while it writes the list.
    let line = sockets.lines().find(|line| line.contains(&local));
    line.is_some_and(|line| line.contains(" 07 00000000:00000000 "))
}

/// Whether every thread of the process is in state S.
fn sleeps(process: u32) -> bool {
    std::fs::read_dir(format!("/proc/{process}/task")).unwrap().all(|thread| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
    })
}

#[test]
fn workloads_that_drive_themselves_report() {
    for peer in all() {
        let workloads = [
            "spawn-join",
            "yield",
            "wake-across",
            "wake-many-to-one",
            "timer-insert-cancel",
            "timer-expire",
            "timer-reset",
        ];
        for workload in workloads {
            if workload == "timer-reset" && !peer.reset {
                peer.lacks(&[workload]);
                continue;
            }
            report(&peer, &[workload, "--count", "500"]);
        }
        if peer.workers {
            report(&peer, &["timer-insert-cancel", "--count", "500", "--workers", "2"]);
        }
    }
}

fn report(peer: &Peer, arguments: &[&str]) {
    let output = peer.run(arguments);
    let name = format!("{} {} {arguments:?}", peer.program, peer.variant);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = told.split_whitespace().collect();
    let ["operations", "500", "nanoseconds", time, "cpu", cpu] = words[..] else {
        panic!("{name} told {told:?}");
    };
    assert!(time.parse::<u64>().unwrap() > 0 && cpu.parse::<u64>().is_ok(), "{told}");
}

#[test]
fn an_unknown_variant_is_refused() {
    for peer in all() {
        let unknown = Peer { variant: "nonsense", ..peer };
        let output = unknown.run(&["echo"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no variant `nonsense`"));
    }
}
