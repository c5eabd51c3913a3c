//! What is not the network: files, standard output, child processes, signals, tasks of one thread.

use std::io::SeekFrom;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use services::Result;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

#[tokio::test]
async fn files_are_written_and_read() -> Result<()> {
    let path = std::env::temp_dir().join(format!("berths-{}.txt", std::process::id()));
    let mut file = File::create(&path).await?;
    file.write_all(b"all ships").await?;
    file.flush().await?;
    let mut file = File::open(&path).await?;
    file.seek(SeekFrom::Start(4)).await?;
    let mut rest = String::new();
    file.read_to_string(&mut rest).await?;
    assert_eq!(rest, "ships");
    assert_eq!(fs::read_to_string(&path).await?, "all ships");
    fs::remove_file(&path).await?;
    let mut output = tokio::io::stdout();
    output.write_all(b"written to standard output\n").await?;
    output.flush().await?;
    Ok(())
}

#[tokio::test]
async fn a_child_answers_through_its_pipes() -> Result<()> {
    let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = cat.stdin.take().expect("it is piped");
    let text = "a line\n".repeat(100_000);
    let (written, output) = tokio::join!(
        async move { input.write_all(text.as_bytes()).await },
        cat.wait_with_output(),
    );
    written?;
    let output = output?;
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), 700_000);
    Ok(())
}

#[tokio::test]
async fn a_signal_is_received() -> Result<()> {
    let mut signals = signal(SignalKind::user_defined1())?;
    let process = std::process::id().to_string();
    assert!(Command::new("kill").args(["-USR1", &process]).status().await?.success());
    tokio::time::timeout(Duration::from_secs(30), signals.recv()).await?.expect("signals go on");
    Ok(())
}

#[tokio::test]
async fn a_task_that_is_not_send_runs_in_a_local_set() -> Result<()> {
    let number = Rc::new(5);
    let task = async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        *number
    };
    let set = LocalSet::new();
    assert_eq!(set.run_until(async { tokio::task::spawn_local(task).await }).await?, 5);
    Ok(())
}
