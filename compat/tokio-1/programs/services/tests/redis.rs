//! The redis client against a redis-server on a free port.
//!
//! Without the program `redis-server` the tests fail, since nothing would be tested.

use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use services::Result;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// A server that ends with its owner.
struct Server {
    client: redis::Client,
    _child: Child,
}

async fn server() -> Result<Server> {
    // A port that was free a moment ago. When another program took it, the server ends and the next
    // one is tried.
    for _ in 0..10 {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let mut child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("redis-server does not start: {error}"))?;
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/"))?;
        while child.try_wait()?.is_none() {
            if client.get_multiplexed_async_connection().await.is_ok() {
                return Ok(Server { client, _child: child });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Err("redis-server found no free port".into())
}

#[tokio::test]
async fn a_connection_carries_many_commands_at_once() -> Result<()> {
    let server = server().await?;
    let connection = server.client.get_multiplexed_async_connection().await?;
    let mut commands = JoinSet::new();
    for number in 0..100_i64 {
        let mut connection = connection.clone();
        commands.spawn(async move {
            redis::cmd("INCRBY").arg("sum").arg(number).query_async::<i64>(&mut connection).await
        });
    }
    while let Some(sum) = commands.join_next().await {
        sum??;
    }
    let mut managed = redis::aio::ConnectionManager::new(server.client.clone()).await?;
    assert_eq!(redis::cmd("GET").arg("sum").query_async::<i64>(&mut managed).await?, 4950);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_arrives() -> Result<()> {
    let server = server().await?;
    let mut feed = server.client.get_async_pubsub().await?;
    feed.subscribe("harbour").await?;
    let mut connection = server.client.get_multiplexed_async_connection().await?;
    redis::cmd("PUBLISH").arg("harbour").arg("high tide").exec_async(&mut connection).await?;
    let message = feed.on_message().next().await.expect("the feed goes on");
    assert_eq!(message.get_payload::<String>()?, "high tide");
    Ok(())
}
