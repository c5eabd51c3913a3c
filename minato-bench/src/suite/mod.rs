//! The suite: cases, peers, starts and rounds, and what follows from them.

pub mod alternate;
mod build;
pub mod case;
mod cold_build;
mod count;
pub mod machine;
mod measure;
pub mod metric;
pub mod options;
pub mod peers;
mod process;
pub mod results;
mod rounds;
pub mod statistics;
pub mod target;

pub use self::build::build_peers;
pub use self::process::{end_on_interrupt, is_interrupted};
pub use self::rounds::{expected, run};
