//! How a server tells where it listens, and when it ends.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

/// The first byte of a request that blocks its worker, in the workload `blocked`. The load
/// generator begins no other request with it.
pub const BLOCKING: u8 = 0xFF;

/// Prints the line `listening ADDR` that the runner waits for.
///
/// # Errors
///
/// Those of writing to standard output.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening {address}")?;
    out.flush()
}

/// Starts a thread that ends the process with 0 once standard input ends, after `at_end`.
///
/// # Errors
///
/// That of starting the thread.
pub fn exit_when_stdin_ends(at_end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let watch = move || {
        let mut input = io::stdin().lock();
        let mut rubbish = [0; 64];
        while !matches!(input.read(&mut rubbish), Ok(0) | Err(_)) {}
        at_end();
        std::process::exit(0);
    };
    std::thread::Builder::new().name("stdin-watch".to_string()).spawn(watch)?;
    Ok(())
}

/// Prints the line `received N` with which `udp-sink` ends.
pub fn report_received(datagrams: u64) {
    println!("received {datagrams}");
}
