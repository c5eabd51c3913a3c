//! A small server of keys and values, which may expire, and of feeds. Written for tokio.

pub mod client;
mod command;
mod connection;
mod feed;
pub mod server;
mod store;
