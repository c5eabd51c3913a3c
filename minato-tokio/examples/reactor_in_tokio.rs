//! Minato's sockets and timers in a program on tokio, without a thread of Minato's.
//!
//! tokio runs the tasks and turns the reactor. This is a way in for a program whose runtime is to
//! stay, for now.

use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::reactor::Reactor;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let reactor = Reactor::new()?;
    // From now on, all waits of Minato outside of its runtimes use this reactor.
    reactor.set_fallback().map_err(io::Error::other)?;
    tokio::spawn(minato_tokio::turn(reactor));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        minato::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(b"hello").await
    });
    let mut stream = TcpStream::connect(address).await?;
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).await?;
    println!("a task of tokio has read {}", String::from_utf8_lossy(&bytes));

    let threads = std::fs::read_dir("/proc/self/task")?.count();
    println!("threads of this process: {threads}");
    Ok(())
}
