//! A closed loop of echo requests over blocking sockets: writes to every connection, then reads
//! from every connection, so that the server sees them all at once.

use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "usage: echo-load ADDRESS CONNECTIONS SIZE REQUESTS",
        )
    };
    let [address, counts @ ..] = arguments.as_slice() else { return Err(usage()) };
    let counts: Vec<usize> = counts.iter().filter_map(|count| count.parse().ok()).collect();
    let [connections, size, requests] = counts[..] else { return Err(usage()) };

    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let sent: Vec<u8> = (0..size).map(|at| at as u8).collect();
    let mut received = vec![0; size];
    for _ in 0..requests / connections.max(1) {
        for stream in &mut streams {
            stream.write_all(&sent)?;
        }
        for stream in &mut streams {
            stream.read_exact(&mut received)?;
            if received != sent {
                return Err(io::Error::other("the echo differs from what was sent"));
            }
        }
    }
    Ok(())
}
