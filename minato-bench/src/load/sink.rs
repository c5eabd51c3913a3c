//! The far end of a bulk load: takes all bytes and drops them.

use std::io::{self, Read};
use std::net::TcpListener;
use std::thread;

use crate::peer::{announce, exit_when_stdin_ends};

/// Listens, announces its address as a peer does, and reads every connection to its end, until
/// standard input ends.
///
/// # Errors
///
/// Those of the listener.
pub fn sink() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    exit_when_stdin_ends()?;
    announce(listener.local_addr()?)?;
    loop {
        let (mut stream, _) = listener.accept()?;
        thread::spawn(move || {
            let mut buffer = vec![0; 256 * 1024];
            while matches!(stream.read(&mut buffer), Ok(1..)) {}
        });
    }
}
