//! What is fuzzed, and what must hold for every input.
//!
//! A target turns bytes into operations, does them with the library and with a model, and panics
//! where these differ. `cargo xtask fuzz` looks for inputs that reach new code. The tests of this
//! package run the targets on the inputs in `corpus/`: those that reached new code, and those that
//! once failed.

mod addresses;
mod ancillary;
mod panics;
mod pattern;
mod read_buf;
mod simulated_tcp;
mod timers;

pub use self::panics::hide_expected;

/// A name and what to do with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("read-buf", read_buf::run),
    ("addresses", addresses::run),
    ("ancillary", ancillary::run),
    ("timers", timers::run),
    ("simulated-tcp", simulated_tcp::run),
];

/// The target of this name.
///
/// # Panics
///
/// If there is none.
pub fn target(name: &str) -> fn(&[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    found.unwrap_or_else(|| panic!("there is no target {name}, but {}", names.join(", "))).1
}
