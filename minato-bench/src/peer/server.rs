//! How a server tells where it listens, and when it ends.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::SIGIO;

/// The first byte of a request that blocks its worker, in the workload `blocked`. The load
/// generator begins no other request with it.
pub const BLOCKING: u8 = 0xFF;

/// The datagram that `udp-sink` answers with the number of those it has received so far.
pub const QUESTION: [u8; 8] = *b"count?\0\0";

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

/// Ends the process with 0 once standard input, a pipe, ends.
///
/// The kernel tells of that by a signal. A thread that waits for it would turn each peer into a
/// program with several threads, whose system calls cost more instructions in the C library.
///
/// # Errors
///
/// Those of asking for the signal.
pub fn exit_when_stdin_ends() -> io::Result<()> {
    signal_hook::flag::register_conditional_shutdown(SIGIO, 0, Arc::new(AtomicBool::new(true)))?;
    let stdin = io::stdin();
    // SAFETY: takes and gives numbers only.
    if unsafe { libc::fcntl(libc::STDIN_FILENO, libc::F_SETOWN, libc::getpid()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    let flags = OFlag::from_bits_retain(fcntl(&stdin, FcntlArg::F_GETFL)?);
    fcntl(&stdin, FcntlArg::F_SETFL(flags | OFlag::O_ASYNC))?;
    // It may have ended before.
    let mut ended = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
    poll(&mut ended, PollTimeout::ZERO)?;
    if ended[0].revents().is_some_and(|events| events.contains(PollFlags::POLLHUP)) {
        std::process::exit(0);
    }
    Ok(())
}

/// As [`exit_when_stdin_ends`], after `at_end`, which a thread waits to do.
///
/// # Errors
///
/// That of starting the thread.
pub fn exit_when_stdin_ends_after(at_end: impl FnOnce() + Send + 'static) -> io::Result<()> {
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
