//! The berths of a harbour, booked by HTTP and gRPC and watched by WebSocket.
//!
//! It is a service as many are: plain tokio, axum, sqlx with PostgreSQL, Redis, reqwest, tonic.
//! README.md has the map of the code.

pub mod board;
pub mod cache;
pub mod config;
pub mod domain;
pub mod feed;
pub mod grpc;
pub mod http;
pub mod metrics;
pub mod refusal;
pub mod server;
pub mod service;
pub mod signals;
pub mod station;
pub mod store;
pub mod tides;

/// What can fail in many ways, of which people read the text.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Writes the log to standard error, a JSON object a line. `RUST_LOG` says how much; requests that
/// succeed are at `debug`.
pub fn log() {
    use tracing_subscriber::EnvFilter;

    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().with_writer(std::io::stderr);
    // A second call finds that there is a log already.
    _ = log.with_env_filter(filter).try_init();
}
