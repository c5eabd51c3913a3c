//! I/O with Minato: the sockets, who waits for them, and their two APIs.
//!
//! This is a tour with one small service, written in every way that the library offers. Its
//! sections are those of the page "I/O with Tokio" of 2018, which described the same kind of system
//! for the Rust of that time. [The last section](#from-tokio-01) has a table from the old names to
//! the new ones. Every program here runs as it is; the tests run it.
//!
//! # The sockets
//!
//! In [`net`](crate::net) are [`TcpListener`](crate::net::TcpListener),
//! [`TcpStream`](crate::net::TcpStream) and [`UdpSocket`](crate::net::UdpSocket), and the same for
//! Unix sockets. They differ from those of std in one thing: an operation that has to wait does not
//! block the thread. It returns `Pending`, and its task is woken when another try can succeed:
//! because bytes arrived, because a full buffer drained, or because the stream ended.
//!
//! Each socket has two APIs. The *future API* is for programs: methods and functions that return
//! futures, to be awaited or chained. The *poll API* is for futures written by hand.
//!
//! # Who waits
//!
//! A socket that has to wait needs a *reactor*, which asks the operating system for the events of
//! many sockets at once, through mio. A program need not start one. A socket is made without a
//! reactor, and binds to one when it first has to wait: on a thread of a runtime to that thread's,
//! and anywhere else to the one in the background, whose thread starts at that moment.
//!
//! ```
//! use minato::io::{self, AsyncReadExt, AsyncWriteExt};
//! use minato::net::{TcpListener, TcpStream};
//! use minato::runtime::Runtime;
//!
//! # fn main() -> io::Result<()> {
//! // A thread that knows nothing of Minato.
//! let (mut client, mut server) = pollster::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (server, peer) = listener.accept().await?;
//!     assert_eq!(peer, client.local_addr()?);
//!     io::Result::Ok((client, server))
//! })?;
//!
//! // The same connection within a runtime, one end of it in a task.
//! Runtime::new()?.block_on(async {
//!     let writing = minato::spawn(async move { client.write_all(b"ahoy!").await });
//!     let mut five = [0; 5];
//!     server.read_exact(&mut five).await?;
//!     writing.await??;
//!     assert_eq!(&five, b"ahoy!");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! How to turn a reactor by hand, to put another one into the background, or to forbid hidden
//! threads, is in the documentation of [`reactor`](crate::reactor).
//!
//! # The future API
//!
//! Most helpers are generic over [`AsyncRead`](crate::io::AsyncRead) and
//! [`AsyncWrite`](crate::io::AsyncWrite). Each helper comes in two shapes: a method that borrows
//! the socket, and a function in [`io::owned`](crate::io::owned) that takes the socket and the
//! buffer and gives both back.
//!
//! | does | borrowing | by value |
//! |---|---|---|
//! | takes connections as they come | [`accept`] | [`incoming`], a stream |
//! | reads exactly so many bytes | [`read_exact`] | [`owned::read_exact`] |
//! | reads to the end | [`read_to_end`] | [`owned::read_to_end`] |
//! | writes all of a buffer | [`write_all`] | [`owned::write_all`] |
//! | copies until the end | [`io::copy`] | [`owned::copy`] |
//!
//! [`accept`]: crate::net::TcpListener::accept
//! [`incoming`]: crate::net::TcpListener::incoming
//! [`read_exact`]: crate::io::AsyncReadExt::read_exact
//! [`read_to_end`]: crate::io::AsyncReadExt::read_to_end
//! [`write_all`]: crate::io::AsyncWriteExt::write_all
//! [`io::copy`]: crate::io::copy
//! [`owned::read_exact`]: crate::io::owned::read_exact
//! [`owned::read_to_end`]: crate::io::owned::read_to_end
//! [`owned::write_all`]: crate::io::owned::write_all
//! [`owned::copy`]: crate::io::owned::copy
//!
//! The service greets each connection with the five bytes that it received from it.
//!
//! ## With `async` and `await`
//!
//! Methods that borrow the socket, which read best within one function:
//!
//! ```
//! use minato::io::{self, AsyncReadExt, AsyncWriteExt};
//! use minato::net::{TcpListener, TcpStream};
//!
//! async fn greet(mut socket: TcpStream) -> io::Result<()> {
//!     let mut five = [0; 5];
//!     socket.read_exact(&mut five).await?;
//!     socket.write_all(&five).await
//! }
//!
//! async fn serve(listener: TcpListener) -> io::Result<()> {
//!     loop {
//!         let (socket, peer) = listener.accept().await?;
//!         println!("{peer} is here");
//!         // Each connection is a task of its own; dropping the handle lets it run on.
//!         minato::spawn(greet(socket));
//!     }
//! }
//!
//! # fn main() -> io::Result<()> {
//! minato::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = minato::spawn(serve(listener));
//!
//!     let mut client = TcpStream::connect(address).await?;
//!     client.write_all(b"ahoy!").await?;
//!     let mut answer = String::new();
//!     client.read_to_string(&mut answer).await?;
//!     assert_eq!(answer, "ahoy!");
//!     server.abort();
//!     Ok(())
//! })
//! # }
//! ```
//!
//! ## With combinators
//!
//! The functions of [`io::owned`](crate::io::owned) take the socket and the buffer and give both
//! back, so their futures borrow nothing: they can be chained, stored and spawned as they are. A
//! server is then a value, too: [`incoming`](crate::net::TcpListener::incoming) is a stream of
//! connections, and a closure handles each. Nothing runs until it is awaited. The feature
//! `futures-util` puts the combinators into the prelude.
//!
//! ```
//! use std::future;
//! use minato::io::{self, owned};
//! use minato::net::{TcpListener, TcpStream};
//! use minato::prelude::*;
//!
//! # fn main() -> io::Result<()> {
//! let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0"))?;
//! let address = listener.local_addr()?;
//!
//! let server = listener.incoming().try_for_each(|socket| {
//!     println!("{:?} is here", socket.peer_addr());
//!     let greeting = owned::read_exact(socket, vec![0; 5])
//!         .and_then(|(socket, five)| owned::write_all(socket, five))
//!         .map(drop);
//!     minato::spawn(greeting);
//!     future::ready(Ok(()))
//! });
//!
//! let client = TcpStream::connect(address)
//!     .and_then(|socket| owned::write_all(socket, "ahoy!"))
//!     .and_then(|(socket, _)| owned::read_to_end(socket, Vec::new()));
//!
//! minato::run(async {
//!     let server = minato::spawn(server);
//!     let (_socket, answer) = client.await?;
//!     assert_eq!(answer, b"ahoy!");
//!     server.abort();
//!     Ok(())
//! })
//! # }
//! ```
//!
//! ## The two traits
//!
//! `AsyncRead` and `AsyncWrite` are like `Read` and `Write` of std, for types that keep two
//! promises:
//!
//! * no call ever blocks the thread;
//! * a call that cannot make progress returns [`Poll::Pending`](std::task::Poll::Pending), and the
//!   task is woken when it can.
//!
//! The `try_` methods of a socket wake no task: they return an error of the kind
//! [`WouldBlock`](crate::io::ErrorKind::WouldBlock), and `readable` and `writable` wait.
//!
//! All readers and writers of Minato keep these promises: sockets and their halves, buffers over
//! them, pipes in memory. So do types of your own that are made from these.
//!
//! ```
//! use minato::io::{self, AsyncWriteExt, ErrorKind};
//! use minato::net::{TcpListener, TcpStream};
//!
//! # fn main() -> io::Result<()> {
//! pollster::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (server, _) = listener.accept().await?;
//!
//!     let mut buf = [0; 16];
//!     assert_eq!(server.try_read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
//!     client.write_all(b"ahoy!").await?;
//!     let read = loop {
//!         server.readable().await?;
//!         match server.try_read(&mut buf) {
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
//!             read => break read?,
//!         }
//!     };
//!     assert_eq!(&buf[..read], b"ahoy!");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # The poll API
//!
//! A combinator of your own is a type that implements [`Future`]. Its `poll` goes as far as it can
//! without a wait and stores its progress in the value, so that the next call goes on from there.
//! When [`poll_read`](crate::io::AsyncRead::poll_read) returns `Pending`, it has stored the waker
//! of the task, so [`ready!`](std::task::ready) may return at once. This is how `read_exact` could
//! be written for a TCP connection:
//!
//! ```
//! use std::future::Future;
//! use std::pin::Pin;
//! use std::task::{Context, Poll, ready};
//! use minato::io::{self, AsyncRead, ReadBuf, owned};
//! use minato::net::{TcpListener, TcpStream};
//!
//! /// Fills a buffer, then gives it back with the connection.
//! enum Fill {
//!     Reading { socket: TcpStream, buf: Vec<u8>, filled: usize },
//!     Done,
//! }
//!
//! impl Future for Fill {
//!     type Output = io::Result<(TcpStream, Vec<u8>)>;
//!
//!     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
//!         let Fill::Reading { socket, buf, filled } = &mut *self else {
//!             panic!("Fill polled after completion");
//!         };
//!         while *filled < buf.len() {
//!             let mut rest = ReadBuf::new(&mut buf[*filled..]);
//!             ready!(Pin::new(&mut *socket).poll_read(cx, &mut rest))?;
//!             match rest.filled().len() {
//!                 0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
//!                 count => *filled += count,
//!             }
//!         }
//!         match std::mem::replace(&mut *self, Fill::Done) {
//!             Fill::Reading { socket, buf, .. } => Poll::Ready(Ok((socket, buf))),
//!             Fill::Done => unreachable!("it was reading a moment ago"),
//!         }
//!     }
//! }
//!
//! # fn main() -> io::Result<()> {
//! pollster::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (socket, _) = listener.accept().await?;
//!
//!     let filling = Fill::Reading { socket, buf: vec![0; 5], filled: 0 };
//!     let (_client, _) = owned::write_all(client, "ahoy!").await?;
//!     let (_socket, five) = filling.await?;
//!     assert_eq!(five, b"ahoy!");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! The same, as a function that any reader can use and that needs no type of its own:
//!
//! ```
//! use minato::io::{self, AsyncRead, AsyncReadExt};
//!
//! async fn fill<R: AsyncRead + Unpin>(mut from: R, mut buf: Vec<u8>) -> io::Result<(R, Vec<u8>)> {
//!     let mut filled = 0;
//!     while filled < buf.len() {
//!         match from.read(&mut buf[filled..]).await? {
//!             0 => return Err(io::ErrorKind::UnexpectedEof.into()),
//!             count => filled += count,
//!         }
//!     }
//!     Ok((from, buf))
//! }
//!
//! # fn main() -> io::Result<()> {
//! let (rest, five) = pollster::block_on(fill(&b"ahoy! and more"[..], vec![0; 5]))?;
//! assert_eq!(five, b"ahoy!");
//! assert_eq!(rest, b" and more");
//! # Ok(())
//! # }
//! ```
//!
//! # Buffers that are lent
//!
//! With many connections most of the memory is buffers that wait for something to read, and each is
//! cold when something comes. [`read_lent`](crate::io::AsyncReadExt::read_lent) waits first, and
//! then receives into memory of the thread, which gets it back when the [`Lent`](crate::io::Lent)
//! bytes are dropped. [`write_all_lent`](crate::net::TcpStream::write_all_lent) sends them back at
//! once, and copies what the peer does not take. `None` is the end of the stream.
//!
//! ```
//! use minato::io::{self, AsyncReadExt, AsyncWriteExt};
//! use minato::net::{TcpListener, TcpStream};
//!
//! async fn echo(mut socket: TcpStream) -> io::Result<()> {
//!     loop {
//!         let Some(lent) = socket.read_lent().await? else { return Ok(()) };
//!         socket.write_all_lent(lent).await?;
//!     }
//! }
//!
//! # fn main() -> io::Result<()> {
//! minato::run(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let mut client = TcpStream::connect(listener.local_addr()?).await?;
//!     let (socket, _) = listener.accept().await?;
//!     let server = minato::spawn(echo(socket));
//!
//!     client.write_all(b"ahoy!").await?;
//!     client.shutdown().await?;
//!     let mut answer = Vec::new();
//!     client.read_to_end(&mut answer).await?;
//!     assert_eq!(answer, b"ahoy!");
//!     server.await?
//! })
//! # }
//! ```
//!
//! Lent bytes stay on their thread: a task that may change threads drops them, copies them or sends
//! them back before its next `await`, and the compiler sees to it. [`io::copy`](crate::io::copy)
//! and the relays use them by themselves.
//!
//! # Datagrams
//!
//! A datagram is not a stream: it arrives whole or not at all, and it says who sent it.
//! [`send_dgram`](crate::net::UdpSocket::send_dgram) is an error unless all of it was sent at once,
//! and [`recv_dgram`](crate::net::UdpSocket::recv_dgram) gives the buffer back along with the
//! datagram and the address of its sender:
//!
//! ```
//! use minato::io;
//! use minato::net::UdpSocket;
//!
//! # fn main() -> io::Result<()> {
//! pollster::block_on(async {
//!     let harbour = UdpSocket::bind("127.0.0.1:0").await?;
//!     let ship = UdpSocket::bind("127.0.0.1:0").await?;
//!     let (address, sender) = (harbour.local_addr()?, ship.local_addr()?);
//!
//!     let (_ship, _text) = ship.send_dgram("ahoy!", address).await?;
//!     let (_harbour, buf, received) = harbour.recv_dgram(vec![0; 64]).await?;
//!     assert_eq!(&buf[..received.len], b"ahoy!");
//!     assert_eq!(received.from, sender);
//!     assert!(!received.truncated);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! Many datagrams can be sent or received by one system call:
//! [`send_batch`](crate::net::UdpSocket::send_batch),
//! [`recv_batch`](crate::net::UdpSocket::recv_batch), and by value
//! [`send_dgrams`](crate::net::UdpSocket::send_dgrams) and
//! [`recv_dgrams`](crate::net::UdpSocket::recv_dgrams).
//!
//! # From tokio 0.1
//!
//! A program that was written for tokio 0.1 runs on Minato unchanged with the crate
//! `minato-tokio01`, whose library is named `tokio`, and can then be rewritten part by part: its
//! module `bridge` carries futures, streams and sockets between the two kinds. The examples
//! `migrate_1_unchanged`, `migrate_2_side_by_side` and `migrate_3_new` are the same service at
//! three points of that way. This table has the names of the page and of its modules, and the names
//! that they have now:
//!
//! | then | now | what is different |
//! |---|---|---|
//! | `TcpListener::bind(&address)` | [`bind(address).await`][bind] | takes names, too |
//! | `TcpListener::incoming` | [`incoming`] | a shortage does not end it |
//! | `TcpListener::poll_accept` | [`poll_accept`] | takes a `Context` |
//! | `TcpStream::connect(&address)` | [`connect(address).await`][connect] | takes names, too |
//! | `TcpStream::shutdown(how)` | [`shutdown_half(how)`][half] | `shutdown` is the trait's |
//! | `from_std(socket, &handle)` | [`from_std`], [`from_std_on`] | |
//! | `UdpSocket::send_dgram` | [`send_dgram`] | keeps both after an error |
//! | `UdpSocket::recv_dgram` | [`recv_dgram`] | tells of what was cut off |
//! | `UdpSocket::poll_send_to`, .. | [`poll_send_to`], [`send_to`], .. | `&self` suffices |
//! | `UnixStream`, .. | [`net::unix`] | |
//! | `io::read_exact`, .. | [`owned::read_exact`], [`read_exact`], .. | keeps both after an error |
//! | `io::copy(reader, writer)` | [`owned::copy`], [`io::copy`] | flushes before it waits |
//! | `io::lines`, `io::read_until` | [`owned::lines`], [`AsyncBufReadExt`] | splits no character |
//! | `io::shutdown(a)` | [`owned::shutdown`], [`shutdown`] | a socket tells its peer |
//! | `AsyncRead::poll_read` | [`poll_read`] | takes a `Context` and a [`ReadBuf`] |
//! | `AsyncRead::read_buf` | [`read_buf`] | a future |
//! | `AsyncWrite::poll_write` | [`poll_write`] | takes a `Context` |
//! | `AsyncWrite::shutdown` | [`poll_shutdown`] | a socket tells its peer |
//! | `AsyncRead::split` | `split`, `into_split`, [`io::split`] | no lock in a socket's halves |
//! | `tokio::codec`, `UdpFramed` | none | the crate for the old API has it |
//! | `Future::poll(&mut self)` | [`Future::poll`] | takes a `Context` |
//! | `Ok(Async::Ready(t))`, `Err(e)` | `Poll::Ready(Ok(t))`, `Poll::Ready(Err(e))` | |
//! | `Ok(Async::NotReady)` | `Poll::Pending` | |
//! | `try_ready!(..)` | [`ready!(..)?`](std::task::ready) | |
//! | `task::current()`, `notify` | `cx.waker()`, `wake_by_ref` | no task is implied |
//! | `future.wait()` | [`Runtime::block_on`] | or anybody's, as `pollster`'s |
//! | `tokio::run` | [`minato::run`] | a panic of the future goes on |
//! | `tokio::spawn` | [`minato::spawn`] | gives a handle |
//! | `tokio::prelude` | [`minato::prelude`] | |
//! | `runtime::{Runtime, Builder}` | [`Runtime`], [`Builder`] | |
//! | `Runtime::block_on_all` | [`Runtime::block_on`], [`wait_idle`] | |
//! | `Runtime::shutdown_on_idle` | [`wait_idle`], then drop | |
//! | `Runtime::shutdown_now` | drop, or [`shutdown_background`] | |
//! | `current_thread::Runtime` | [`LocalRuntime`] | a panic stays in its task |
//! | `current_thread::spawn` | [`spawn_local`] | |
//! | `DefaultExecutor`, `TaskExecutor` | [`runtime::Handle`] | |
//! | `reactor::{Reactor, Background}` | [`reactor`] | |
//! | `Reactor::set_fallback` | [`set_fallback`] | |
//! | `PollEvented2`, `Registration` | [`AsyncFd`] | for any descriptor |
//! | `timer::Delay` | [`sleep_until`] | |
//! | `timer::Interval` | [`interval`] | |
//! | `timer::Timeout` | [`timeout`] | |
//! | `timer::DelayQueue` | none | the crate for the old API has it |
//! | `clock::now` | [`Instant::now`] | |
//!
//! [bind]: crate::net::TcpListener::bind
//! [connect]: crate::net::TcpStream::connect
//! [half]: crate::net::TcpStream::shutdown_half
//! [`poll_accept`]: crate::net::TcpListener::poll_accept
//! [`from_std`]: crate::net::TcpStream::from_std
//! [`from_std_on`]: crate::net::TcpStream::from_std_on
//! [`send_dgram`]: crate::net::UdpSocket::send_dgram
//! [`recv_dgram`]: crate::net::UdpSocket::recv_dgram
//! [`poll_send_to`]: crate::net::UdpSocket::poll_send_to
//! [`send_to`]: crate::net::UdpSocket::send_to
//! [`net::unix`]: crate::net::unix
//! [`owned::lines`]: crate::io::owned::lines
//! [`AsyncBufReadExt`]: crate::io::AsyncBufReadExt
//! [`owned::shutdown`]: crate::io::owned::shutdown
//! [`shutdown`]: crate::io::AsyncWriteExt::shutdown
//! [`poll_read`]: crate::io::AsyncRead::poll_read
//! [`ReadBuf`]: crate::io::ReadBuf
//! [`read_buf`]: crate::io::AsyncReadExt::read_buf
//! [`poll_write`]: crate::io::AsyncWrite::poll_write
//! [`poll_shutdown`]: crate::io::AsyncWrite::poll_shutdown
//! [`io::split`]: crate::io::split
//! [`Future::poll`]: std::future::Future::poll
//! [`Runtime::block_on`]: crate::runtime::Runtime::block_on
//! [`minato::run`]: fn@crate::run
//! [`minato::spawn`]: fn@crate::spawn
//! [`minato::prelude`]: crate::prelude
//! [`Runtime`]: crate::runtime::Runtime
//! [`Builder`]: crate::runtime::Builder
//! [`wait_idle`]: crate::runtime::Runtime::wait_idle
//! [`shutdown_background`]: crate::runtime::Runtime::shutdown_background
//! [`LocalRuntime`]: crate::runtime::LocalRuntime
//! [`spawn_local`]: crate::task::spawn_local
//! [`runtime::Handle`]: crate::runtime::Handle
//! [`reactor`]: crate::reactor
//! [`set_fallback`]: crate::reactor::Reactor::set_fallback
//! [`AsyncFd`]: crate::net::AsyncFd
//! [`sleep_until`]: crate::time::sleep_until
//! [`interval`]: fn@crate::time::interval
//! [`timeout`]: fn@crate::time::timeout
//! [`Instant::now`]: crate::time::Instant::now
