//! Three replicas and two clients on real sockets and real files, in one process.

use std::io;

use minato::net::TcpListener;
use register::{Bugs, Client, FileDisk, History, serve, workload};

#[minato::main]
async fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("register-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let history = on_real_sockets(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    let history = history?;
    history.check().map_err(io::Error::other)?;
    println!("{} operations on real sockets, and no contradiction", history.len());
    Ok(())
}

async fn on_real_sockets(folder: &std::path::Path) -> io::Result<History> {
    let mut replicas = Vec::new();
    for n in 0..3 {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        replicas.push(listener.local_addr()?.to_string());
        let disk = FileDisk::open(folder.join(format!("r{n}")))?;
        minato::spawn(serve(listener, disk, Bugs::default()));
    }
    let history = History::default();
    let clients = [0, 1].map(|id| {
        let client = Client::new(id, replicas.clone(), Bugs::default());
        minato::spawn(workload(client, id, 50, history.clone()))
    });
    for client in clients {
        client.await?;
    }
    Ok(history)
}
