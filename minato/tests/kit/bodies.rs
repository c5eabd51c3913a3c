//! Bodies that run on every engine and, where there are descriptors, under foreign executors too.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures::future::{Either, select};
use minato::net::UdpSocket;

use crate::kit::{self, Need, watchdog};

/// A body that needs the operating system: our runtimes, a bare thread, foreign executors.
pub(crate) fn on_the_system<F>(body: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    on_engines(&[Need::Descriptors], &body);
    let _watched = watchdog::watch("a foreign executor".to_owned());
    futures::executor::block_on(body()).expect("under futures");
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tokio.block_on(body()).expect("under tokio");
}

/// A body that runs in a simulated world only.
pub(crate) fn simulated<F>(body: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    on_engines(&[Need::World], &body);
}

/// A body that needs nothing special.
pub(crate) fn everywhere<F>(body: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    on_the_system(&body);
    simulated(&body);
}

fn on_engines<F>(needs: &[Need], body: &impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let thread = std::thread::current();
    kit::everywhere(thread.name().unwrap_or("a test"), needs, |at| {
        let run = body();
        async move { run.await.unwrap_or_else(|error| panic!("{:?}: {error}", at.place)) }
    });
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

/// Polls `future` once with `waker`.
pub(crate) fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}
