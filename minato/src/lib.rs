//! Minato: async network I/O for Rust.

pub mod engine;
pub mod io;
pub mod net;
mod panics;
pub mod reactor;
pub mod runtime;
mod sync;
pub mod task;
pub mod time;

pub use self::runtime::run;
pub use self::task::spawn;

/// The simulated world: hosts, links and virtual time, for [`engine::Engine::sim`].
pub mod sim {
    pub use crate::runtime::simulation::Simulation;
    pub use minato_sim::{Host, World, WorldBuilder};
}
