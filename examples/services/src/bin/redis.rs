//! Redis over a socket of ours: the connection is shared by all tasks, and its driver is a task.
//!
//! It counts to a hundred by eight tasks at the server at ADDRESS, and prints the count.

use minato::net::TcpStream;
use minato::task::JoinSet;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, RedisConnectionInfo, RedisResult};

async fn connect(address: &str) -> RedisResult<MultiplexedConnection> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    // Its own time limit is tokio's, and needs a runtime of it: see `minato::time::timeout`.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let info = RedisConnectionInfo::default();
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&info, stream, config).await?;
    minato::spawn(driver);
    Ok(connection)
}

#[minato::main]
async fn main() -> RedisResult<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:6379".to_owned());
    let mut connection = connect(&address).await?;
    let _: () = connection.del("ships").await?;

    let mut tasks = JoinSet::new();
    for task in 0..8_usize {
        let mut connection = connection.clone();
        tasks.spawn(async move {
            for _ in (task..100).step_by(8) {
                let _: i64 = connection.incr("ships", 1).await?;
            }
            RedisResult::Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect::<RedisResult<()>>()?;

    let ships: i64 = connection.get("ships").await?;
    println!("{ships}");
    Ok(())
}
