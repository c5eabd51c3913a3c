//! Receive buffers that a thread lends: connections that wait hold none.

use std::io;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};

/// Sends back what comes.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    loop {
        // It waits first. Only when something has arrived does it take memory, which is that of
        // this thread's last receive and still in the processor's cache.
        let Some(lent) = stream.read_lent().await? else { return Ok(()) };
        // This sends at once and gives the memory back. If the client does not read, the rest is
        // copied, and only the copy waits.
        stream.write_all_lent(lent).await?;
    }
}

/// Answers with the length of what comes.
async fn measure(socket: UdpSocket) -> io::Result<()> {
    loop {
        // What is lent stays on its thread, so no `await` may lie within its block.
        let (length, sender) = {
            let (lent, sender) = socket.recv_from_lent().await?;
            (lent.len(), sender)
        };
        socket.send_to(format!("{length} bytes").as_bytes(), sender).await?;
    }
}

fn main() -> io::Result<()> {
    minato::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut clients = Vec::new();
        for _ in 0..100 {
            let client = TcpStream::connect(listener.local_addr()?).await?;
            let (stream, _) = listener.accept().await?;
            minato::spawn(echo(stream));
            clients.push(client);
        }
        for client in &mut clients {
            client.write_all(b"ahoy").await?;
            let answer = client.read_lent().await?.map(|lent| lent.into_vec());
            assert_eq!(answer.as_deref(), Some(&b"ahoy"[..]));
        }
        println!("{} connections were answered, and hold no buffer", clients.len());

        let server = UdpSocket::bind("127.0.0.1:0").await?;
        let client = UdpSocket::bind("127.0.0.1:0").await?;
        client.connect(server.local_addr()?).await?;
        let measuring = minato::spawn(measure(server));
        client.send(&[0; 1200]).await?;
        let answer = client.recv_lent().await?;
        println!("the datagram had {}", String::from_utf8_lossy(&answer));
        // `run` ends when all tasks have, and this one has no end of its own.
        measuring.abort();
        Ok(())
    })
}
