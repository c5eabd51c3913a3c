//! What happens to a packet on its way.
//!
//! Every packet of the world goes through one function, [`State::decide`] in `decide.rs`. It asks
//! the rules (`rule.rs`), then the link: its settings (`settings.rs`) and its state (`path.rs`).
//! `control.rs` is how users change them.

mod control;
mod decide;
mod latency;
mod path;
mod rule;
mod settings;

pub use control::Link;
pub use latency::Latency;
pub use rule::Rule;

pub(crate) use decide::{Fate, Way};
pub(crate) use path::{Clogged, Links};
pub(crate) use rule::{Asking, Rules};
pub(crate) use settings::{Chance, Settings, garble};
