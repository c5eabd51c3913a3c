//! A UDP echo: datagrams with their senders, and what makes them different from streams.

use std::io;
use std::time::Duration;

use minato::net::UdpSocket;
use minato::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);

async fn echo(socket: UdpSocket) -> io::Result<()> {
    // A datagram comes whole or not at all. What does not fit into the buffer is cut off, so the
    // buffer has room for the longest one there can be.
    let mut buf = vec![0; 65_535];
    loop {
        let (len, sender) = socket.recv_from(&mut buf).await?;
        // One socket serves all clients: the sender's address says where the answer goes.
        socket.send_to(&buf[..len], sender).await?;
    }
}

async fn ask(socket: &UdpSocket, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut buf = [0; 1500];
    for _ in 0..3 {
        socket.send(question).await?;
        // A datagram may be lost without an error. Without a time limit and another attempt this
        // would wait forever. A dropped `recv` loses nothing; later datagrams stay queued.
        if let Ok(received) = timeout(PATIENCE, socket.recv(&mut buf)).await {
            return Ok(buf[..received?].to_vec());
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "three datagrams, and no answer"))
}

fn main() -> io::Result<()> {
    minato::runtime::Runtime::new()?.block_on(async {
        let server = UdpSocket::bind("127.0.0.1:0").await?;
        let address = server.local_addr()?;
        let echo = minato::spawn(echo(server));

        let client = UdpSocket::bind("127.0.0.1:0").await?;
        // Connecting sends nothing. It sets the peer: `send` needs no address, and the socket does
        // not receive datagrams of others.
        client.connect(address).await?;
        for question in ["ahoy", "", "a datagram may be empty"] {
            let answer = ask(&client, question.as_bytes()).await?;
            assert_eq!(answer, question.as_bytes());
            println!("{address} answers {:?}", String::from_utf8_lossy(&answer));
        }
        echo.abort();
        Ok(())
    })
}
