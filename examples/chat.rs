//! A chat: what one client says, all others hear.
//!
//! Each member has a queue with a bound. A member that does not read loses lines. It does not hold
//! up the others, and it does not fill the memory.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use futures::channel::mpsc;
use minato::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use minato::net::{TcpListener, TcpStream};

type Members = Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<String>>>>;

async fn member(socket: TcpStream, address: SocketAddr, members: Members) -> io::Result<()> {
    // Reading and writing must not wait for one another, so each half gets a task.
    let (reader, mut writer) = socket.into_split();
    let (queue, mut lines_to_send) = mpsc::channel::<String>(32);
    members.lock().unwrap().insert(address, queue);
    minato::spawn(async move {
        writer.write_all(b"welcome\n").await?;
        while let Some(line) = lines_to_send.next().await {
            writer.write_all(line.as_bytes()).await?;
        }
        io::Result::Ok(())
    });

    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // The lock is not held over an await.
        for (other, queue) in members.lock().unwrap().iter_mut() {
            if *other != address {
                _ = queue.try_send(format!("{line}\n"));
            }
        }
    }
    // Dropping the queue ends the writing task, which closes the connection.
    members.lock().unwrap().remove(&address);
    Ok(())
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    let members = Members::default();
    loop {
        let (socket, address) = listener.accept().await?;
        minato::spawn(member(socket, address, members.clone()));
    }
}

fn main() -> io::Result<()> {
    minato::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        minato::spawn(serve(listener));

        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = BufReader::new(TcpStream::connect(address).await?);
            // A member hears what is said after its welcome.
            client.read_line(&mut String::new()).await?;
            clients.push(client);
        }
        clients[0].write_all(b"high tide at noon\n").await?;
        for (number, client) in clients.iter_mut().enumerate().skip(1) {
            let mut heard = String::new();
            client.read_line(&mut heard).await?;
            print!("client {number} heard: {heard}");
            assert_eq!(heard, "high tide at noon\n");
        }
        Ok(())
    })
}
