//! One client.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::command::Command;
use crate::feed::Feeds;
use crate::store::Store;

/// How long a request may be.
const LONGEST: u64 = 64 * 1024;

type Lines = BufReader<OwnedReadHalf>;

/// Answers one client, until it leaves or the server stops.
pub(crate) async fn serve(
    stream: TcpStream,
    store: Store,
    feeds: Feeds,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let (mut lines, mut line) = (BufReader::new(read), Vec::new());
    loop {
        line.clear();
        tokio::select! {
            more = read_line(&mut lines, &mut line) => if !more? { return Ok(()) },
            _ = stop.changed() => return Ok(()),
        }
        let answer = match Command::parse(String::from_utf8_lossy(&line).trim_end()) {
            Ok(Command::Get(key)) => {
                store.get(&key).map_or("-".into(), |value| format!("={value}"))
            }
            Ok(Command::Set { key, value, lifetime }) => {
                store.set(key, value, lifetime);
                "+".to_owned()
            }
            Ok(Command::Delete(key)) => if store.delete(&key) { "+" } else { "-" }.to_owned(),
            Ok(Command::Publish { feed, message }) => format!("={}", feeds.publish(&feed, message)),
            Ok(Command::Listen(feed)) => {
                return listen(lines, write, feeds.listen(feed), stop).await;
            }
            Err(text) => format!("!{text}"),
        };
        write.write_all(format!("{answer}\n").as_bytes()).await?;
    }
}

/// Hands on what is published, until the client leaves.
async fn listen(
    mut lines: Lines,
    mut write: OwnedWriteHalf,
    mut messages: tokio::sync::broadcast::Receiver<String>,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    write.write_all(b"+\n").await?;
    let mut line = Vec::new();
    loop {
        let message = tokio::select! {
            message = messages.recv() => message,
            more = read_line(&mut lines, &mut line) => if more? { continue } else { return Ok(()) },
            _ = stop.changed() => return Ok(()),
        };
        match message {
            Ok(message) => write.write_all(format!("*{message}\n").as_bytes()).await?,
            Err(RecvError::Lagged(count)) => {
                write.write_all(format!("!{count} messages were lost\n").as_bytes()).await?;
            }
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

/// Adds a line to `line`; says whether there was one before the end.
async fn read_line(lines: &mut Lines, line: &mut Vec<u8>) -> io::Result<bool> {
    let limit = LONGEST.saturating_sub(line.len() as u64);
    let read = lines.take(limit).read_until(b'\n', line).await?;
    if read > 0 && line.last() != Some(&b'\n') && line.len() as u64 >= LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the line does not end"));
    }
    Ok(read > 0)
}
