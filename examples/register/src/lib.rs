//! A register that three replicas keep, and that stays right while one of them is gone.
//!
//! It holds one number. [`Client::write`] replaces it and [`Client::read`] returns it, and to all
//! clients together it must look like *one* number in one place: a read gives what the last write
//! wrote, and never an older value than somebody has seen before. That is called *linearizable*,
//! and [`History::check`] decides whether a run was.
//!
//! The algorithm is the one of Attiya, Bar-Noy and Dolev. Each value has a [`Tag`], which says
//! which of two is newer.
//!
//! 1. *Ask.* A client asks all replicas for what they have, and takes the newest of the first two
//!    answers. Of any two majorities of three at least one replica is in both, so a write that has
//!    ended is among them.
//! 2. *Store.* A write then stores its value under a newer tag, and a read stores what it is about
//!    to return. Both end when two replicas have it on their disks.
//!
//! The same code runs on real sockets (`main.rs`) and in simulated worlds (`tests/`). [`Bugs`] has
//! three switches that make it wrong the way such programs are.

mod client;
mod connection;
mod disk;
mod history;
mod message;
mod peer;
mod replica;
mod workload;

pub use client::Client;
pub use disk::{Disk, FileDisk};
pub use history::{History, Violation};
pub use message::{Entry, Tag};
pub use replica::{replica, serve};
pub use workload::workload;

/// The port on which replicas listen, where each has a host for itself.
pub const PORT: u16 = 7000;

/// What is wrong on purpose. By default nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs {
    /// Reads return what they found and do not store it. So a value that only one replica has can
    /// be read once, and be gone for the next reader.
    pub no_write_back: bool,
    /// An answer that comes after its time is taken for the answer to the next question: the
    /// numbers of requests are not compared.
    pub stale_answers: bool,
    /// Replicas answer before what they have stored is on the disk, which happens every 25 ms.
    pub lazy_disk: bool,
}

impl Bugs {
    /// The bugs that the environment variable `REGISTER_BUG` names, with commas between them.
    ///
    /// # Errors
    ///
    /// If it names one that is none.
    pub fn of_environment() -> Result<Bugs, String> {
        let mut bugs = Bugs::default();
        let names = std::env::var("REGISTER_BUG").unwrap_or_default();
        for name in names.split(',').filter(|name| !name.is_empty()) {
            match name {
                "no_write_back" => bugs.no_write_back = true,
                "stale_answers" => bugs.stale_answers = true,
                "lazy_disk" => bugs.lazy_disk = true,
                other => return Err(format!("REGISTER_BUG: there is no bug `{other}`")),
            }
        }
        Ok(bugs)
    }
}
