//! A small service of the libraries that services are made of, on plain tokio.
//!
//! It is a book of berths by HTTP, TLS, WebSocket and gRPC, kept in SQLite. Its tests run under
//! `cargo test` and, unchanged, under `cargo minato test`.

pub mod book;
pub mod grpc;
pub mod tls;
pub mod web;

/// What the parts of this program return.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
