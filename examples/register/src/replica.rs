//! A replica: it keeps the newest entry that it was given.

use std::io;
use std::time::Duration;

use minato::net::TcpListener;
use minato::time::sleep;

use crate::connection::Connection;
use crate::disk::Disk;
use crate::message::{self, Request};
use crate::{Bugs, PORT};

/// How often a lazy disk is synced.
const LAZY_SYNC: Duration = Duration::from_millis(25);

/// A replica on a host of its own.
///
/// # Errors
///
/// If the port is taken.
pub async fn replica(disk: impl Disk, bugs: Bugs) -> io::Result<()> {
    serve(TcpListener::bind(("0.0.0.0", PORT)).await?, disk, bugs).await;
    Ok(())
}

/// Answers whoever connects, for ever.
pub async fn serve(listener: TcpListener, disk: impl Disk, bugs: Bugs) {
    if bugs.lazy_disk {
        minato::spawn(sync_now_and_then(disk.clone()));
    }
    loop {
        match listener.accept().await.and_then(|(stream, _)| Connection::new(stream)) {
            Ok(connection) => {
                // A client that is gone is no fault of ours, and connects again if it lives.
                minato::spawn(answer(connection, disk.clone(), bugs));
            }
            // There are no descriptors, or the client has left already.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Answers one client, until it leaves.
async fn answer(mut connection: Connection, disk: impl Disk, bugs: Bugs) -> io::Result<()> {
    loop {
        let (number, request) = message::parse_request(&connection.receive().await?)?;
        if let Request::Store(entry) = request {
            if entry.tag > disk.read().tag {
                disk.write(entry);
            }
            // An older entry waits too: it says "you have this or newer", which must last.
            if !bugs.lazy_disk {
                disk.sync().await?;
            }
        }
        connection.send(&message::answer(number, disk.read())).await?;
    }
}

async fn sync_now_and_then(disk: impl Disk) -> io::Result<()> {
    loop {
        sleep(LAZY_SYNC).await;
        disk.sync().await?;
    }
}
