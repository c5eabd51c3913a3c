//! One echo exchange: who answers, and who asks and checks the answers.

use std::io;
use std::net::SocketAddr;
use std::thread;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::TcpStream;

/// Echoes one connection until its end.
pub(crate) async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = vec![0; 4096];
    loop {
        match stream.read(&mut buf).await? {
            0 => return Ok(()),
            len => stream.write_all(&buf[..len]).await?,
        }
    }
}

/// Sends `rounds` messages over a connection and checks what comes back.
pub(crate) async fn ping(stream: &mut TcpStream, rounds: usize) -> io::Result<()> {
    for round in 0..rounds {
        let sent: Vec<u8> = (0..64 + round * 131 % 2600).map(|at| (at * 7 + round) as u8).collect();
        stream.write_all(&sent).await?;
        let mut received = vec![0; sent.len()];
        stream.read_exact(&mut received).await?;
        assert_eq!(sent, received);
    }
    Ok(())
}

/// A listener on a free port that a standard thread serves: nothing of ours on that side.
pub(crate) fn standard_echo_server() -> SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                let mut buf = [0; 4096];
                while let Ok(len @ 1..) = stream.read(&mut buf) {
                    if stream.write_all(&buf[..len]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}
