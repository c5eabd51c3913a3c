//! Codecs, and what puts them over sockets.

#[path = "codecs/codec.rs"]
mod codec;
#[path = "codecs/framed.rs"]
mod framed;
#[path = "codecs/length_delimited.rs"]
mod length_delimited;
#[path = "codecs/script.rs"]
mod script;
