//! The original description, statement by statement. docs/ORIGIN.md says which test holds which.

#[allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses a part of it")]
mod kit;

mod origin {
    mod by_hand;
    mod datagrams;
    mod helpers;
    mod never_blocks;
    mod reactor;
    mod readme;
    mod service;
}
