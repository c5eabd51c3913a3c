//! What a scenario needs of the runtime that runs its hosts' programs.

use std::io;
use std::time::Duration;

use super::Program;
use crate::picker::Picker;
use crate::world::World;

/// Runs the programs of a world's hosts, one step at a time, on one thread.
///
/// `minato::sim::Simulation` is one. Any runtime that is one can run scenarios.
pub trait Stepper {
    /// Makes one for `world` and calls `run` with it. Meanwhile this thread is in the world. What
    /// is left of the tasks is dropped before it returns.
    fn enter(world: &World, run: &mut dyn FnMut(&mut Self))
    where
        Self: Sized;

    /// Has `picker` choose which task of a host runs next.
    fn set_picker(&mut self, picker: Box<dyn Picker>);

    /// Starts a program on a host now, and again whenever the host starts anew.
    ///
    /// # Errors
    /// When the host cannot be made.
    fn program(&mut self, host: &str, program: Program) -> io::Result<()>;

    /// Does one thing: polls one task, or lets the world go on to what comes next, but no further
    /// than to `until`. Returns whether there was anything to do.
    fn step(&mut self, until: Option<Duration>) -> bool;

    /// What is alive on each host, in the order in which the hosts were made.
    fn alive(&self) -> Vec<HostTasks>;
}

/// What is alive on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTasks {
    /// The name of the host.
    pub host: String,
    /// A line for each task that is alive: where it was spawned.
    pub tasks: Vec<String>,
    /// Whether any timer waits.
    pub has_timers: bool,
}
