//! Time limits and cancellation: what dropping a future does.
//!
//! A future that is dropped stops where it is. The documentation of each says what that means under
//! "Cancel safety"; for a `read` it means that no byte is lost.

use std::io;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::time::{interval, sleep, timeout};

const LIMIT: Duration = Duration::from_millis(50);

async fn tick(mut socket: TcpStream) -> io::Result<()> {
    let mut ticks = interval(Duration::from_millis(10));
    loop {
        ticks.tick().await;
        socket.write_all(b"tick ").await?;
    }
}

fn main() -> io::Result<()> {
    minato::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut client = TcpStream::connect(listener.local_addr()?).await?;
        let (mut server, _) = listener.accept().await?;
        let mut buf = [0; 32];

        // The server is silent, so the limit drops the read.
        let late = timeout(LIMIT, client.read(&mut buf)).await;
        println!("while the server is silent: {}", late.unwrap_err());

        // No byte is lost: another future reads what is sent later.
        server.write_all(b"better late").await?;
        let len = timeout(Duration::from_secs(5), client.read(&mut buf)).await??;
        println!("then: {}", String::from_utf8_lossy(&buf[..len]));
        assert_eq!(&buf[..len], b"better late");

        // A handle cancels its task. The task is dropped at its await, and the handle says so. The
        // socket that the task owned is closed, and the other side reads the end.
        let ticking = minato::spawn(tick(server));
        client.read_exact(&mut buf[..5]).await?;
        sleep(LIMIT).await;
        ticking.abort();
        let mut heard = String::new();
        client.read_to_string(&mut heard).await?;
        println!("until it was cancelled: tick {heard}");
        assert!(ticking.await.unwrap_err().is_cancelled());
        Ok(())
    })
}
