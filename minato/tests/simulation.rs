//! Simulations of several hosts: nobody is forgotten, no timer is late, and one seed is one run.

mod support;

#[path = "simulation/hosts.rs"]
mod hosts;
#[path = "simulation/time.rs"]
mod time;
