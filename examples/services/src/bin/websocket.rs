//! A WebSocket server by tokio-tungstenite, which takes the socket as it is: it sends every message
//! back.

use futures_util::{StreamExt, TryStreamExt};
use minato::net::{TcpListener, TcpStream};
use std::convert::Infallible;
use tokio_tungstenite::tungstenite::Result;

async fn echo(stream: TcpStream) -> Result<()> {
    let socket = tokio_tungstenite::accept_async(stream).await?;
    let (writer, reader) = socket.split();
    // A ping is answered, and a close is confirmed, by reading on.
    let messages = reader.try_filter(|message| {
        let is_data = message.is_text() || message.is_binary();
        std::future::ready(is_data)
    });
    messages.forward(writer).await
}

#[minato::main]
async fn main() -> std::io::Result<Infallible> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, from) = listener.accept().await?;
        minato::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{from}: {error}");
            }
        });
    }
}
