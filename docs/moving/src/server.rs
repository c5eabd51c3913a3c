//! Who accepts, and stops.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection;
use crate::feed::Feeds;
use crate::store::Store;

/// Serves until `stop` is done, and then until every client has its last answer.
pub async fn run(listener: TcpListener, stop: impl Future<Output = ()>) -> io::Result<()> {
    let (store, feeds) = (Store::default(), Feeds::default());
    let (stopping, stopped) = watch::channel(());
    let purging = tokio::spawn(store.clone().purge());
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (store, feeds, stopped) = (store.clone(), feeds.clone(), stopped.clone());
                    connections.spawn(connection::serve(stream, store, feeds, stopped));
                }
                Err(error) => {
                    eprintln!("no connection was accepted: {error}");
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(ended) = connections.join_next() => if let Ok(Err(error)) = ended {
                eprintln!("a connection ended with {error}");
            },
            () = &mut stop => break,
        }
    }
    drop((listener, stopping));
    while connections.join_next().await.is_some() {}
    purging.abort();
    Ok(())
}
