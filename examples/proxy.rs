//! A TCP proxy: `copy_bidirectional` between a client and a server.
//!
//! Each direction ends by itself. When a client shuts its side down, the proxy passes the end on,
//! and the answer still comes back.

use std::io;
use std::net::SocketAddr;

use futures::StreamExt;
use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};

/// Answers with everything it got, in capitals, once the client has finished.
async fn shout(listener: TcpListener) -> io::Result<()> {
    let (mut socket, _) = listener.accept().await?;
    let mut text = String::new();
    socket.read_to_string(&mut text).await?;
    socket.write_all(text.to_uppercase().as_bytes()).await?;
    socket.shutdown().await
}

async fn proxy(listener: TcpListener, target: SocketAddr) {
    let mut incoming = listener.incoming();
    while let Some(Ok(mut client)) = incoming.next().await {
        // A task each, so that a slow connection holds up no other.
        minato::spawn(async move {
            let mut server = TcpStream::connect(target).await?;
            let (sent, received) = minato::io::copy_bidirectional(&mut client, &mut server).await?;
            println!("proxy: {sent} bytes there, {received} bytes back");
            io::Result::Ok(())
        });
    }
}

fn main() -> io::Result<()> {
    minato::runtime::Runtime::new()?.block_on(async {
        let target = TcpListener::bind("127.0.0.1:0").await?;
        let front = TcpListener::bind("127.0.0.1:0").await?;
        let (target_address, front_address) = (target.local_addr()?, front.local_addr()?);
        let server = minato::spawn(shout(target));
        let proxy = minato::spawn(proxy(front, target_address));

        let mut client = TcpStream::connect(front_address).await?;
        client.write_all(b"is anybody out there?").await?;
        client.shutdown().await?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await?;
        println!("client: {answer}");
        assert_eq!(answer, "IS ANYBODY OUT THERE?");

        server.await??;
        proxy.abort();
        Ok(())
    })
}
