//! Timers, and waiting for tasks, cut off.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use minato::io::AsyncReadExt;
use minato::task::{JoinHandle, spawn_blocking, yield_now};
use minato::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::knife::{Knife, Late, dribble, pair, pause, scenarios};

scenarios! {
    a_sleep;
    a_sleep_goes_on;
    a_timeout;
    a_timeout_around_a_read;
    ticks;
    a_join_handle;
    a_join_handle_goes_on;
    a_blocking_job;
    giving_way;
    several_at_once;
}

const WHILE: Duration = Duration::from_millis(2);

async fn a_sleep(knife: Rc<Knife>) {
    while knife.cut(Late::Never, sleep(WHILE)).await.is_none() {}
}

/// One that was given up for a while still ends at its deadline.
async fn a_sleep_goes_on(knife: Rc<Knife>) {
    let start = Instant::now();
    let mut sleep = Box::pin(sleep(WHILE));
    loop {
        match knife.cut_keeping(Late::Once, sleep).await {
            Ok(()) => break,
            Err(kept) => sleep = kept,
        }
        pause().await;
    }
    assert!(start.elapsed() >= WHILE);
}

async fn a_timeout(knife: Rc<Knife>) {
    loop {
        if let Some(ended) = knife.cut(Late::Never, timeout(WHILE, pending::<()>())).await {
            ended.unwrap_err();
            break;
        }
    }
}

/// Neither the timer nor the reader inside leaves anything behind, and no byte is lost.
async fn a_timeout_around_a_read(knife: Rc<Knife>) {
    const PIECES: &[&str] = &["one", "two", "three"];
    let (client, mut server) = pair().await;
    let sending = dribble(client, PIECES, true);
    let mut received = Vec::new();
    loop {
        let read = timeout(Duration::from_secs(60), server.read_buf(&mut received));
        let Some(read) = knife.cut(Late::Once, read).await else { continue };
        if read.unwrap().unwrap() == 0 {
            break;
        }
    }
    assert_eq!(received, PIECES.concat().as_bytes());
    sending.await.unwrap();
}

async fn ticks(knife: Rc<Knife>) {
    let start = Instant::now();
    let mut interval = interval(WHILE);
    interval.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for tick in 0..4 {
        let due = loop {
            if let Some(due) = knife.cut(Late::Once, interval.tick()).await {
                break due;
            }
        };
        assert!(due - start >= tick * WHILE, "a tick was lost or came early");
        assert!(due - start < (tick + 1) * WHILE + Duration::from_secs(30));
    }
}

fn slow_task() -> JoinHandle<u8> {
    minato::spawn(async {
        for _ in 0..3 {
            yield_now().await;
            pause().await;
        }
        7
    })
}

/// The task runs on without its handle.
async fn a_join_handle(knife: Rc<Knife>) {
    let task = slow_task();
    let abort = task.abort_handle();
    match knife.cut(Late::Once, task).await {
        Some(output) => assert_eq!(output.unwrap(), 7),
        None => {
            while !abort.is_finished() {
                pause().await;
            }
        }
    }
}

async fn a_join_handle_goes_on(knife: Rc<Knife>) {
    let mut task = slow_task();
    loop {
        match knife.cut_keeping(Late::Once, task).await {
            Ok(output) => break assert_eq!(output.unwrap(), 7),
            Err(kept) => task = kept,
        }
    }
}

async fn a_blocking_job(knife: Rc<Knife>) {
    while knife.cut(Late::Once, spawn_blocking(|| 7)).await.is_none() {}
}

async fn giving_way(knife: Rc<Knife>) {
    let way_given = Cell::new(0);
    _ = knife
        .cut(Late::Once, async {
            for _ in 0..5 {
                yield_now().await;
                way_given.set(way_given.get() + 1);
            }
        })
        .await;
    assert!(way_given.get() <= 5);
}

/// Timers of one instant, of which one is dropped: the others fire.
async fn several_at_once(knife: Rc<Knife>) {
    let others: Vec<_> = (0..5).map(|_| minato::spawn(sleep(WHILE))).collect();
    _ = knife.cut(Late::Never, sleep(WHILE)).await;
    for other in others {
        other.await.unwrap();
    }
}
