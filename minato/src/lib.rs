//! Minato (港, a harbour) is async network I/O for Rust.
//!
//! It has TCP, UDP and Unix sockets, timers, and a runtime to go with them; and it does not need
//! the runtime. A socket works on any thread and under any executor, with nothing to set up:
//!
//! ```
//! use minato::io::{AsyncReadExt, AsyncWriteExt};
//! use minato::net::{TcpListener, TcpStream};
//!
//! fn main() -> std::io::Result<()> {
//!     pollster::block_on(async {
//!         let listener = TcpListener::bind("127.0.0.1:0").await?;
//!         let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!         let (mut server, _) = listener.accept().await?;
//!
//!         client.write_all(b"ahoy").await?;
//!         let mut four = [0; 4];
//!         server.read_exact(&mut four).await?;
//!         assert_eq!(&four, b"ahoy");
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # The idea
//!
//! Something has to wait for the operating system and wake the tasks that it has news for. That is
//! a [reactor]. In many libraries a socket must be made where a reactor is running,
//! and panics elsewhere. Here a socket is just made. Only when it first has to *wait* does it look
//! for a reactor: that of the runtime whose thread it is on, else one in the background, whose
//! thread starts at that moment. So the same client can live in a `static`, be polled by
//! `pollster`, by another runtime and by Minato's own, and outlive each of them.
//!
//! What a reactor waits *with* is an [engine], and it is a value chosen at run time:
//! the operating system's readiness queue, or a simulated network whose every event is drawn from
//! one seed. The types are the same, so the program that serves real connections is the program
//! that is tested in simulation:
//!
//! ```
//! use minato::io::{self, AsyncReadExt, AsyncWriteExt};
//! use minato::net::{TcpListener, TcpStream};
//! use minato::sim::Simulation;
//!
//! async fn serve() -> io::Result<()> {
//!     let listener = TcpListener::bind("0.0.0.0:7000").await?;
//!     loop {
//!         let (mut socket, _) = listener.accept().await?;
//!         let (mut reader, mut writer) = socket.split();
//!         io::copy(&mut reader, &mut writer).await?;
//!         writer.shutdown().await?;
//!     }
//! }
//!
//! async fn ask(question: &str) -> io::Result<String> {
//!     let mut socket = TcpStream::connect("server:7000").await?;
//!     socket.write_all(question.as_bytes()).await?;
//!     socket.shutdown().await?;
//!     let mut answer = String::new();
//!     socket.read_to_string(&mut answer).await?;
//!     Ok(answer)
//! }
//!
//! fn run(seed: u64) -> io::Result<u64> {
//!     let mut simulation = Simulation::new(seed);
//!     simulation.spawn("server", serve())?;
//!     let client = simulation.spawn("client", ask("anybody there?"))?;
//!     assert_eq!(simulation.block_on(client)??, "anybody there?");
//!     Ok(simulation.world().trace_hash())
//! }
//!
//! # fn main() -> io::Result<()> {
//! assert_eq!(run(7)?, run(7)?, "one seed, one run");
//! assert_ne!(run(7)?, run(8)?);
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! | module | is for |
//! |---|---|
//! | [`guide`] | a tour of the two APIs: futures, and `poll_*` by hand |
//! | [`net`] | sockets: TCP, UDP, Unix, and any descriptor |
//! | [`io`] | the reading and writing traits, their helpers; by value in [`io::owned`] |
//! | [`time`] | sleeping, timeouts, intervals, and clocks that stand still |
//! | [`task`] | spawning, joining, aborting, blocking |
//! | [`runtime`] | who runs tasks: on one thread, on several, or on yours |
//! | [`reactor`] | who waits: in the background, in a runtime, or turned by hand |
//! | [`engine`] | what a reactor waits with |
//! | [`sim`] | the simulated world |
//! | [`prelude`] | the traits that nearly every program imports |
//!
//! Names, signatures and meanings of what tokio 1.x has too are tokio's, except where tokio panics
//! because there is no runtime.
//!
//! # Hidden threads
//!
//! Outside a runtime a wait needs the background reactor's thread, and [`spawn`] needs the default
//! runtime. Whoever wants neither calls [`runtime::forbid_implicit`] or sets
//! `MINATO_FORBID_IMPLICIT=1`: what would start such a thread is then an error that names the
//! place of the call.

// Models of single files are built without the rest; see tests/loom.rs.
#![cfg(not(minato_loom))]

pub mod engine;
pub mod guide;
pub mod io;
pub mod net;
mod os;
mod panics;
pub mod prelude;
pub mod reactor;
pub mod runtime;
mod sync;
pub mod task;
pub mod time;

pub use minato_macros::{main, test};

pub use self::runtime::run;
pub use self::task::spawn;

/// The simulated world: hosts, links and virtual time, for [`engine::Engine::sim`].
pub mod sim {
    pub use crate::runtime::simulation::Simulation;
    pub use minato_sim::{Host, Verb, World, WorldBuilder};
}
