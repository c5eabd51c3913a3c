//! Finding out what every task waits for: by the addresses of the wakers that others hold.

use std::collections::HashMap;

use super::{ReactorView, RuntimeView, Snapshot, TaskState, TaskView, Wait, WorkerView};
use crate::engine::Interest;
use crate::os::{Address, Transport};
use crate::reactor::ReactorInner;
use crate::reactor::slot::SlotView;
use crate::reactor::watch::polls;
use crate::runtime::inner::RuntimeInner;
use crate::runtime::metrics::RuntimeMetrics;
use crate::sync::{Arc, Ordering};
use crate::task::local_set::LocalTasks;
use crate::task::{Id, TaskRef};

/// What would wake the task at an address.
type Waits = HashMap<usize, Vec<Wait>>;

/// Looks at everything, and lists `limit` tasks at most of each runtime and of all local sets.
pub(super) fn snapshot(limit: usize) -> Snapshot {
    let reactors: Vec<_> = ReactorInner::all().collect();
    let runtimes: Vec<_> = RuntimeInner::all().collect();
    // 1. Who waits for a socket or a timer.
    let mut waits = Waits::new();
    for reactor in &reactors {
        for socket in reactor.sockets() {
            for (task, wants) in &socket.waiters {
                let wait = of_socket(&socket, Interest::from_wants(*wants));
                waits.entry(*task).or_default().push(wait);
            }
        }
        for (task, left) in reactor.timers.waiters() {
            waits.entry(task).or_default().push(Wait::Timer { left });
        }
    }
    // 2. Who waits for the end of a task.
    let mut note = |task: Id, joiner: Option<usize>| {
        if let Some(joiner) = joiner {
            waits.entry(joiner).or_default().push(Wait::Join { task });
        }
    };
    for runtime in &runtimes {
        runtime.tasks.each(|task| note(task.meta().id, task.joiner()));
    }
    LocalTasks::each(|task| note(task.meta().id, task.joiner()));
    // 3. The tasks themselves.
    let mut local_tasks = Vec::new();
    LocalTasks::each(|task| {
        if local_tasks.len() < limit {
            local_tasks.push(of_task(task, false, &mut waits));
        }
    });
    let (slow_polls, slowest_polls) = polls::slowest();
    let is_free = |reactor: &&Arc<ReactorInner>| reactor.owner.load(Ordering::Relaxed) == 0;
    Snapshot {
        runtimes: runtimes.into_iter().map(|it| of_runtime(it, limit, &mut waits)).collect(),
        local_tasks,
        reactors: reactors.iter().filter(is_free).map(|reactor| of_reactor(reactor)).collect(),
        slow_polls,
        slowest_polls,
    }
}

fn of_runtime(runtime: Arc<RuntimeInner>, limit: usize, waits: &mut Waits) -> RuntimeView {
    let mut tasks = Vec::new();
    let mut polled: Vec<Option<Id>> = vec![None; runtime.reactors.len()];
    runtime.tasks.each(|task| {
        let mut is_polled = false;
        for (polled, reactor) in polled.iter_mut().zip(&runtime.reactors) {
            if reactor.polled() == task.address() {
                *polled = Some(task.meta().id);
                is_polled = !reactor.is_parked();
            }
        }
        if tasks.len() < limit {
            tasks.push(of_task(task, is_polled, waits));
        }
    });
    let metrics = RuntimeMetrics::of_snapshot(runtime.clone());
    let handle = metrics.handle();
    let workers = polled.into_iter().zip(&runtime.reactors).enumerate();
    let workers = workers.map(|(index, (polled, reactor))| WorkerView {
        metrics: handle.core_metrics(index).unwrap_or_default(),
        queue_depth: metrics.worker_local_queue_depth(index),
        polled: polled.filter(|_| !reactor.is_parked()),
        reactor: of_reactor(reactor),
    });
    RuntimeView {
        id: handle.id(),
        name: handle.name().map(str::to_owned),
        host: runtime.engine.host().map(|host| host.host().name().to_owned()),
        flavor: handle.runtime_flavor(),
        workers: workers.collect(),
        alive_tasks: metrics.num_alive_tasks(),
        spawned_tasks: metrics.spawned_tasks_count(),
        global_queue_depth: metrics.global_queue_depth(),
        blocking_jobs: handle.blocking_jobs(),
        tasks,
    }
}

fn of_reactor(reactor: &ReactorInner) -> ReactorView {
    ReactorView {
        turns: reactor.turns(),
        events: reactor.counters.events.get(),
        sockets: reactor.socket_count(),
        timers: reactor.timers.len(),
        is_parked: reactor.is_parked(),
    }
}

fn of_task(task: &TaskRef, is_polled: bool, waits: &mut Waits) -> TaskView {
    TaskView {
        id: task.meta().id,
        name: task.name(),
        spawned_at: task.meta().spawned_at,
        is_blocking: !task.meta().on_core,
        state: match task.is_scheduled_or_running() {
            _ if is_polled && task.runs_alone() => TaskState::Running,
            (_, true) => TaskState::Running,
            (true, false) => TaskState::Ready,
            (false, false) => TaskState::Waiting,
        },
        waits: waits.remove(&task.address()).unwrap_or_default(),
    }
}

fn of_socket(socket: &SlotView, interest: Interest) -> Wait {
    Wait::Socket {
        kind: match socket.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::UnixStream => "unix",
            Transport::UnixDatagram => "unix_datagram",
            Transport::Other => "descriptor",
        },
        descriptor: socket.number,
        local: socket.local.as_ref().and_then(text),
        peer: socket.peer.as_ref().and_then(text),
        interest,
    }
}

/// An address as text; nothing for a Unix socket without a name.
fn text(address: &Address) -> Option<String> {
    match address {
        Address::Ip(address) => Some(address.to_string()),
        Address::Unix(address) if address.is_unnamed() => None,
        Address::Unix(address) => Some(match address.as_pathname() {
            Some(path) => path.display().to_string(),
            None => format!("{address:?}"),
        }),
    }
}
