//! A replica: it keeps the newest entry that it was given.

use std::io;
use std::time::Duration;

use futures_util::future::join;
use minato::net::TcpListener;
use minato::time::{sleep, timeout};

use crate::connection::Connection;
use crate::disk::Disk;
use crate::message::{self, Request};
use crate::{Bugs, PORT};

/// How long a client may ask nothing.
const IDLE: Duration = Duration::from_secs(60);
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
        let (sync, accept) = (sync_now_and_then(disk.clone()), accept_all(listener, disk, bugs));
        let _ = join(sync, accept).await;
    } else {
        accept_all(listener, disk, bugs).await;
    }
}

async fn accept_all(listener: TcpListener, disk: impl Disk, bugs: Bugs) {
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

/// Answers one client, until it leaves or has asked nothing for a while.
async fn answer(mut connection: Connection, disk: impl Disk, bugs: Bugs) -> io::Result<()> {
    loop {
        // A client can be gone without a word that has reached us.
        let frame = timeout(IDLE, connection.receive()).await??;
        let (number, request) = message::parse_request(&frame)?;
        if let Request::Store(entry) = request {
            // What was there before is written anew if it is newer: the answer says "I have this or
            // newer, and for good", and an earlier sync may have failed.
            let before = disk.read();
            disk.write(if entry.tag > before.tag { entry } else { before });
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
