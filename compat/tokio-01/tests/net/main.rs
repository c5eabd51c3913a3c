//! Sockets: what they do on any thread, without a runtime.

mod handles;
mod incoming;
mod kit;
mod moving;
mod several;
mod tcp;
mod udp;
mod unix;
