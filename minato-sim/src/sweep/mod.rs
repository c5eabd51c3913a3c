//! Many seeds of one scenario.

// What the environment asks is read by the sweep itself.
#[allow(dead_code)]
mod environment;
