//! Sets a value so many times, by 20 connections in turn: `load ADDRESS REQUESTS`. Nothing of it
//! changes when the server moves.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let usage = || io::Error::other("usage: load ADDRESS REQUESTS");
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or_else(usage)?;
    let count = arguments.next().and_then(|count| count.parse().ok()).ok_or_else(usage)?;
    let connect = |_| TcpStream::connect(&address).map(BufReader::new);
    let mut connections = (0..20).map(connect).collect::<io::Result<Vec<_>>>()?;
    let mut left: usize = count;
    let mut line = String::new();
    while left > 0 {
        let round = left.min(connections.len());
        for (number, connection) in connections[..round].iter_mut().enumerate() {
            writeln!(connection.get_mut(), "set ship{number} Argo")?;
        }
        for connection in &mut connections[..round] {
            line.clear();
            connection.read_line(&mut line)?;
            assert!(line.starts_with('+'), "{line}");
        }
        left -= round;
    }
    Ok(())
}
