//! Minato beside its peers.
//!
//! [`peer`] is what all peer binaries share, and says how they are called; [`kit`] is what those of
//! the runtimes have in common besides. [`load`] is the one load generator, [`sample`] reads what a
//! server used. [`area`] holds the cases as data, [`suite`] runs them, [`report`] shows what came
//! out. The program `minato-bench` puts them together.

pub mod area;
pub mod kit;
pub mod load;
pub mod peer;
pub mod report;
pub mod sample;
pub mod suite;
