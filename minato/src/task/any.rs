//! Tasks of a runtime and tasks of a local set, behind one kind of handle.

use std::task::{Context, Poll};

use super::cell::{Join, TaskMeta, TaskRef};
use super::finished::Finished;
use super::local_set::LocalTasks;
use super::raw::Caught;
use crate::runtime::context;
use crate::runtime::inner::RuntimeInner;
use crate::sync::Arc;

/// A reference to a task.
#[derive(Clone)]
pub(crate) enum AnyTask {
    OfRuntime(TaskRef<Arc<RuntimeInner>>),
    OfSet(TaskRef<Arc<LocalTasks>>),
}

/// Gets the output of a task.
pub(super) enum AnyJoin<T> {
    OfRuntime(Join<T, Arc<RuntimeInner>>),
    OfSet(Join<T, Arc<LocalTasks>>),
}

/// Does the same for either kind.
macro_rules! either {
    ($either:expr, $task:ident => $same:expr) => {
        match $either {
            Self::OfRuntime($task) => $same,
            Self::OfSet($task) => $same,
        }
    };
}

impl AnyTask {
    pub(crate) fn meta(&self) -> &TaskMeta {
        either!(self, task => task.meta())
    }

    pub(super) fn abort(&self) {
        either!(self, task => task.abort());
    }

    pub(super) fn is_complete(&self) -> bool {
        either!(self, task => task.is_complete())
    }

    pub(crate) fn has_joiner(&self) -> bool {
        either!(self, task => task.has_joiner())
    }
}

impl<T> AnyJoin<T> {
    pub(super) fn meta(&self) -> &TaskMeta {
        either!(self, join => join.meta())
    }

    pub(super) fn abort(&self) {
        either!(self, join => join.abort());
    }

    pub(super) fn is_complete(&self) -> bool {
        either!(self, join => join.is_complete())
    }

    /// Whether the output was given.
    pub(super) fn is_done(&self) -> bool {
        either!(self, join => join.is_done)
    }

    pub(super) fn task(&self) -> AnyTask {
        match self {
            Self::OfRuntime(join) => AnyTask::OfRuntime(join.task()),
            Self::OfSet(join) => AnyTask::OfSet(join.task()),
        }
    }

    pub(super) fn tell(&mut self, finished: &Arc<Finished>) -> bool {
        either!(self, join => join.tell(finished))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Caught<T>>> {
        either!(self, join => join.poll(cx))
    }

    /// The runtime of the task; that of a set is the one that its owner is in.
    pub(super) fn runtime(&self) -> Option<Arc<RuntimeInner>> {
        match self {
            Self::OfRuntime(join) => Some(join.scheduler().clone()),
            Self::OfSet(_) => context::runtime(),
        }
    }
}
