//! The simulated world: hosts, links and virtual time, all drawn from one seed.
//!
//! | type | is for |
//! |---|---|
//! | [`sweep()`], [`Sweep`] | a scenario with many seeds, each with other faults: start here |
//! | [`Scenario`], [`Leak`] | hosts with programs, clients, and what must hold |
//! | [`Swarm`], [`Plan`], [`Fault`] | what goes wrong: drawn from a seed, or said |
//! | [`Simulation`] | a test with several hosts, which it steps together |
//! | [`run`] | the same on a thread of its own |
//! | [`World`], [`WorldBuilder`] | the network: latencies, partitions, names, limits, the record |
//! | [`Host`], [`Verb`] | one host of it: its addresses, and calls that are to fail |
//! | [`Link`], [`Latency`], [`Dns`] | what happens on the way between hosts, and to names |
//! | [`Rule`], [`Packet`], [`Verdict`] | functions that decide what happens to a packet |
//! | [`world`], [`host`], [`draw`] | what the code of a host learns of where it is |
//! | [`interpose!`](crate::interpose) | what std asks the system for, as the world has it |
//!
//! A single host needs no `Simulation`: a current-thread runtime with
//! [`Engine::sim`](crate::engine::Engine::sim) lets its world go on while all its tasks wait.

mod deputy;
mod here;
mod interpose;
mod socket;
mod udp;

pub use crate::runtime::simulation::Simulation;
pub use minato_sim::WorldBuilder;
pub use minato_sim::plan::{Fault, Plan, PlanError, Planned, Swarm};
pub use minato_sim::scenario::{Ending, Leak, Scenario};
pub use minato_sim::sweep::{Failure, Order, Report, Sweep};
pub use minato_sim::{Condition, DiskSync, Durable, Host, Offset, Socket, Verb, World};
pub use minato_sim::{Dns, FaultKind, Latency, Link, LookupFailure, Strikes};
pub use minato_sim::{Packet, PacketKind, PacketName, Rule, Verdict};

pub use crate::interpose;

pub(crate) use self::deputy::DEPUTIES;
#[doc(hidden)]
pub use self::deputy::Here;
pub use self::here::{draw, host, mark, run, sweep, world};
pub(crate) use self::socket::SimSocket;
#[doc(hidden)]
pub use minato_interpose::symbols;
