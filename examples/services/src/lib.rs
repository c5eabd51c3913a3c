//! What the programs of gRPC in `src/bin/` share: the messages that a service and its client
//! exchange.

/// The question of a gRPC call, as a `.proto` file would define it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Ship {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
}

/// The answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Berth {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub number: u32,
}

/// The name of the gRPC method.
pub const FIND_BERTH: &str = "/harbour.Harbour/FindBerth";
