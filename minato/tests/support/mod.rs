//! What several test programs need: a watchdog, an echo exchange, and tests that run in a process
//! of their own.
#![allow(dead_code, unused_imports)]

use std::io;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream};
use minato::runtime::{Builder, Runtime};

/// Far longer than any test takes on a busy machine: reached only by what hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Ends the process with a message if a test hangs; disarmed by being dropped.
pub(crate) struct Watchdog {
    disarm: Option<mpsc::Sender<()>>,
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.disarm.take());
    }
}

/// A watchdog for the test that calls this.
#[must_use]
#[track_caller]
pub(crate) fn watchdog() -> Watchdog {
    let place = std::panic::Location::caller();
    let (disarm, disarmed) = mpsc::channel::<()>();
    thread::spawn(move || {
        if disarmed.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the test at {place} hangs");
            std::process::abort();
        }
    });
    Watchdog { disarm: Some(disarm) }
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

pub(crate) fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

/// Echoes one connection until its end.
pub(crate) async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = vec![0; 4096];
    loop {
        match stream.read(&mut buf).await? {
            0 => return Ok(()),
            len => stream.write_all(&buf[..len]).await?,
        }
    }
}

/// Sends `rounds` messages over a connection and checks what comes back.
pub(crate) async fn ping(stream: &mut TcpStream, rounds: usize) -> io::Result<()> {
    for round in 0..rounds {
        let sent: Vec<u8> = (0..64 + round % 50).map(|at| (at * 7 + round) as u8).collect();
        stream.write_all(&sent).await?;
        let mut received = vec![0; sent.len()];
        stream.read_exact(&mut received).await?;
        assert_eq!(sent, received);
    }
    Ok(())
}

/// Two ends of a connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (client, accepted) = futures::join!(TcpStream::connect(address), listener.accept());
    (client.unwrap(), accepted.unwrap().0)
}

/// A listener on a free port that a standard thread serves: nothing of ours on that side.
pub(crate) fn standard_echo_server() -> SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                let mut buf = [0; 4096];
                while let Ok(len @ 1..) = stream.read(&mut buf) {
                    if stream.write_all(&buf[..len]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

const CHILD: &str = "MINATO_TEST_CHILD";

/// Runs `body` in a fresh process: the test `name` of this program calls this, is started anew
/// there, and comes here again. The parent gets what the child printed.
#[track_caller]
pub(crate) fn in_child(name: &str, body: impl FnOnce()) -> Option<Output> {
    in_child_with(name, |_| {}, body)
}

/// The same, with changes to how the child is started.
#[track_caller]
pub(crate) fn in_child_with(
    name: &str,
    change: impl FnOnce(&mut Command),
    body: impl FnOnce(),
) -> Option<Output> {
    if std::env::var(CHILD).is_ok_and(|child| child == name) {
        let _watchdog = watchdog();
        body();
        return None;
    }
    let mut command = child_command(name);
    change(&mut command);
    let output = command.output().unwrap();
    let text = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "the child of {name} failed ({}):\n{text}", output.status);
    assert!(text.contains("1 passed"), "there is no test of the name {name}:\n{text}");
    Some(output)
}

/// How the child of `name` is started.
pub(crate) fn child_command(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(child_arguments(name)).env(CHILD, name).env_remove("MINATO_FORBID_IMPLICIT");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn child_arguments(name: &str) -> [&str; 4] {
    ["--exact", name, "--nocapture", "--test-threads=1"]
}

/// Whether this process is the child of the test `name`.
pub(crate) fn is_child(name: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|child| child == name)
}

/// The names of the threads of this process.
pub(crate) fn thread_names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .collect();
    names.sort();
    names
}
