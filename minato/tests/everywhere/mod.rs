//! Runs one body under every executor and on every engine that offers what it needs.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::{Either, select};
use minato::engine::Engine;
use minato::net::UdpSocket;
use minato::runtime::Builder;
use minato::sim::World;

/// A body that needs the operating system: bare threads, foreign executors, our runtimes.
pub(crate) fn on_the_system<F: Future<Output = io::Result<()>>>(body: impl Fn() -> F) {
    pollster::block_on(body()).expect("under pollster");
    futures::executor::block_on(body()).expect("under futures");
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tokio.block_on(body()).expect("under tokio");
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(body()).expect("on the current thread");
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(body()).expect("beside two workers");
}

/// A body that runs on one simulated host, with sends at once and deferred.
pub(crate) fn simulated<F: Future<Output = io::Result<()>>>(body: impl Fn() -> F) {
    for defers in [false, true] {
        let world = World::new(23);
        let engine = Engine::sim(world.host("alone"));
        let engine = if defers { engine.deferring_sends() } else { engine };
        let runtime = Builder::new_current_thread().engine(engine).build().unwrap();
        runtime.block_on(body()).expect("simulated");
        drop(runtime);
        assert_eq!(world.open_sockets(), 0, "{}", world.netstat());
    }
}

/// A body that needs nothing special.
pub(crate) fn everywhere<F: Future<Output = io::Result<()>>>(body: impl Fn() -> F) {
    on_the_system(&body);
    simulated(&body);
}

/// Whether `future` is still pending after everything else had its chance to run: the reactors
/// have carried datagrams to and fro meanwhile.
pub(crate) async fn stays_pending<F: Future + Unpin>(future: &mut F) -> bool {
    let (one, two) = (bound().await, bound().await);
    let address = two.local_addr().unwrap();
    let mut elsewhere = pin!(async {
        for _ in 0..3 {
            one.send_to(b"round", address).await.unwrap();
            two.recv(&mut [0; 8]).await.unwrap();
        }
    });
    matches!(select(future, &mut elsewhere).await, Either::Right(_))
}

async fn bound() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// A waker that counts.
pub(crate) struct CountingWaker {
    wakes: AtomicUsize,
}

impl CountingWaker {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self { wakes: AtomicUsize::new(0) });
        (count.clone(), Waker::from(count))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls `future` once with `waker`.
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(waker))
}
