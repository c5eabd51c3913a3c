//! Sockets: what they do on any thread, without a runtime.

mod handles;
mod kit;
mod moving;
mod runtimes;
mod several;
mod simulated;
mod tcp;
mod udp;
mod unix;
