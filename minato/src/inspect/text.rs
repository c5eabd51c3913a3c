//! A snapshot as text, for people and for programs.

use std::fmt::{self, Display, Formatter};

use super::{ReactorView, RuntimeView, Snapshot, TaskState, TaskView, Wait, WorkerView};
use crate::engine::Interest;
use crate::runtime::RuntimeFlavor;

/// A line for each thing: a word that says what it is, and then fields. A field is `name=value`; a
/// value is a number, a word, or text in quotes with Rust's escapes, and times are in milliseconds.
/// What is not known is left out. The first line has the version of this form, now `minato 1`;
/// within a version fields and kinds of lines may be added. What belongs together follows each
/// other: workers, tasks and their waits come after their runtime, and the tasks of local sets
/// after the line `local`.
impl Display for Snapshot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let program = std::env::current_exe().ok().map(|path| path.display().to_string());
        let (program, slow) = (Field("program", program), self.slow_polls);
        writeln!(f, "minato 1 pid={}{program} slow_polls={slow}", std::process::id())?;
        self.runtimes.iter().try_for_each(|it| it.fmt(f))?;
        if !self.local_tasks.is_empty() {
            writeln!(f, "local")?;
        }
        self.local_tasks.iter().try_for_each(|it| writeln!(f, "  {it}"))?;
        self.reactors.iter().try_for_each(|it| writeln!(f, "reactor {it}"))?;
        self.slowest_polls.iter().try_for_each(|it| {
            let (task, place) = (Field("task", it.task), Field("spawned_at", it.spawned_at));
            let (lasted, ended, name) = (it.lasted.as_millis(), it.has_ended, it.name);
            writeln!(f, "slow_poll lasted={lasted} ended={ended}{task}{place} name={name:?}")
        })
    }
}

/// Lines of [`Snapshot`].
impl Display for RuntimeView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let flavor = match self.flavor {
            RuntimeFlavor::CurrentThread => "current_thread",
            RuntimeFlavor::MultiThread => "multi_thread",
        };
        let Self { id, alive_tasks, spawned_tasks, global_queue_depth, blocking_jobs, .. } = self;
        write!(f, "runtime id={id} flavor={flavor} alive_tasks={alive_tasks} ")?;
        write!(f, "spawned_tasks={spawned_tasks} global_queue_depth={global_queue_depth} ")?;
        let (name, host) = (Field("name", self.name.as_ref()), Field("host", self.host.as_ref()));
        writeln!(f, "blocking_jobs={blocking_jobs}{name}{host}")?;
        for WorkerView { metrics, queue_depth, polled, reactor } in &self.workers {
            let (polls, wakes) = (metrics.polls, metrics.wakes);
            write!(f, "  worker polls={polls} wakes={wakes} steals={} ", metrics.steals)?;
            let polled = Field("polled", *polled);
            writeln!(f, "parks={} queue_depth={queue_depth} {reactor}{polled}", metrics.parks)?;
        }
        self.tasks.iter().try_for_each(|it| writeln!(f, "  {it}"))
    }
}

/// The fields of a line of [`Snapshot`].
impl Display for ReactorView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { turns, events, sockets, timers, is_parked } = self;
        write!(f, "turns={turns} events={events} sockets={sockets} timers={timers} ")?;
        write!(f, "parked={is_parked}")
    }
}

/// A line of [`Snapshot`], and one for each wait.
impl Display for TaskView {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            TaskState::Running => "running",
            TaskState::Ready => "ready",
            TaskState::Waiting => "waiting",
        };
        let Self { id, is_blocking, name, .. } = self;
        let place = Field("spawned_at", Some(self.spawned_at));
        write!(f, "task id={id} state={state} blocking={is_blocking}{place} name={name:?}")?;
        self.waits.iter().try_for_each(|wait| write!(f, "\n    {wait}"))
    }
}

/// A line of [`Snapshot`].
impl Display for Wait {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { kind, descriptor, local, peer, interest } => {
                let (number, local) =
                    (Field("descriptor", *descriptor), Field("local", local.as_ref()));
                let (peer, events) = (Field("peer", peer.as_ref()), events(*interest));
                write!(f, "socket kind={kind} events={events}{number}{local}{peer}")
            }
            Self::Timer { left } => write!(f, "timer left={}", left.as_millis()),
            Self::Join { task } => write!(f, "join task={task}"),
        }
    }
}

fn events(interest: Interest) -> String {
    let names = [
        (interest.is_readable(), "read"),
        (interest.is_writable(), "write"),
        (interest.is_priority(), "priority"),
        (interest.is_error(), "error"),
    ];
    let names = names.iter().filter(|(is_part, _)| *is_part).map(|(_, name)| *name);
    names.collect::<Vec<_>>().join("+")
}

/// A field that may be left out, with a text as its value.
struct Field<T>(&'static str, Option<T>);

impl<T: Display> Display for Field<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.1.iter().map(T::to_string);
        value.into_iter().try_for_each(|value| write!(f, " {}={value:?}", self.0))
    }
}
