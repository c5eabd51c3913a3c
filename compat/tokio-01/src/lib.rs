//! The API of tokio 0.1, on Minato.
//!
//! Programs that were written for tokio 0.1 and futures 0.1 compile against this crate unchanged:
//! its library is named `tokio`, and every name, signature and meaning is the old one. What runs
//! beneath is [`minato`], which is maintained: its reactor, its sockets, its runtimes.
//!
//! ```
//! extern crate tokio;
//!
//! use tokio::io;
//! use tokio::net::{TcpListener, TcpStream};
//! use tokio::prelude::*;
//!
//! # fn main() -> std::io::Result<()> {
//! let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
//! let address = listener.local_addr()?;
//!
//! let greeting = listener
//!     .incoming()
//!     .into_future()
//!     .map_err(|(error, _)| error)
//!     .and_then(|(socket, _)| io::write_all(socket.unwrap(), b"ahoy"));
//! let heard = TcpStream::connect(&address).and_then(|socket| io::read_to_end(socket, Vec::new()));
//!
//! let (heard, _) = heard.join(greeting.map(drop)).wait()?;
//! assert_eq!(heard.1, b"ahoy");
//! # Ok(())
//! # }
//! ```
//!
//! No runtime was started there. As in tokio 0.1, a socket needs none: it finds a reactor when it
//! first has to wait, and outside every runtime that is one on a background thread, which starts at
//! that moment. See [`reactor`](mod@minato::reactor).
//!
//! # Old and new in one process
//!
//! Both APIs are on the same reactors, and sockets, futures and streams can be moved from one to
//! the other, one by one: see [`bridge`].
//!
//! # What is where
//!
//! | module | is for |
//! |---|---|
//! | [`bridge`] | moving futures, streams and sockets between this API and Minato's |
//! | [`io`] | the traits for reading and writing, and futures over them by value |
//! | [`net`] | sockets: TCP, UDP, Unix |
//! | [`codec`] | from bytes to frames and back |
//! | [`timer`], [`clock`] | delays, timeouts, intervals; what time it is |
//! | [`runtime`] | threads, or the one that calls, to run tasks with |
//! | [`executor`] | spawning tasks |
//! | [`reactor`] | who waits for sockets |
//! | [`util`] | methods for futures and streams |
//! | [`prelude`] | the traits that nearly every program imports |
//! | [`tokio_io`] | what was in the crate tokio-io only |
//!
//! # What is different
//!
//! What tokio 0.1 promised is kept. Some of what it did besides is not:
//!
//! * [`spawn`] works outside of a runtime, and a panic of a task is told: see [`executor`].
//! * `wait` works within tasks for sockets and timers, on a runtime's only thread, too. For another
//!   task it does not if that has no other thread to run on: in
//!   [`block_in_place`](minato::task::block_in_place) it does.
//! * `io::lines` takes characters that arrive in pieces, `io::copy` flushes while its reader is
//!   idle, and shutting a stream down tells the peer: see [`io`].
//! * Any number of tasks may wait for one socket; a shortage of descriptors does not end
//!   [`Incoming`](net::tcp::Incoming), nor a datagram without a frame a
//!   [`UdpFramed`](net::UdpFramed); and futures that fail give back what they were given: see
//!   [`net`].
//! * Timers work without a runtime, and outlive the one that they began to wait in: see [`timer`].
//!
//! Left out are `sync`, whose channels futures 0.1 has, `fs`, standard input and output, and of the
//! deprecated executors what is for building another one.

pub mod bridge;
pub mod clock;
pub mod codec;
pub mod executor;
pub mod io;
pub mod net;
mod pool;
pub mod prelude;
pub mod reactor;
pub mod runtime;
pub mod timer;
pub mod tokio_io;
pub mod util;

pub use self::executor::spawn;
pub use self::runtime::run;
