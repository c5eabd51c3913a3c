//! Models of wakes, readiness, parking and joining, tried in every order that two threads can take
//! (up to a number of preemptions). The models run the library's own files, built here with loom's
//! atomics, locks and cells in place of std's; the library itself is empty under this cfg.
//!
//! `cargo xtask loom` runs them. By hand, best with a target folder of its own:
//!
//! ```text
//! RUSTFLAGS='--cfg minato_loom' LOOM_MAX_PREEMPTIONS=2 \
//!     cargo test --package minato --release --test loom models
//! ```
//!
//! The last word leaves out the unit tests of those files.
//!
//! Loom takes sequentially consistent accesses for acquiring and releasing ones. Where the place in
//! which a task parks rests on a single order of accesses to two words, fences stand for it here
//! (`sync::sequential`), which promise no more than those accesses do. What else rests on such an
//! order (the sleepers of a pool) is not modelled; `tests/stuck.rs`
//! tries it in earnest.
#![cfg(minato_loom)]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "files of a library, used in part")]

#[path = "loom/engine.rs"]
mod engine;
#[path = "loom/models/mod.rs"]
mod models;
#[path = "../src/panics.rs"]
mod panics;
#[path = "loom/reactor.rs"]
mod reactor;
#[path = "loom/runtime.rs"]
mod runtime;
#[path = "loom/spans.rs"]
mod spans;
#[path = "../src/sync.rs"]
mod sync;
#[path = "loom/task.rs"]
mod task;

mod os {
    pub(crate) struct Address;
    pub(crate) struct Transport;
    pub(crate) type RawDescriptor = i32;
}

mod time {
    pub(crate) mod clock {
        pub(crate) fn real_now() -> std::time::Instant {
            std::time::Instant::now()
        }
    }
}
