//! What the scenarios of `minato-sim` need of a simulation.

use std::io;
use std::time::Duration;

use minato_sim::World;
use minato_sim::picker::Picker;
use minato_sim::scenario::{HostTasks, Program, Stepper};

use super::Simulation;
use super::host::Host;
use crate::runtime::context;

impl Stepper for Simulation {
    fn enter(world: &World, run: &mut dyn FnMut(&mut Self)) {
        context::in_world(world, || run(&mut Self::in_world(world.clone())));
    }

    fn set_picker(&mut self, picker: Box<dyn Picker>) {
        self.picker = picker;
    }

    fn program(&mut self, host: &str, program: Program) -> io::Result<()> {
        Self::program(self, host, move || program.start())
    }

    fn step(&mut self, until: Option<Duration>) -> bool {
        self.step_until(until)
    }

    fn alive(&self) -> Vec<HostTasks> {
        let alive = |host: &Host| HostTasks {
            host: host.name().to_owned(),
            tasks: host.runtime().task_lines(),
            has_timers: host.has_timers(),
        };
        self.hosts().map(alive).collect()
    }
}
