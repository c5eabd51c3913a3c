//! What the peers' programs have in common besides their command line: their sockets, and the
//! neutral parts of the workloads that drive themselves.
//!
//! None of it runs once per operation of a server. What runs once per operation of the others is
//! generic, so that each peer gets its own copy with its own calls inlined.

mod blocker;
mod bulk;
mod drive;
mod limits;
mod rally;
mod rent;
mod senders;
mod sockets;
mod tally;
mod threads;

pub use self::blocker::{Blocker, Blocking};
pub use self::bulk::{Bulk, bulk_room};
pub use self::drive::{
    Joined, expire, forever, insert_and_cancel, reset_in_turn, spawn_and_join, yield_now,
    yield_often,
};
pub use self::limits::{forbid_batch, forbid_spin, forbid_workers};
pub use self::rally::{Rally, Rallying};
pub use self::rent::page_aligned;
pub use self::senders::Senders;
pub use self::sockets::{CHURN_BUFFER, IDLE_BUFFER, open_tcp, open_udp};
pub use self::tally::Tally;
pub use self::threads::{at_once, on_threads, one};
