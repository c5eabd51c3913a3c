//! No runtime at all: sockets on plain threads.
//!
//! `pollster` knows nothing but how to park a thread until it is woken. Minato's sockets need no
//! more: the first one that must wait starts the background reactor, which wakes the thread.

use std::io;
use std::thread;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};

async fn serve(listener: TcpListener) -> io::Result<()> {
    let (mut socket, from) = listener.accept().await?;
    println!("server: {from} has connected");
    let (mut reader, mut writer) = socket.split();
    minato::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

fn main() -> io::Result<()> {
    // Nothing has to be set up first, and making a socket starts no thread.
    let listener = pollster::block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || pollster::block_on(serve(listener)));

    let answer = pollster::block_on(async {
        let mut client = TcpStream::connect(address).await?;
        client.write_all(b"no runtime, no context, no macro").await?;
        client.shutdown().await?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await?;
        io::Result::Ok(answer)
    })?;
    println!("client: {answer}");
    assert_eq!(answer, "no runtime, no context, no macro");
    server.join().expect("the server does not panic")
}
