//! From tokio 0.1, last step: nothing old is left, and `minato` is the only dependency.

use std::io;
use std::net::SocketAddr;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};

const CLIENTS: usize = 3;

/// Sends back what a client sends, until it has no more to say.
async fn echo(mut socket: TcpStream) -> io::Result<()> {
    let (mut reader, mut writer) = socket.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    for _ in 0..CLIENTS {
        let (socket, _) = listener.accept().await?;
        minato::spawn(async {
            if let Err(error) = echo(socket).await {
                eprintln!("a client is lost: {error}");
            }
        });
    }
    Ok(())
}

async fn ask(address: SocketAddr, number: usize) -> io::Result<()> {
    let mut socket = TcpStream::connect(address).await?;
    let question = format!("client {number}");
    socket.write_all(question.as_bytes()).await?;
    let mut answer = vec![0; question.len()];
    socket.read_exact(&mut answer).await?;
    println!("{}", String::from_utf8_lossy(&answer));
    Ok(())
}

fn main() -> io::Result<()> {
    // As `tokio::run` did, this returns when all tasks are done.
    minato::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        for number in 1..=CLIENTS {
            minato::spawn(ask(address, number));
        }
        serve(listener).await
    })
}
