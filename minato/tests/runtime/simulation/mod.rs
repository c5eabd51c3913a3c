//! Simulations of several hosts: nobody is forgotten, no timer is late, and one seed is one run.

mod hosts;
mod time;
