//! An axum service that ends in order: on SIGTERM or Ctrl-C it stops accepting, answers the
//! requests that are under way, and gives up after ten seconds.
//!
//! Try `curl http://ADDRESS/slow` and, meanwhile, `kill PID`.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use futures_util::future::select;
use minato::net::TcpListener;
use minato::signal::unix::{SignalKind, signal};

async fn greet(Path(name): Path<String>) -> String {
    format!("hello {name}\n")
}

async fn slow() -> &'static str {
    minato::time::sleep(Duration::from_secs(2)).await;
    "that took a while\n"
}

/// Ready when the program is told to end.
async fn told_to_end() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    select(pin!(terminate.recv()), pin!(interrupt.recv())).await;
    Ok(())
}

#[minato::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("{}", listener.local_addr()?);

    let app = Router::new().route("/slow", get(slow)).route("/{name}", get(greet));
    let left = minato_http::serve(listener, app)
        .with_graceful_shutdown(told_to_end())
        .drain_limit(Duration::from_secs(10))
        .await?;
    println!("ended; {left} connections were cut off");
    Ok(())
}
