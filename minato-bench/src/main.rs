//! The suite.

fn main() {}
