//! A look inside: what tasks wait for, slow polls, and looks through a socket.

mod polls;
mod serve;
mod spans;
mod waits;

use minato::inspect::{Snapshot, TaskView, snapshot};
use minato::runtime::Handle;
use minato::task::Id;

/// What a look sees of a task of `runtime`.
fn seen(runtime: &Handle, task: Id) -> Option<TaskView> {
    let snapshot = snapshot();
    let tasks = &snapshot.runtime(runtime.id())?.tasks;
    tasks.iter().find(|seen| seen.id == task).cloned()
}

/// Looks again and again until what is seen of a task is as wanted.
fn wait_until(runtime: &Handle, task: Id, wanted: impl Fn(&TaskView) -> bool) -> TaskView {
    loop {
        match seen(runtime, task) {
            Some(seen) if wanted(&seen) => return seen,
            _ => std::thread::yield_now(),
        }
    }
}

/// Looks again and again until `wanted` finds something.
fn find<T>(wanted: impl Fn(&Snapshot) -> Option<T>) -> T {
    loop {
        match wanted(&snapshot()) {
            Some(found) => return found,
            None => std::thread::yield_now(),
        }
    }
}
