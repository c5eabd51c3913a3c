//! Simulations of several hosts: nobody is forgotten, no timer is late, and one seed is one run.

mod attribute;
mod crash;
mod disk;
mod draws;
mod ends;
mod faults;
mod here;
mod hosts;
mod pause;
mod repeat;
mod scenario;
mod service;
mod skew;
mod stuck;
mod sweep;
mod time;
