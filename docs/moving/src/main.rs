//! Serves at the address that is given, or at a free port, until it is told to end by SIGTERM.

use std::io;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(address).await?;
    println!("listening {}", listener.local_addr()?);
    moving::server::run(listener, async { _ = terminate.recv().await }).await
}
