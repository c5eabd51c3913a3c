//! From tokio 0.1, second step: one part is new, and the rest stays as it is.
//!
//! Each connection is served by an `async` function on Minato's own types. The bridge carries its
//! future into the old program, and `From` its socket into the new function. Any part can be the
//! next, in any order: both kinds run on the same runtime, and share its reactors.

use std::net::SocketAddr;

use minato::io::AsyncWriteExt;
use tokio::bridge::from_std;
use tokio::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::prelude::*;

const CLIENTS: u64 = 3;

/// Sends back what a client sends, until it has no more to say. This is new.
async fn echo(mut socket: minato::net::TcpStream) -> io::Result<()> {
    let (mut reader, mut writer) = socket.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

fn serve(listener: TcpListener) -> impl Future<Item = (), Error = ()> {
    listener
        .incoming()
        .take(CLIENTS)
        .map_err(|error| eprintln!("no more clients: {error}"))
        .for_each(|socket| {
            let echo = from_std(echo(socket.into()));
            tokio::spawn(echo.map_err(|error| eprintln!("a client is lost: {error}")))
        })
}

fn ask(address: SocketAddr, number: u64) -> impl Future<Item = (), Error = ()> {
    TcpStream::connect(&address)
        .and_then(move |socket| io::write_all(socket, format!("client {number}")))
        .and_then(|(socket, question)| io::read_exact(socket, vec![0; question.len()]))
        .map(|(_socket, answer)| println!("{}", String::from_utf8_lossy(&answer)))
        .map_err(|error| eprintln!("no answer: {error}"))
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(&SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    tokio::run(future::lazy(move || {
        for number in 1..=CLIENTS {
            tokio::spawn(ask(address, number));
        }
        serve(listener)
    }));
    Ok(())
}
