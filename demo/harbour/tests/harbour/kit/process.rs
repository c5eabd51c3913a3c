//! Programs that the tests start: the service itself, and a Redis that can be killed.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::{Client, LONG, Place};

/// The service as a program.
pub struct Program {
    pub child: Child,
    pub client: Client,
    pub grpc: String,
    _output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it, and waits until it is ready.
    pub async fn start(place: &Place, more: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harbour"));
        command.env("DATABASE_URL", &place.database).env("REDIS_URL", &place.redis);
        command.env("RUST_LOG", "warn");
        for name in ["TIDES_URL", "TIDES_CA", "HARBOUR_HTTP", "HARBOUR_GRPC"] {
            command.env_remove(name);
        }
        command.envs(more.iter().copied()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        let read = timeout(LONG, output.read_line(&mut line)).await.expect("a line in time");
        read.expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["harbour:", "http", http, "grpc", grpc] = words[..] else {
            panic!("the program is not ready: {line:?}");
        };
        let (client, grpc) = (Client::new(http.into()), grpc.into());
        Self { child, client, grpc, _output: output }
    }

    pub async fn signal(&self, name: &str) {
        signal(&self.child, name).await;
    }

    /// The program's exit code.
    pub async fn ended(mut self) -> Option<i32> {
        let status = timeout(LONG, self.child.wait()).await.expect("it ends");
        status.expect("a status").code()
    }
}

async fn signal(child: &Child, name: &str) {
    let process = child.id().expect("it runs").to_string();
    let status = Command::new("kill").args([&format!("-{name}"), &process]).status().await;
    assert!(status.expect("kill is there").success());
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A Redis of the test's own, which it may kill.
pub struct Redis {
    port: u16,
    child: Option<Child>,
}

impl Redis {
    pub async fn start() -> Self {
        // When another program has taken the port, the next one is tried.
        for _ in 0..10 {
            let port = free_port();
            let mut redis = Self { port, child: None };
            if redis.begin().await {
                return redis;
            }
        }
        panic!("redis-server found no free port");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Starts it at its port, empty. False when that is taken.
    pub async fn begin(&mut self) -> bool {
        let port = self.port.to_string();
        let mut child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed");
        let client = redis::Client::open(self.url()).expect("a URL");
        while child.try_wait().expect("a status").is_none() {
            if client.get_multiplexed_async_connection().await.is_ok() {
                self.child = Some(child);
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.expect("it is killed");
    }

    /// Stops it, or lets it go on: it takes connections and bytes, and says nothing.
    pub async fn stop(&self, stops: bool) {
        let name = if stops { "STOP" } else { "CONT" };
        signal(self.child.as_ref().expect("it runs"), name).await;
    }
}
