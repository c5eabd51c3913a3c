//! A program with little to do lets the processor sleep. Each test in a process of its own, which
//! counts how often its threads wake up.

use std::fs;
use std::future::Future;
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use minato::net::TcpStream;
use minato::time::sleep;

use crate::kit::{current_thread, in_child, multi_thread, ping, standard_echo_server};

/// How often the threads with a name that `counts` have waited so far.
fn waits(counts: impl Fn(&str) -> bool) -> u64 {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let Ok(status) = fs::read_to_string(task.unwrap().path().join("status")) else { continue };
        let field = |key| status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim();
        if counts(field("Name:")) {
            sum += field("voluntary_ctxt_switches:").parse::<u64>().unwrap();
        }
    }
    sum
}

/// How often the threads with a name that `counts` wait in two seconds.
fn waits_in_two_seconds(counts: impl Fn(&str) -> bool) -> u64 {
    thread::sleep(Duration::from_millis(500));
    let before = waits(&counts);
    thread::sleep(Duration::from_secs(2));
    waits(&counts) - before
}

/// Does something five times in two seconds.
async fn heartbeat() {
    loop {
        sleep(Duration::from_millis(400)).await;
    }
}

#[test]
fn a_multi_thread_runtime_with_a_heartbeat_seldom_wakes() {
    in_child("at_rest::a_multi_thread_runtime_with_a_heartbeat_seldom_wakes", || {
        for workers in [2, 4] {
            let runtime = multi_thread(workers);
            drop(runtime.spawn(heartbeat()));
            // Of 200 a second it was nearly all that something looked in vain.
            let waits = waits_in_two_seconds(|name| name.starts_with("minato"));
            assert!(waits <= 30, "{waits} times with {workers} workers");
        }
    });
}

#[test]
fn a_runtime_that_somebody_outside_waits_on_seldom_wakes() {
    in_child("at_rest::a_runtime_that_somebody_outside_waits_on_seldom_wakes", || {
        for runtime in [current_thread(), multi_thread(2)] {
            thread::spawn(move || {
                runtime.block_on(async {
                    let address = standard_echo_server();
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    let mut outside = Box::pin(async move {
                        ping(&mut stream, 1).await.unwrap();
                        futures::pin_mut!(stream);
                        minato::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await
                    });
                    assert!(futures::poll!(&mut outside).is_pending());
                    thread::spawn(move || pollster::block_on(outside));
                    heartbeat().await;
                });
            });
            let waits = waits_in_two_seconds(|name| name.starts_with("minato"));
            assert!(waits <= 60, "{waits} times");
        }
    });
}

fn on_one_thread(future: impl Future<Output = ()> + Send + 'static) {
    thread::spawn(move || current_thread().block_on(future));
}

/// Such a set gives its futures wakers of its own, which are nobody's whom we know.
#[test]
fn a_set_of_futures_in_a_task_keeps_no_hidden_thread_awake() {
    in_child("at_rest::a_set_of_futures_in_a_task_keeps_no_hidden_thread_awake", || {
        on_one_thread(async {
            loop {
                let three = (1..=3).map(|millis| sleep(Duration::from_millis(millis)));
                let mut set: FuturesUnordered<_> = three.collect();
                while set.next().await.is_some() {}
            }
        });
        let waits = waits_in_two_seconds(|name| name == "minato-reactor");
        assert!(waits <= 80, "{waits} times");
    });
}
