//! The executor matrix: the same exchange over TCP and UDP with a timer passes wherever a future
//! can be polled, with no setup.

#[path = "executors/compat.rs"]
mod compat;
#[path = "executors/exchange.rs"]
mod exchange;
mod kit;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use minato::io::{AsyncReadExt, AsyncWriteExt};
use minato::net::{TcpListener, TcpStream, UdpSocket};
use minato::time::{Instant, interval, sleep, timeout};

use kit::{current_thread, echo, multi_thread, ping, watchdog};

async fn tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        echo(stream).await.unwrap();
    };
    let drive = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        ping(&mut stream, 20).await.unwrap();
        // More than the buffers of both sides hold, so that the writer has to wait too.
        let sent = vec![7; 3_000_000];
        let (mut read, mut write) = stream.split();
        let mut received = vec![0; sent.len()];
        let (written, _) = futures::join!(write.write_all(&sent), async {
            read.read_exact(&mut received).await.unwrap();
        });
        written.unwrap();
        assert_eq!(sent, received);
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    };
    futures::join!(serve, drive);
}

async fn udp() {
    let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (to_one, to_other) = (one.local_addr().unwrap(), other.local_addr().unwrap());
    let mut buf = [0; 16];
    for round in 0..10_u8 {
        let answer = async {
            let mut buf = [0; 16];
            let (len, from) = other.recv_from(&mut buf).await.unwrap();
            assert_eq!(from, to_one);
            other.send_to(&buf[..len], from).await.unwrap();
        };
        let ask = async {
            one.send_to(&[round, 1, 2], to_other).await.unwrap();
            one.recv_from(&mut buf).await.unwrap()
        };
        let ((len, from), ()) = futures::join!(ask, answer);
        assert_eq!((&buf[..len], from), (&[round, 1, 2][..], to_other));
    }
}

async fn timer() {
    let start = Instant::now();
    let wait = Duration::from_millis(3);
    sleep(wait).await;
    assert!(start.elapsed() >= wait);
    assert!(timeout(wait, std::future::pending::<()>()).await.is_err());
    assert_eq!(timeout(Duration::from_secs(600), async { 4 }).await.unwrap(), 4);
    let mut ticks = interval(Duration::from_millis(1));
    for _ in 0..3 {
        ticks.tick().await;
    }
}

/// Spawned tasks run on the runtime that is current, or the default one; either may be joined
/// here.
async fn spawned() {
    let tasks: Vec<_> = (0..4).map(|number| minato::spawn(async move { number * 2 })).collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), number * 2);
    }
    assert_eq!(minato::task::spawn_blocking(|| 5).await.unwrap(), 5);
    minato::spawn(async {
        tcp().await;
        timer().await;
    })
    .await
    .unwrap();
}

async fn everything() {
    tcp().await;
    udp().await;
    timer().await;
    spawned().await;
    // Side by side, each on its own waker.
    let mut several = futures::stream::FuturesUnordered::new();
    for _ in 0..4 {
        several.push(async {
            tcp().await;
            timer().await;
        });
    }
    use futures::StreamExt;
    while several.next().await.is_some() {}
}

/// The least that an executor can be.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_bare_thread() {
    let _watchdog = watchdog();
    block_on(everything());
}

#[test]
fn pollster() {
    let _watchdog = watchdog();
    ::pollster::block_on(everything());
}

#[test]
fn futures_block_on() {
    let _watchdog = watchdog();
    futures::executor::block_on(everything());
}

#[test]
fn futures_local_pool() {
    let _watchdog = watchdog();
    futures::executor::LocalPool::new().run_until(everything());
}

#[test]
fn futures_thread_pool() {
    use futures::task::SpawnExt;
    let _watchdog = watchdog();
    let pool = futures::executor::ThreadPool::builder().pool_size(2).create().unwrap();
    let tasks: Vec<_> = (0..3).map(|_| pool.spawn_with_handle(everything()).unwrap()).collect();
    for task in tasks {
        futures::executor::block_on(task);
    }
}

#[test]
fn smol_block_on() {
    let _watchdog = watchdog();
    smol::block_on(everything());
}

#[test]
fn smol_spawned() {
    let _watchdog = watchdog();
    let tasks: Vec<_> = (0..3).map(|_| smol::spawn(everything())).collect();
    smol::block_on(async {
        for task in tasks {
            task.await;
        }
    });
}

#[test]
fn tokio_current_thread() {
    let _watchdog = watchdog();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(everything());
    runtime.block_on(async { tokio::spawn(everything()).await.unwrap() });
}

#[test]
fn tokio_multi_thread() {
    let _watchdog = watchdog();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(everything());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..3).map(|_| tokio::spawn(everything())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn our_current_thread() {
    let _watchdog = watchdog();
    let runtime = current_thread();
    runtime.block_on(everything());
    runtime.block_on(async { minato::spawn(everything()).await.unwrap() });
}

#[test]
fn our_local_runtime() {
    let _watchdog = watchdog();
    let runtime = minato::runtime::LocalRuntime::new().unwrap();
    runtime.block_on(everything());
    runtime.block_on(async { minato::task::spawn_local(everything()).await.unwrap() });
}

#[test]
fn our_multi_thread() {
    let _watchdog = watchdog();
    for workers in [1, 2, 4] {
        let runtime = multi_thread(workers);
        runtime.block_on(everything());
        runtime.block_on(async {
            let tasks: Vec<_> = (0..3).map(|_| minato::spawn(everything())).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

/// A future's poll, for an executor to call until it is ready.
type PollOnce<'a> = &'a mut dyn FnMut(&mut Context<'_>) -> Poll<bool>;

/// A future that has begun on one executor goes on under the next.
#[test]
fn from_one_executor_to_the_next() {
    let _watchdog = watchdog();
    let ours = multi_thread(1);
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for _ in 0..20 {
        let mut future = Box::pin(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let serve = async { echo(listener.accept().await.unwrap().0).await.unwrap() };
            let drive = async {
                let mut stream = TcpStream::connect(address).await.unwrap();
                for _ in 0..5 {
                    ping(&mut stream, 1).await.unwrap();
                    sleep(Duration::from_millis(1)).await;
                }
            };
            futures::join!(serve, drive);
        });
        // Three polls under each executor in turn.
        let mut once = |executor: &dyn Fn(PollOnce<'_>) -> bool| {
            let mut polls = 0;
            executor(&mut |cx| {
                polls += 1;
                if future.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(true);
                }
                if polls == 3 { Poll::Ready(false) } else { Poll::Pending }
            })
        };
        loop {
            if once(&|poll| ours.block_on(std::future::poll_fn(poll)))
                || once(&|poll| ::pollster::block_on(std::future::poll_fn(poll)))
                || once(&|poll| tokio.block_on(std::future::poll_fn(poll)))
                || once(&|poll| smol::block_on(std::future::poll_fn(poll)))
            {
                break;
            }
        }
    }
}
