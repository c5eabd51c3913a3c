//! What a service needs beyond tokio's names, over the public API of [minato].
//!
//! * [`GracefulShutdown`] ends a service in good order: it stops accepting, what is under way is
//!   finished, and a deadline ends what is left.
//! * [`Connect`] does not wait for a dead address: it tries several at a time, as RFC 8305 ("happy
//!   eyeballs") has it.
//! * [`TimeoutStream`] limits how long a stream waits for its peer.
//!
//! None of them knows the others, and each works on any thread and under any executor, in a
//! [simulation](minato::sim) as well. `minato-http` has the same for HTTP.
//!
//! A whole service: it answers lines until Ctrl-C, gives up clients that say nothing, and finishes
//! the answers that are under way.
//!
//! ```
//! use std::io;
//! use std::time::Duration;
//!
//! use minato::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use minato::net::{TcpListener, TcpStream};
//! use minato::signal::unix::{SignalKind, signal};
//! use minato_service::{Connect, GracefulShutdown, TimeoutStream, Token};
//!
//! async fn answer(stream: TcpStream, token: Token) -> io::Result<()> {
//!     let mut stream = TimeoutStream::new(stream);
//!     stream.set_read_timeout(Some(Duration::from_secs(60)));
//!     stream.set_write_timeout(Some(Duration::from_secs(10)));
//!     let mut stream = BufReader::new(stream);
//!     let mut line = String::new();
//!     // The wait for a request ends early, and an answer is always whole.
//!     while let Some(read) = token.run_until_begun(stream.read_line(&mut line)).await {
//!         if read? == 0 {
//!             break;
//!         }
//!         stream.write_all(format!("aye: {line}").as_bytes()).await?;
//!         line.clear();
//!     }
//!     Ok(())
//! }
//!
//! /// Serves until Ctrl-C; returns how many connections were cut off.
//! async fn serve(listener: TcpListener) -> io::Result<usize> {
//!     let mut interrupt = signal(SignalKind::interrupt())?;
//!     let shutdown = GracefulShutdown::new();
//!     let ending = shutdown.clone();
//!     minato::spawn(async move {
//!         interrupt.recv().await;
//!         ending.begin();
//!     });
//!     while let Some(accepted) = shutdown.run_until_begun(listener.accept()).await {
//!         let answering = answer(accepted?.0, shutdown.token());
//!         minato::spawn(async move {
//!             if let Err(error) = answering.await {
//!                 eprintln!("a connection has failed: {error}");
//!             }
//!         });
//!     }
//!     // From here on new clients are refused.
//!     drop(listener);
//!     Ok(shutdown.drain(Duration::from_secs(30)).await)
//! }
//!
//! # fn main() -> io::Result<()> {
//! minato::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let port = listener.local_addr()?.port();
//!     let server = minato::spawn(serve(listener));
//!
//!     let connect = Connect::new().with_timeout(Duration::from_secs(10));
//!     let mut client = BufReader::new(connect.connect(("localhost", port)).await?);
//!     client.write_all(b"cast off\n").await?;
//!     let mut line = String::new();
//!     client.read_line(&mut line).await?;
//!     assert_eq!(line, "aye: cast off\n");
//!
//!     // What Ctrl-C does.
//!     let process = std::process::id().to_string();
//!     std::process::Command::new("kill").args(["-INT", &process]).status()?;
//!     assert_eq!(server.await.unwrap()?, 0, "the client was idle");
//!     assert_eq!(client.read_line(&mut line).await?, 0);
//!     Ok(())
//! })
//! # }
//! ```

mod connect;
mod shutdown;
mod timeout;

pub use self::connect::Connect;
pub use self::shutdown::{GracefulShutdown, ShutdownWait, Token};
pub use self::timeout::TimeoutStream;
