//! Bad input: every error names what was wrong, nothing is lost, and nothing panics that does not
//! say so in its docs.

#[allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses a part of it")]
mod kit;

mod bad_input {
    mod addresses;
    mod completed;
    mod descriptors;
    mod forbidden;
    mod ports;
    mod streams;
}
