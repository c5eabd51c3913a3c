//! Runtimes for tests, and the threads of this process.

use std::future::Future;

use minato::runtime::{Builder, Runtime};

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

pub(crate) fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
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

/// Calls `body` and runs the future that it gives, on each kind of executor in turn.
pub(crate) fn on_each_executor<F: Future<Output = ()>>(body: impl Fn() -> F) {
    let _watchdog = super::watchdog();
    pollster::block_on(body());
    futures::executor::LocalPool::new().run_until(body());
    smol::block_on(body());
    smol::block_on(smol::LocalExecutor::new().run(body()));
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(body());
    current_thread().block_on(body());
    multi_thread(2).block_on(body());
    Builder::new_current_thread().build_local(Default::default()).unwrap().block_on(body());
    // One within another, so that a waker of theirs wraps one of ours.
    current_thread().block_on(futures::future::join(body(), body()));
    let mut several = futures::stream::FuturesUnordered::from_iter([body(), body(), body()]);
    multi_thread(1).block_on(async {
        use futures::StreamExt;
        while several.next().await.is_some() {}
    });
}
