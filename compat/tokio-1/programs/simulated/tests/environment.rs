//! Tests that know nothing of simulation, run by the environment as hosts of a world: each test
//! here that is not ignored runs an ignored one in a process of its own.

use std::collections::HashMap;
use std::env;
use std::future::pending;
use std::process::{Command, Output};
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::{task, time};

const HOUR: Duration = Duration::from_secs(3600);

/// What a test prints that runs in the world of a seed, and whether it passes.
fn simulated(test: &str, seed: &str) -> (bool, String) {
    let Output { status, stdout, stderr } = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", test])
        .envs([("MINATO_ENGINE", "sim"), ("MINATO_SEED", seed)])
        .output()
        .unwrap();
    let text = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(text.contains("running 1 test"), "there is no test {test}:\n{text}");
    (status.success(), text)
}

/// The line of the output that begins with `mark`, which the test has printed.
fn marked(test: &str, seed: &str, mark: &str) -> String {
    let (passes, text) = simulated(test, seed);
    assert!(passes, "{text}");
    let line = text.lines().find_map(|line| line.split_once(mark));
    line.unwrap_or_else(|| panic!("no line with {mark}:\n{text}")).1.to_owned()
}

/// Runs a test that must fail, with a text that has `wanted` and the seed.
fn fails(test: &str, wanted: &[&str]) {
    let (passes, text) = simulated(test, "77");
    assert!(!passes, "{test} passes:\n{text}");
    for wanted in wanted.iter().chain(&["MINATO_SEED=77"]) {
        assert!(text.contains(wanted), "nothing names {wanted}:\n{text}");
    }
}

async fn echo(listener: TcpListener) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let (mut reader, mut writer) = stream.split();
    copy(&mut reader, &mut writer).await?;
    Ok(())
}

/// An echo at a port that nobody but root may bind on the machine.
async fn echoes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:443").unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.local_addr().unwrap().port(), 443);
    let server = task::spawn(echo(TcpListener::from_std(listener).unwrap()));
    let mut stream = TcpStream::connect("localhost:443").await.unwrap();
    stream.write_all(b"ahoy").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut echoed = String::new();
    stream.read_to_string(&mut echoed).await.unwrap();
    assert_eq!(echoed, "ahoy");
    server.await.unwrap().unwrap();
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_network() {
    echoes().await;
    let (one, two) = (UdpSocket::bind("127.0.0.1:53").await, UdpSocket::bind("127.0.0.1:0").await);
    let (one, two) = (one.unwrap(), two.unwrap());
    two.send_to(b"where?", "127.0.0.1:53").await.unwrap();
    assert_eq!(one.recv_from(&mut [0; 9]).await.unwrap(), (6, two.local_addr().unwrap()));
    let three = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let three = UdpSocket::from_std(three).unwrap();
    three.send_to(b"in", "127.0.0.1:53").await.unwrap();
    assert_eq!(one.recv_from(&mut [0; 9]).await.unwrap(), (2, three.local_addr().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "runs in a world"]
async fn plain_workers() {
    echoes().await;
    assert_eq!(task::block_in_place(|| 3), 3);
    let thread = std::thread::current().id();
    let job = task::spawn_blocking(move || std::thread::current().id() == thread);
    assert!(job.await.unwrap(), "blocking jobs have no threads in a world");
}

#[test]
fn the_network_is_the_worlds_on_both_flavors() {
    for test in ["plain_network", "plain_workers"] {
        let (passes, text) = simulated(test, "1");
        assert!(passes, "{text}");
    }
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_time() {
    let (real, ours, date) = (Instant::now(), time::Instant::now(), SystemTime::now());
    time::sleep(HOUR).await;
    assert_eq!((real.elapsed(), ours.elapsed()), (HOUR, HOUR));
    assert_eq!(date.elapsed().unwrap(), HOUR);
    assert_eq!(time::Instant::from_std(real), ours);
    time::timeout(HOUR, pending::<()>()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
#[ignore = "runs in a world"]
async fn plain_stopped_time() {
    let begin = time::Instant::now();
    time::advance(HOUR).await;
    time::resume();
    time::pause();
    time::sleep(HOUR).await;
    assert_eq!(begin.elapsed(), 2 * HOUR);
}

#[test]
fn an_hour_passes_at_once() {
    let begin = Instant::now();
    for test in ["plain_time", "plain_stopped_time"] {
        let (passes, text) = simulated(test, "1");
        assert!(passes, "{text}");
    }
    assert!(begin.elapsed() < HOUR);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in a world"]
async fn plain_choices() {
    let mut choices = Vec::new();
    for _ in 0..30 {
        tokio::select! { () = async {} => choices.push(1), () = async {} => choices.push(2) }
    }
    choices.extend(HashMap::from([(1, ()), (2, ()), (3, ()), (4, ()), (5, ())]).into_keys());
    let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
    for number in 0..8 {
        let sender = sender.clone();
        task::spawn(async move { sender.send(number).await });
    }
    drop(sender);
    while let Some(number) = receiver.recv().await {
        choices.push(number);
    }
    println!("choices: {choices:?}");
}

#[test]
fn the_seed_chooses() {
    let choices = |seed| marked("plain_choices", seed, "choices: ");
    assert_eq!(choices("1"), choices("1"));
    assert_ne!(choices("1"), choices("2"));
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_deadlock() {
    let listener = TcpListener::bind("127.0.0.1:4711").await.unwrap();
    task::spawn(pending::<()>());
    drop(listener.accept().await);
}

#[test]
fn a_deadlock_names_what_waits() {
    fails("plain_deadlock", &["environment.rs", "127.0.0.1:4711"]);
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_thread() {
    let (sender, receiver) = oneshot::channel();
    let waiting = task::spawn(receiver);
    task::yield_now().await;
    let stranger = std::thread::Builder::new().name("stranger".to_owned());
    stranger.spawn(move || sender.send(()).unwrap()).unwrap().join().unwrap();
    waiting.await.unwrap().unwrap();
    time::sleep(HOUR).await;
}

#[test]
fn a_thread_that_wakes_a_task_is_named() {
    fails("plain_thread", &["stranger"]);
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_socket_of_std() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    // What std itself would send does not get out of the world.
    let error = socket.send_to(b"out", "127.0.0.1:9").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
    time::sleep(HOUR).await;
}

#[test]
fn a_socket_of_std_that_is_used_is_named() {
    fails("plain_socket_of_std", &["the simulated host machine has called sendto on a socket"]);
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_sleep_of_std() {
    let job = task::spawn_blocking(|| std::thread::sleep(HOUR));
    let begin = time::Instant::now();
    job.await.unwrap();
    assert_eq!(begin.elapsed(), HOUR);
}

#[test]
fn std_sleeps_in_the_worlds_time() {
    let (passes, text) = simulated("plain_sleep_of_std", "1");
    assert!(passes, "{text}");
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_process() {
    tokio::process::Command::new("cat").status().await.unwrap();
}

#[test]
fn a_process_is_named() {
    fails("plain_process", &["cat is not started"]);
}

#[test]
#[ignore = "runs in a world"]
fn plain_runtimes() {
    // One after the other is fine.
    drop(Builder::new_current_thread().enable_all().build().unwrap());
    let first = Runtime::new().unwrap();
    first.block_on(echoes());
    Runtime::new().unwrap();
}

#[test]
fn two_runtimes_at_once_are_an_error() {
    fails("plain_runtimes", &["a simulated runtime already"]);
}

#[tokio::test]
#[ignore = "runs in a world"]
async fn plain_files() {
    let path = env::temp_dir().join(format!("minato-simulated-{}", std::process::id()));
    tokio::fs::write(&path, "cargo").await.unwrap();
    assert_eq!(tokio::fs::read_to_string(&path).await.unwrap(), "cargo");
    tokio::fs::remove_file(&path).await.unwrap();
}

#[test]
fn files_are_the_machines() {
    let (passes, text) = simulated("plain_files", "1");
    assert!(passes, "{text}");
}

#[test]
fn what_the_environment_says_wrongly_is_an_error() {
    let (passes, text) = simulated("plain_time", "many");
    assert!(!passes && text.contains("MINATO_SEED wants a number"), "{text}");
}
