//! The peers, started and ended, and clients of their servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use minato_bench::peer::LACKS;

/// Ends what hangs; no peer needs a fraction of it.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Peer {
    pub(crate) program: &'static str,
    pub(crate) variant: &'static str,
    /// Takes several workers.
    pub(crate) workers: bool,
    /// Has bulk datagrams.
    pub(crate) batch: bool,
    /// Moves timers that wait.
    pub(crate) reset: bool,
    /// Lets a task say that it blocks.
    pub(crate) blocks: bool,
}

pub(crate) const MINATO: &str = env!("CARGO_BIN_EXE_peer-minato");
pub(crate) const TOKIO: &str = env!("CARGO_BIN_EXE_peer-tokio");
pub(crate) const SMOL: &str = env!("CARGO_BIN_EXE_peer-smol");
pub(crate) const MONOIO: &str = env!("CARGO_BIN_EXE_peer-monoio");
pub(crate) const COMPIO: &str = env!("CARGO_BIN_EXE_peer-compio");
pub(crate) const RAW: &str = env!("CARGO_BIN_EXE_peer-raw");

pub(crate) const fn peer(
    program: &'static str,
    variant: &'static str,
    workers: bool,
    batch: bool,
) -> Peer {
    Peer { program, variant, workers, batch, reset: true, blocks: false }
}

/// Those that need no more of the kernel than readiness.
pub(crate) fn readiness() -> Vec<Peer> {
    vec![
        peer(MINATO, "current", false, true),
        Peer { blocks: true, ..peer(MINATO, "multi", true, true) },
        peer(TOKIO, "current", false, true),
        Peer { blocks: true, ..peer(TOKIO, "multi", true, true) },
        peer(SMOL, "current", false, true),
        peer(SMOL, "multi", true, true),
    ]
}

/// Those that need io_uring, where there is any; containers often forbid it.
pub(crate) fn completion() -> Vec<Peer> {
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

pub(crate) fn all() -> Vec<Peer> {
    readiness().into_iter().chain(completion()).collect()
}

impl Peer {
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.arg(self.variant).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with("", arguments)
    }

    /// Runs to its end, with a few lines of standard input.
    pub(crate) fn run_with(&self, input: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A peer that refuses its command line reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        wait_for(&mut child);
        child.wait_with_output().unwrap()
    }

    /// Starts a server; its address is the second word of its first line.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
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
    pub(crate) fn lacks(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(code, Some(LACKS), "{} {} {arguments:?}", self.program, self.variant);
        assert!(said.starts_with("this peer lacks "), "{said}");
    }
}

/// Waits for the end of a process that prints little; kills it at the limit.
pub(crate) fn wait_for(child: &mut Child) {
    let until = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > until {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) output: BufReader<std::process::ChildStdout>,
    pub(crate) address: SocketAddr,
    pub(crate) name: String,
}

impl Server {
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    /// Ends standard input, and gives what the server printed after its address.
    pub(crate) fn end(mut self) -> String {
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
pub(crate) fn message(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}

pub(crate) fn ask(stream: &mut TcpStream, question: &[u8]) {
    stream.write_all(question).unwrap();
    let mut answer = vec![0; question.len()];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer == question, "the echo differs from what was sent");
}

pub(crate) fn ask_on_several(server: &Server, connections: usize, size: usize) {
    let mut streams: Vec<_> = (0..connections).map(|_| server.connect()).collect();
    for _ in 0..3 {
        for stream in &mut streams {
            ask(stream, &message(size));
        }
    }
}
