//! Minato (港, a harbour) is async network I/O for Rust.
//!
//! It has TCP, UDP and Unix sockets, timers, and a runtime. The sockets do not need the runtime:
//! they work on any thread and under any executor, without any setup:
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
//! A [reactor] waits for events of the operating system and wakes the tasks that they concern. In
//! many libraries a socket must be made where a reactor runs, and panics elsewhere. Here a socket
//! can be made anywhere. It binds to a reactor when it first has to *wait*: to that of the runtime
//! whose thread it is on, else to one in the background, whose thread starts at that moment. So one
//! client can live in a `static`, be polled by `pollster`, by another runtime and by Minato's own,
//! and outlive each of them.
//!
//! A reactor waits by means of an [engine], a value that is chosen at run time: the readiness queue
//! of the operating system, or a simulated network whose events all follow from one seed. The types
//! are the same. So the program that serves real connections is the program that is tested in
//! simulation:
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
//! | [`time`] | sleeping, timeouts, intervals, and clocks that can be stopped |
//! | [`task`] | spawning, joining, aborting, blocking |
//! | [`runtime`] | running tasks: on one thread, on several, or on yours |
//! | [`signal`] | signals of the operating system |
//! | [`reactor`] | waiting for events: in the background, in a runtime, or turned by hand |
//! | [`engine`] | the source of those events |
//! | [`sim`] | the simulated world |
//! | [`compat`] | the I/O traits of tokio, futures and hyper, each behind a feature |
//! | [`inspect`] | a look inside: tasks and what they wait for, counters, slow polls |
//! | [`prelude`] | the traits that nearly every program imports |
//!
//! Crates beside this one have what is made of it: `minato-service` ends services in good order
//! and races connects, `minato-http` serves and asks by HTTP, `minato-quinn` is QUIC, and
//! `minato-tokio` has tokio as a guest.
//!
//! What tokio 1.x has too has tokio's name, signature and meaning here, except where tokio panics
//! because there is no runtime.
//!
//! # Hidden threads
//!
//! Outside a runtime a wait needs the background reactor's thread, and [`spawn`] needs the default
//! runtime. [`runtime::forbid_implicit`] and the environment variable `MINATO_FORBID_IMPLICIT=1`
//! forbid both: an operation that would start such a thread is then an error that names the place
//! of the call.

// Models of single files are built without the rest; see tests/loom.rs.
#![cfg(not(minato_loom))]

pub mod compat;
mod debug;
pub mod engine;
pub mod guide;
pub mod inspect;
pub mod io;
pub mod net;
mod os;
mod panics;
pub mod prelude;
pub mod reactor;
mod receive_buffers;
pub mod runtime;
pub mod signal;
pub mod sim;
#[cfg_attr(not(feature = "tracing"), path = "no_spans.rs")]
mod spans;
mod sync;
pub mod task;
pub mod time;

pub use minato_macros::{main, test};

pub use self::runtime::run;
pub use self::task::spawn;
