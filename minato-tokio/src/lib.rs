//! tokio as a guest of Minato.
//!
//! A program on Minato may need a library that needs a tokio runtime: it spawns tasks there, sleeps
//! there, opens tokio's sockets. reqwest, sqlx, tonic's server, redis' connection manager and the
//! upgrades of axum are like that. With a guest they work as they are published, without a patch: a
//! real tokio runtime stands beside Minato's, and every thread that works for Minato is *in* it.
//!
//! ```
//! #[minato::main(crate = "minato_tokio")]
//! async fn main() -> std::io::Result<()> {
//!     // Minato's task, with tokio's timers, tasks and files at hand.
//!     let task = minato::spawn(async {
//!         tokio::spawn(async { 2 + 3 }).await
//!     });
//!     assert_eq!(task.await??, 5);
//!     Ok(())
//! }
//! ```
//!
//! `#[minato::test(crate = "minato_tokio")]` does the same for a test. Both use the guest that the
//! process [shares](Guest::shared). One's own goes to a runtime by
//! [`Builder::on_enter`](minato::runtime::Builder::on_enter):
//!
//! ```
//! use minato::runtime::{Builder, set_default};
//! use minato_tokio::Guest;
//!
//! # fn main() -> std::io::Result<()> {
//! let guest = Guest::builder().worker_threads(4).build()?;
//! let runtime = Builder::new_multi_thread().on_enter(guest.clone()).build()?;
//! # runtime.block_on(async { tokio::spawn(async {}).await })?;
//! // The runtime behind `minato::spawn` outside every runtime has one only if it is given one.
//! # let runtime = Builder::new_multi_thread().on_enter(guest).build()?;
//! set_default(runtime).map_err(|_| std::io::Error::other("there is one already"))?;
//! # Ok(())
//! # }
//! ```
//!
//! # What has the guest, and what does not
//!
//! In it are: tasks, of every flavour; the future of a `block_on`; blocking jobs; and destructors
//! of tasks that a shutdown drops. On other threads, and under other executors,
//! [`enter`](Guest::enter) it. In a simulated world there is no guest, as it goes by the system's
//! clock and sockets: to build such a runtime is an error that says so.
//!
//! # Who ends first
//!
//! A runtime keeps its guest until it has ended itself, so the guest outlives it, in whatever order
//! they are dropped. [`Guest::shutdown_timeout`] gives a guest back that is still needed. The
//! shared guest never ends. Only for a guest [`from_handle`](Guest::from_handle) the order is up to
//! the program.
//!
//! # The rule: whole operations
//!
//! A guest that is not used costs nothing: an echo takes 4,113 instructions with it and without it,
//! client and server together. What runs wholly on the guest costs what it costs in tokio. But each
//! *hop* between the two wakes a thread. A question from a task of Minato to one of tokio and its
//! answer, by channels:
//!
//! | the two tasks are | microseconds | of processor time | instructions |
//! |---|--:|--:|--:|
//! | both Minato's | 1.2 | 0.2 | 1,850 |
//! | both on the guest | 0.6 | 0.3 | 2,190 |
//! | one here and one there | 12 | 10 | 5,580 |
//!
//! An echo of 64 bytes over TCP and back, one connection:
//!
//! | sockets and tasks are | of processor time |
//! |---|--:|
//! | both Minato's | 15 us |
//! | both tokio's, without Minato | 16 us |
//! | both tokio's, on the guest | 17 us |
//! | tokio's sockets in tasks of Minato | 26 to 34 us |
//!
//! (`cargo run --release -p minato-tokio --example price`; Linux 6.18, two virtual processors that
//! others use as well, the best of several runs by the clock.) So hand a whole operation to the
//! guest, and await its handle once:
//!
//! ```no_run
//! # #[derive(Clone)] struct Client;
//! # impl Client { async fn get(&self, _: &str) -> Result<Vec<u8>, std::io::Error> { Ok(vec![]) } }
//! # async fn example(client: Client) -> std::io::Result<()> {
//! let page = tokio::spawn(async move {
//!     let first = client.get("https://localhost/a").await?;
//!     let second = client.get("https://localhost/b").await?;
//!     Ok::<_, std::io::Error>([first, second])
//! });
//! let [first, second] = page.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # What differs from a program on tokio
//!
//! - **A budget.** A task of Minato that receives from tokio's channels and sockets is never told
//!   to give way by tokio: while messages are there, it goes on. What takes a flood of messages
//!   belongs into `tokio::spawn`, or says `minato::task::coop::consume_budget().await` in its loop.
//! - **`tokio::task::spawn_local`** and `tokio::task::id` panic in a task of Minato, which is none
//!   of tokio's. A `LocalSet` with `run_until` works, and so does `minato::task::spawn_local`.
//! - **`tokio::task::block_in_place`** holds up the worker. Minato's of the same name does not, and
//!   tokio's may be called within.
//! - **The clock.** `minato::time::pause` does not stop tokio's timers, and `tokio::time::pause`
//!   panics, since it needs a runtime of one thread.
//! - **`Handle::block_on`** of tokio works in a task of Minato, where tokio's own tasks would
//!   panic. In those it panics as ever.
//!
//! If every part of a program is written for tokio, there is no need for a guest: `cargo minato
//! run` has all of it run on Minato.
//!
//! # The other way round
//!
//! A program whose runtime stays tokio's can use Minato's sockets and timers: by default a thread
//! of Minato's serves them. [`turn`] has tokio do so instead, which saves the hop. The echo above
//! takes 20 us of processor time then, and 28 us with the thread.

#![forbid(unsafe_code)]

mod guest;
pub mod runtime;
mod turn;

pub use self::guest::{Guest, GuestBuilder};
pub use self::turn::turn;

/// The example of the README is compiled, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
