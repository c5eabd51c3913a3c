//! The tide station as a program: `TIDES_LISTEN` is where it listens, `TIDES_CA` the file that gets
//! the certificate of its authority.

use std::path::PathBuf;

use harbour::station::{self, TlsListener};
use harbour::{Result, signals};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    harbour::log();
    let listen = std::env::var("TIDES_LISTEN").unwrap_or_else(|_| "127.0.0.1:0".into());
    let ca = std::env::var_os("TIDES_CA").ok_or("TIDES_CA is not set: where to write the CA")?;
    let ca = PathBuf::from(ca);
    let listener =
        TcpListener::bind(&listen).await.map_err(|error| format!("{listen}: {error}"))?;
    let (pem, config) = station::certify()?;
    // In one step, so that no client reads half of it.
    let unfinished = ca.with_extension(format!("{}.unfinished", std::process::id()));
    tokio::fs::write(&unfinished, pem)
        .await
        .map_err(|error| format!("{}: {error}", unfinished.display()))?;
    tokio::fs::rename(&unfinished, &ca).await?;
    let signal = signals::terminated()?;
    println!("tide-station: https {}", listener.local_addr()?);
    let listener = TlsListener::new(listener, config)?;
    axum::serve(listener, station::routes()).with_graceful_shutdown(signal).await?;
    Ok(())
}
