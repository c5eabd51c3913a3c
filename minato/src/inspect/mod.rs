//! A look inside: what runs in this process, what it waits for, and how much of it there is.
//!
//! [`snapshot`] looks at all runtimes, local sets and reactors at once. [`serve`] gives such looks
//! to other programs through a Unix socket; `minato top SOCKET` shows them. [`watch_polls`] reports
//! polls that keep their thread for too long.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! use minato::inspect::{TaskState, Wait};
//! use minato::net::UdpSocket;
//!
//! let runtime = minato::runtime::Runtime::new()?;
//! let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
//! let address = socket.local_addr()?.to_string();
//! let task = runtime.spawn(async move { socket.recv(&mut [0; 8]).await });
//! loop {
//!     let snapshot = minato::inspect::snapshot();
//!     let tasks = &snapshot.runtime(runtime.handle().id()).unwrap().tasks;
//!     let found = tasks.iter().find(|found| found.id == task.id()).unwrap();
//!     // A look is not one moment: it may see the task on its way to wait.
//!     if found.state != TaskState::Waiting {
//!         continue;
//!     }
//!     if let [Wait::Socket { local: Some(local), .. }] = &found.waits[..] {
//!         assert_eq!(local, &address);
//!         return Ok(());
//!     }
//! }
//! # }
//! ```
//!
//! # How it knows
//!
//! Nobody notes down what a task waits for. But whoever waits leaves its waker somewhere: in a
//! socket's place in a reactor, in a timer, in the task that it joins. The waker of one of our
//! tasks is an address with functions, and the address is that of the task. So a look collects the
//! addresses of all wakers that reactors hold, and compares them with those of the tasks. It makes
//! no waker, keeps no task alive, and wakes nobody. Until somebody looks all this costs one store
//! per poll.
//!
//! Two things follow. What is listed for a task is *what would wake it*: a socket on which a
//! `poll_read` once waited stays listed until its next event, even if the task has lost interest.
//! And a waker that somebody else has wrapped is not recognized, as sets of futures do with those
//! of their members. Then, and when it waits for a channel or a lock, nothing is listed for a task
//! that waits.
//!
//! A look is not one moment: each task and each reactor is seen for itself, while others go on.

mod find;
mod serve;
mod text;

use std::panic::Location;
use std::time::Duration;

pub use self::serve::{Server, serve};
use crate::engine::Interest;
pub use crate::reactor::watch::{SlowPoll, watch_polls};
use crate::runtime::{self, CoreMetrics, RuntimeFlavor};
use crate::task::Id;

/// Looks at everything in this process. Each runtime's tasks are seen under the lock that spawning
/// takes, for some nanoseconds a task.
pub fn snapshot() -> Snapshot {
    find::snapshot(usize::MAX)
}

/// What [`snapshot`] saw. Its text is for people and for programs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The runtimes that have not ended, in the order in which they were made.
    pub runtimes: Vec<RuntimeView>,
    /// The tasks of local sets, whoever polls those.
    pub local_tasks: Vec<TaskView>,
    /// The reactors that belong to no runtime: that in the background, and those made by hand.
    pub reactors: Vec<ReactorView>,
    /// How many polls were noticed that lasted too long; see [`watch_polls`].
    pub slow_polls: u64,
    /// The slowest of them, the slowest first.
    pub slowest_polls: Vec<SlowPoll>,
}

impl Snapshot {
    /// The runtime with this id.
    pub fn runtime(&self, id: runtime::Id) -> Option<&RuntimeView> {
        self.runtimes.iter().find(|runtime| runtime.id == id)
    }
}

/// A runtime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuntimeView {
    /// Tells it from others.
    pub id: runtime::Id,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// The simulated host that it is, if it is one.
    pub host: Option<String>,
    /// Who runs its tasks.
    pub flavor: RuntimeFlavor,
    /// Its workers, or the one core of a current-thread runtime.
    pub workers: Vec<WorkerView>,
    /// How many tasks are alive.
    pub alive_tasks: usize,
    /// How many tasks and blocking jobs were ever spawned.
    pub spawned_tasks: u64,
    /// How many tasks wait that were woken by other threads.
    pub global_queue_depth: usize,
    /// How many blocking jobs run or wait for a thread.
    pub blocking_jobs: usize,
    /// The tasks and blocking jobs that are alive.
    pub tasks: Vec<TaskView>,
}

/// A worker of a runtime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerView {
    /// What it has done so far.
    pub metrics: CoreMetrics,
    /// How many tasks are in its queue; those of a current-thread runtime at its last turn.
    pub queue_depth: usize,
    /// The task that it polls, or polled last since it woke up.
    pub polled: Option<Id>,
    /// Its reactor.
    pub reactor: ReactorView,
}

/// A reactor.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReactorView {
    /// How often it was turned, modulo 2^32.
    pub turns: u32,
    /// How many events of sockets it has reported.
    pub events: u64,
    /// How many sockets are registered.
    pub sockets: usize,
    /// How many timers are in its wheel.
    pub timers: usize,
    /// Whether a thread waits in it.
    pub is_parked: bool,
}

/// A task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskView {
    /// Tells it from others.
    pub id: Id,
    /// The type of its future, which names the function that it came from.
    pub name: &'static str,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// Whether it is a blocking job, which runs on a thread of its own.
    pub is_blocking: bool,
    /// What it is doing.
    pub state: TaskState,
    /// What would wake it, as far as that is known.
    pub waits: Vec<Wait>,
}

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is being polled.
    Running,
    /// It is to be polled.
    Ready,
    /// It waits to be woken.
    Waiting,
}

/// What would wake a task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Wait {
    /// An event of a socket, or of another descriptor.
    Socket {
        /// What kind it is: "tcp", "udp", "unix", "unix_datagram" or "descriptor".
        kind: &'static str,
        /// The number of its descriptor, if it has one.
        descriptor: Option<i32>,
        /// Its own address.
        local: Option<String>,
        /// Its peer's address.
        peer: Option<String>,
        /// Which events.
        interest: Interest,
    },
    /// A timer.
    Timer {
        /// How long until it is due, by its own clock.
        left: Duration,
    },
    /// The end of a task.
    Join {
        /// That task.
        task: Id,
    },
}
