//! A host of a simulation: its runtime, and the core that the simulation holds for it.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use super::super::context::Context;
use super::super::core::Core;
use super::super::inner::{Flavor, RuntimeInner};
use super::super::{Builder, LocalOptions, LocalRuntime};
use super::panics::PanicLog;
use crate::engine::Engine;
use crate::reactor;
use crate::reactor::watch::TurnedBy;
use crate::sync::Arc;
use crate::time::Instant;
use minato_sim::picker::Picker;

/// See the head of this file.
pub(super) struct Host {
    name: String,
    context: Rc<Context>,
    reactor: Arc<reactor::ReactorInner>,
    /// Ends the tasks when the simulation is dropped.
    runtime: LocalRuntime,
}

impl Host {
    pub(super) fn new(
        host: minato_sim::Host,
        defers_sends: bool,
        panics: &Arc<PanicLog>,
    ) -> io::Result<Self> {
        let name = host.name();
        let engine = Engine::stepped(host, defers_sends);
        let runtime =
            Builder::new_current_thread().engine(engine).build_local(LocalOptions::default())?;
        let shared = runtime.handle.shared.clone();
        _ = shared.panics.set(panics.clone());
        let context = Context::new(shared.clone());
        let reactor = shared.reactors[0].clone();
        if let Flavor::CurrentThread(slot) = &shared.flavor
            && let Some(core) = slot.take()
        {
            // A thread that has something for the host tells its driver, which tells the
            // simulation.
            reactor.set_turned_by(TurnedBy::Owner);
            reactor.driver.note_thread();
            context.give_core(core);
        }
        Ok(Self { name, context, reactor, runtime })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn runtime(&self) -> &Arc<RuntimeInner> {
        &self.runtime.handle.shared
    }

    /// Has `step` do something with the core, on this thread.
    fn with_core(&self, step: impl FnOnce(Box<Core>, &Context) -> Option<Box<Core>>) {
        let context = self.context.clone().enter();
        if let Some(core) = context.take().and_then(|core| step(core, &context)) {
            context.put(core);
        }
    }

    pub(super) fn has_task(&self) -> bool {
        self.context.with_core(|core| core.has_task(self.runtime())).unwrap_or(false)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.reactor.timers.next_deadline()
    }

    /// Whether a timer waits. That the next deadline is known does not tell: it may be of a timer
    /// that was dropped.
    pub(super) fn has_timers(&self) -> bool {
        !self.reactor.timers.is_empty()
    }

    /// Polls the task that `picker` chooses, if any is ready.
    pub(super) fn poll_one(&self, picker: &mut dyn Picker) {
        self.with_core(|core, context| core.step(context, picker).map(|(core, _)| core));
    }

    /// Takes what has come for its sockets, and fires the timers that are due.
    pub(super) fn turn(&self) {
        self.with_core(|core, context| core.turn(context, Some(Duration::ZERO)));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The runtime takes its core back to drop the tasks with it.
        if let (Some(core), Flavor::CurrentThread(slot)) =
            (self.context.take_core(), &self.runtime().flavor)
        {
            slot.give(core);
        }
    }
}
