//! Published libraries on plain tokio as hosts of a simulated world, which is drawn from one seed.
//!
//! Nothing in these programs is made for simulation but the few lines that put them on hosts. One
//! seed gives one run, to the last byte: compare the hash of two processes.

#[path = "../../services/src/grpc.rs"]
pub mod grpc;
#[path = "../../services/src/tls.rs"]
pub mod tls;

mod calls;
mod choice;
mod cut;
mod store;
pub mod swept;
mod talk;
mod web;

use std::fmt;
use std::time::Duration;

use minato::sim::{self, Simulation, World};

/// What the parts of this program return.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A program: it puts tasks on hosts, and returns what it saw.
pub struct Scenario {
    /// What it is asked for by.
    pub name: &'static str,
    play: fn(&mut Simulation) -> Result<String>,
}

/// All programs.
pub const SCENARIOS: [Scenario; 9] = [
    Scenario { name: "http-by-address", play: web::by_address },
    Scenario { name: "http-by-name", play: web::by_name },
    Scenario { name: "https", play: web::encrypted },
    Scenario { name: "grpc", play: calls::over_a_listener },
    Scenario { name: "grpc-by-name", play: calls::by_name },
    Scenario { name: "websocket", play: talk::over_a_websocket },
    Scenario { name: "redis", play: store::of_a_small_server },
    Scenario { name: "select", play: choice::of_select },
    Scenario { name: "partition", play: cut::and_healed },
];

/// What came of a run.
pub struct Report {
    /// The hash of all that happened, with every byte that was sent.
    pub hash: u64,
    /// How long it took in the world.
    pub time: Duration,
    /// What the program saw.
    pub seen: String,
}

impl Scenario {
    /// Plays it in the world of a seed.
    pub fn run(&self, seed: u64) -> Result<Report> {
        tls::choose_provider();
        sim::run(World::new(seed), |simulation| {
            let seen = (self.play)(simulation)?;
            let world = simulation.world();
            Ok(Report { hash: world.trace_hash(), time: world.now(), seen })
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x} after {:?}: {}", self.hash, self.time, self.seen)
    }
}

/// Plays a client on the host `client` to its end.
fn play<T: 'static>(
    simulation: &mut Simulation,
    client: impl Future<Output = Result<T>> + 'static,
) -> Result<T> {
    let client = simulation.spawn("client", client)?;
    simulation.run_until(client)??
}
