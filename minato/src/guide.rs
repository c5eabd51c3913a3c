//! I/O by hand and by helper: one small service, written in every way there is.
//!
//! Every socket of [`net`](crate::net) has two APIs. The *future API* is for programs: methods and
//! functions that return futures, to be awaited or chained. The *poll API* is for futures written
//! by hand. Both are on one type, and both rest on the same two properties, which every reader and
//! writer keeps:
//!
//! * no call ever blocks the thread;
//! * a call that cannot go on says so ([`Poll::Pending`](std::task::Poll::Pending), or the error
//!   `WouldBlock` from a `try_` method), and after `Pending` the task is woken when it can: because
//!   bytes arrived, because a full buffer drained, or because the stream ended.
//!
//! The service greets whoever connects with the five bytes that it was sent. All of these programs
//! run as they are; that is how they are tested.
//!
//! # With `async` and `await`
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
//!         drop(minato::spawn(greet(socket)));
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
//! # With combinators
//!
//! The functions of [`io::owned`](crate::io::owned) take the socket and the buffer and give both
//! back, so their futures borrow nothing: they can be chained, stored and spawned as they are. A
//! server is then a value, too: [`incoming`](crate::net::TcpListener::incoming) is a stream of
//! connections, and what is done with each is a closure. Nothing runs until it is awaited.
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
//!     drop(minato::spawn(greeting));
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
//! # By polling
//!
//! A combinator of your own is a type that implements [`Future`]. Its `poll` goes as far as it can
//! without waiting and keeps in the value where it is, so that the next call goes on from there.
//! When [`poll_read`](crate::io::AsyncRead::poll_read) is `Pending` it has noted whom to wake, so
//! [`ready!`](std::task::ready) may just return. This is how `read_exact` could be written for a
//! TCP connection:
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
//! # Datagrams
//!
//! A datagram is not a stream: it arrives whole or not at all, and it says who sent it.
//! [`send_dgram`](crate::net::UdpSocket::send_dgram) is an error unless all of it was sent at once,
//! and [`recv_dgram`](crate::net::UdpSocket::recv_dgram) gives the buffer back along with what came
//! and from whom:
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
//! Whoever sends or receives many has the system take them by one call:
//! [`send_segments`](crate::net::UdpSocket::send_segments),
//! [`recv_batch`](crate::net::UdpSocket::recv_batch), and by value
//! [`send_dgrams`](crate::net::UdpSocket::send_dgrams) and
//! [`recv_dgrams`](crate::net::UdpSocket::recv_dgrams).
