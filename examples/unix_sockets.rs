//! Unix sockets: streams between processes of one machine, named by a path, or by nothing.

use std::io;

use minato::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use minato::net::{UnixListener, UnixStream};

async fn serve(listener: UnixListener) -> io::Result<()> {
    let (socket, _) = listener.accept().await?;
    // The kernel vouches for the peer; it cannot claim to be somebody else.
    let user = socket.peer_cred()?.uid();
    let mut socket = BufReader::new(socket);
    let mut name = String::new();
    socket.read_line(&mut name).await?;
    socket.write_all(format!("{} is user {user}\n", name.trim()).as_bytes()).await
}

fn main() -> io::Result<()> {
    minato::runtime::Runtime::new()?.block_on(async {
        // A listener takes a path. The file stays behind when the socket is closed, so it lies in a
        // directory that is removed.
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("harbour.sock");
        let server = minato::spawn(serve(UnixListener::bind(&path)?));

        let mut client = UnixStream::connect(&path).await?;
        client.write_all(b"the client\n").await?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await?;
        print!("{answer}");
        assert!(answer.starts_with("the client is user "));
        server.await??;

        // A pair has no name. It is the two ends of one connection; programs often give one end to
        // a child process or to another thread.
        let (mut left, mut right) = UnixStream::pair()?;
        left.write_all(b"no path needed").await?;
        drop(left);
        let mut text = String::new();
        right.read_to_string(&mut text).await?;
        println!("{text}");
        assert_eq!(text, "no path needed");
        Ok(())
    })
}
