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
