//! From tokio 0.1, first step: the program stays as it is.
//!
//! Only its `Cargo.toml` changes: `tokio = { package = "minato-tokio01", .. }`. What follows is an
//! echo service as they were written then. It runs on Minato's reactor and runtime.

use std::net::SocketAddr;

use tokio::io;
use tokio::net::{TcpListener, TcpStream};
use tokio::prelude::*;

const CLIENTS: u64 = 3;

/// Sends back what a client sends, until it has no more to say.
fn echo(socket: TcpStream) -> impl Future<Item = (), Error = io::Error> {
    let (reader, writer) = socket.split();
    io::copy(reader, writer).and_then(|(_, _, writer)| io::shutdown(writer)).map(|_writer| ())
}

fn serve(listener: TcpListener) -> impl Future<Item = (), Error = ()> {
    listener
        .incoming()
        .take(CLIENTS)
        .map_err(|error| eprintln!("no more clients: {error}"))
        .for_each(|socket| {
            tokio::spawn(echo(socket).map_err(|error| eprintln!("a client is lost: {error}")))
        })
}

fn ask(address: SocketAddr, number: u64) -> impl Future<Item = (), Error = ()> {
    TcpStream::connect(&address)
        .and_then(move |socket| io::write_all(socket, format!("client {number}")))
        .and_then(|(socket, question)| {
            let answer = vec![0; question.len()];
            io::read_exact(socket, answer)
        })
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
