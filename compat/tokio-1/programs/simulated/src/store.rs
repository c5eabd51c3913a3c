//! The redis client and a small server of ours that speaks its protocol. The client takes its
//! streams through std to set options on them.

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result as IoResult};
use std::sync::{Arc, Mutex};

use minato::sim::Simulation;
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{AsyncCommands, Client};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::{Result, play};

pub(crate) type Store = Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>;

async fn line(reader: &mut BufReader<OwnedReadHalf>) -> IoResult<Option<String>> {
    let mut line = String::new();
    let len = reader.read_line(&mut line).await?;
    Ok((len > 0).then(|| line.trim_end().to_owned()))
}

/// The number behind the mark at the start of a line.
fn number(line: Option<String>, mark: char) -> IoResult<usize> {
    let number = line.as_deref().and_then(|line| line.strip_prefix(mark)?.parse().ok());
    number.ok_or_else(|| Error::new(ErrorKind::InvalidData, format!("no number with {mark}")))
}

fn answer(store: &Store, command: &[Vec<u8>]) -> Vec<u8> {
    let mut store = store.lock().expect("no thread panics with it");
    match command {
        [verb, key, value, ..] if verb.eq_ignore_ascii_case(b"SET") => {
            store.insert(key.clone(), value.clone());
            b"+OK\r\n".to_vec()
        }
        [verb, key] if verb.eq_ignore_ascii_case(b"GET") => match store.get(key) {
            Some(value) => [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat(),
            None => b"$-1\r\n".to_vec(),
        },
        // What a client says of itself.
        _ => b"+OK\r\n".to_vec(),
    }
}

pub(crate) async fn serve(stream: TcpStream, store: Store) -> IoResult<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(head) = line(&mut reader).await? {
        let mut command = Vec::new();
        for _ in 0..number(Some(head), '*')? {
            let len = number(line(&mut reader).await?, '$')?;
            let mut word = vec![0; len + 2];
            reader.read_exact(&mut word).await?;
            word.truncate(len);
            command.push(word);
        }
        writer.write_all(&answer(&store, &command)).await?;
    }
    Ok(())
}

/// Sets a key, and returns what it is then.
pub(crate) async fn set_and_get(
    connection: &mut MultiplexedConnection,
    value: u32,
) -> Result<Option<u32>> {
    let key = format!("key {value}");
    let () = connection.set(&key, value).await?;
    Ok(connection.get(&key).await?)
}

pub(crate) fn of_a_small_server(simulation: &mut Simulation) -> Result<String> {
    drop(simulation.spawn("server", async {
        let (listener, store) = (TcpListener::bind("0.0.0.0:6379").await?, Store::default());
        loop {
            tokio::spawn(serve(listener.accept().await?.0, store.clone()));
        }
        #[expect(unreachable_code, reason = "it says what the loop may fail with")]
        Result::Ok(())
    })?);
    play(simulation, async {
        let client = Client::open("redis://server:6379/")?;
        let mut manager = ConnectionManager::new(client.clone()).await?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut writes = JoinSet::new();
        for number in 0..20 {
            let mut connection = connection.clone();
            writes.spawn(async move { connection.set(format!("key {number}"), number).await });
        }
        while let Some(written) = writes.join_next().await {
            let () = written??;
        }
        let mut sum = 0;
        for number in 0..20 {
            let value: u32 = connection.get(format!("key {number}")).await?;
            sum += value;
        }
        let none: Option<String> = manager.get("no such key").await?;
        Ok(format!("{sum} {none:?}"))
    })
}
