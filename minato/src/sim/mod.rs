//! The simulated world: hosts, links and virtual time, all drawn from one seed.
//!
//! | type | is for |
//! |---|---|
//! | [`Simulation`] | a test with several hosts, which it steps together: start here |
//! | [`World`], [`WorldBuilder`] | the network: latencies, partitions, names, limits, the record |
//! | [`Host`], [`Verb`] | one host of it: its addresses, and calls that are to fail |
//!
//! A single host needs no `Simulation`: a current-thread runtime with
//! [`Engine::sim`](crate::engine::Engine::sim) lets its world go on while all its tasks wait.

mod socket;
pub(crate) mod stand_in;
mod udp;

pub use crate::runtime::simulation::Simulation;
pub use minato_sim::{Host, Verb, World, WorldBuilder};

pub(crate) use self::socket::SimSocket;
#[doc(hidden)]
pub use self::stand_in::with_stand_in;
