//! `requests ADDRESS COUNT [CONNECTIONS]`: asks a server COUNT times on connections that stay open,
//! one request at a time on each, and checks each answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: hello\r\n\r\n";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match &arguments[..] {
        [address, count] => address.parse().ok().zip(count.parse().ok()).zip(Some(1)),
        [address, count, connections] => {
            address.parse().ok().zip(count.parse().ok()).zip(connections.parse().ok())
        }
        _ => None,
    };
    let Some(((address, count), connections)) = parsed else {
        eprintln!("usage: requests ADDRESS COUNT [CONNECTIONS]");
        std::process::exit(2);
    };
    ask(address, count, connections)
}

fn ask(address: SocketAddr, count: usize, connections: usize) -> io::Result<()> {
    let connect = |_| {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let mut streams = (0..connections.max(1)).map(connect).collect::<io::Result<Vec<_>>>()?;
    let mut answered = 0;
    while answered < count {
        let turn = (count - answered).min(streams.len());
        for stream in &mut streams[..turn] {
            stream.write_all(REQUEST)?;
        }
        for stream in &mut streams[..turn] {
            take_answer(stream)?;
        }
        answered += turn;
    }
    Ok(())
}

/// Reads one answer, which is known by its end.
fn take_answer(stream: &mut TcpStream) -> io::Result<()> {
    let mut answer = [0; 1024];
    let mut length = 0;
    while !answer[..length].ends_with(b"\r\n\r\nhello") {
        match stream.read(&mut answer[length..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => length += more,
        }
    }
    match answer.starts_with(b"HTTP/1.1 200 OK\r\n") {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&answer[..length]).into_owned())),
    }
}
