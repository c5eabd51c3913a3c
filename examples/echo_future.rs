//! A TCP echo by the future API.
//!
//! Some futures take a socket and give it back. A program can chain, store and spawn them as they
//! are; the server uses these. `async` methods borrow the socket and are easier to read within one
//! function; the client uses those. Both work on the same types.

use std::io;
use std::net::SocketAddr;

use futures::{StreamExt, TryFutureExt};
use minato::io::{AsyncReadExt, AsyncWriteExt, owned};
use minato::net::{TcpListener, TcpStream};
use minato::runtime::Runtime;

async fn serve(listener: TcpListener) {
    // `incoming` survives connections that end before they are accepted, and a process that is out
    // of descriptors for a while.
    let mut incoming = listener.incoming();
    while let Some(connection) = incoming.next().await {
        let Ok(socket) = connection else { return };
        // Socket and buffer go in by value and come out again, so this future borrows nothing and
        // can be a task of its own.
        let echo = owned::read_exact(socket, vec![0; 5])
            .and_then(|(socket, buf)| owned::write_all(socket, buf))
            .and_then(|(socket, _buf)| owned::shutdown(socket));
        minato::spawn(echo);
    }
}

async fn ask(address: SocketAddr, question: &[u8; 5]) -> io::Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(question).await?;
    let mut answer = String::new();
    // The server closes after five bytes, which is the end of the answer.
    socket.read_to_string(&mut answer).await?;
    Ok(answer)
}

fn main() -> io::Result<()> {
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = minato::spawn(serve(listener));

        for question in [b"ships", b"quays", b"tides"] {
            println!("{address} answers {}", ask(address, question).await?);
        }
        // A task outlives its handle. `abort` ends it.
        server.abort();
        Ok(())
    })
}
