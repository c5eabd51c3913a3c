//! Servers that are loaded in turns, and a start of the suite: real peers, few operations.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use minato_bench::load::alternate::Slice;

const BENCH: &str = env!("CARGO_BIN_EXE_minato-bench");
const MINATO: &str = env!("CARGO_BIN_EXE_peer-minato");
const RAW: &str = env!("CARGO_BIN_EXE_peer-raw");

/// A peer that serves until this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, arguments: &[&str]) -> Server {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening ").unwrap().to_string();
        Server { child, address }
    }

    /// As the load wants to be told of it.
    fn called(&self, name: &str) -> String {
        format!("{name}={}@{}", self.child.id(), self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn alternate(words: &str, servers: &[String]) -> Output {
    Command::new(BENCH).arg("alternate").args(words.split(' ')).args(servers).output().unwrap()
}

fn slices(output: &Output) -> Vec<Slice> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Loads the bare loop and minato in turns; each slice is to have so many operations.
fn in_turns(workload: &[&str], words: &str, operations: u64) {
    let raw = Server::start(RAW, &[&["epoll"], workload].concat());
    let minato = Server::start(MINATO, &[&["current"], workload].concat());
    let servers = [raw.called("raw"), minato.called("minato")];
    let slices = slices(&alternate(&format!("{words} --blocks 3"), &servers));
    for block in 1..=3 {
        let mut of_block = slices.iter().filter(|slice| slice.block == block);
        let (first, second) = (of_block.next().unwrap(), of_block.next().unwrap());
        assert!(of_block.next().is_none() && first.server != second.server, "{slices:?}");
        for slice in [first, second] {
            assert_eq!(slice.operations, operations, "{words}: {slice:?}");
            assert!(slice.cpu_nanoseconds > 0, "{words}: {slice:?}");
            assert_eq!(slice.probe_nanoseconds.is_some(), words.contains("--probe"), "{words}");
        }
    }
    assert_eq!(slices.len(), 6);
}

#[test]
fn each_block_has_a_slice_of_each_server_with_fixed_work() {
    in_turns(&["echo"], "--connections 4 --operations 10 --warm-up 4 --probe", 12);
    in_turns(&["echo"], "--connections 6 --active 2 --pipeline 3 --operations 6 --warm-up 0", 6);
    in_turns(&["churn"], "--mode churn --connections 4 --operations 8 --probe", 8);
    in_turns(&["udp-echo"], "--mode udp-echo --connections 2 --operations 10 --probe", 10);
    let bulk = "--mode udp-echo --connections 1 --pipeline 8 --segments 8 --operations 16";
    in_turns(&["udp-echo", "--batch"], bulk, 16);
}

#[test]
fn a_transfer_is_a_connection_through_a_relay() {
    let sink = Server::start(BENCH, &["sink"]);
    let words = "--mode bulk --bytes 300000 --operations 2 --warm-up 1";
    in_turns(&["relay", "--target", &sink.address], words, 2);
}

#[test]
fn a_server_that_fails_is_named() {
    let minato = Server::start(MINATO, &["current", "echo"]);
    let churn = Server::start(MINATO, &["current", "churn"]);
    let servers = [minato.called("minato"), churn.called("closes")];
    let output = alternate("--connections 1 --operations 2", &servers);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.starts_with("error: closes: "), "{said}");
    let nobody = ["nobody=x@127.0.0.1:1".to_string()];
    assert!(!alternate("--connections 1", &nobody).status.success());
}

/// The smoke suite of a case that alternates gives each peer a figure.
#[test]
fn a_start_of_the_suite_has_figures() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("run.json");
    let mut command = Command::new(BENCH);
    command.args(["--smoke", "--no-build", "--only", "echo", "--peers", "tokio", "--json"]);
    let output = command.arg(&json).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("minato-again"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let run = minato_bench::report::json::Run::read(&json).unwrap();
    for peer in ["raw-epoll", "minato", "minato-again", "tokio"] {
        assert!(run.figures.iter().any(|figure| figure.peer == peer), "{peer}");
    }
    let minato = run.figures.iter().find(|figure| figure.peer == "minato").unwrap();
    assert!(minato.ratios["tokio"].value > 0.0);
}
