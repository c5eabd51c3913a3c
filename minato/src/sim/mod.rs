//! The simulated world: hosts, links and virtual time, for
//! [`Engine::sim`](crate::engine::Engine::sim).

mod socket;
mod udp;

pub use crate::runtime::simulation::Simulation;
pub use minato_sim::{Host, Verb, World, WorldBuilder};

pub(crate) use self::socket::SimSocket;
