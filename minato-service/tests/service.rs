//! Services that end in good order, connects that race, and streams with limits: on the library's
//! runtimes, on executors of others, and in simulated worlds.

#[path = "../../minato/tests/kit/mod.rs"]
mod kit;

mod service {
    mod connect;
    mod shutdown;
    mod timeout;
}
