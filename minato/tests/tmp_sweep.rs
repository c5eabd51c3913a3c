//! Temporary.
#![allow(dead_code, unused_imports)]
mod kit;
#[path = "runtime/simulation"]
mod simulation {
    mod scenario;
    mod sweep;
}
