//! Children that are dropped before they end leave no zombies.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const LONG: Duration = Duration::from_secs(60);

fn sleeper(seconds: &str) -> Child {
    Command::new("sleep").arg(seconds).stdin(Stdio::null()).spawn().unwrap()
}

/// The state of a process of this system, unless it has gone.
fn state(id: u32) -> Option<char> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}

async fn gone(id: u32) {
    timeout(LONG, async {
        while state(id).is_some() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("process {id} is in state {:?}", state(id)));
}

#[tokio::test]
async fn a_child_that_is_dropped_is_waited_for_when_it_ends() {
    for flavor in ["0", "0.2"] {
        let child = sleeper(flavor);
        let id = child.id().unwrap();
        drop(child);
        gone(id).await;
    }
}

#[tokio::test]
async fn a_child_that_is_killed_by_its_drop_is_waited_for() {
    let child = Command::new("sleep").arg("1000").kill_on_drop(true).spawn().unwrap();
    let id = child.id().unwrap();
    drop(child);
    gone(id).await;
}

#[test]
fn a_child_that_no_runtime_was_left_for_is_waited_for_when_the_next_starts() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let child = {
        let runtime = runtime();
        let _context = runtime.enter();
        sleeper("0.1")
    };
    let id = child.id().unwrap();
    drop(child);
    while state(id) != Some('Z') {
        assert!(state(id).is_some(), "nobody was there to wait for it");
        std::thread::sleep(Duration::from_millis(5));
    }
    runtime().block_on(async {
        sleeper("0").wait().await.unwrap();
        gone(id).await;
    });
}

#[tokio::test]
async fn children_are_waited_for_by_several_tasks_at_once() {
    let children = (0..20).map(|index| {
        tokio::spawn(async move { sleeper(&format!("0.0{index}")).wait().await.unwrap().success() })
    });
    for child in children.collect::<Vec<_>>() {
        assert!(timeout(LONG, child).await.unwrap().unwrap());
    }
}
