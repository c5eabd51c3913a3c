//! The reactor that sockets and timers outside every runtime share.
//!
//! The first wait that needs it starts it. Its thread lives until the process ends. It also watches
//! the cores of runtimes that somebody outside waits on; see the `monitor` module. A program can
//! put a reactor of its own in its place.

use std::fmt;
use std::io;
use std::panic::Location;

use super::background::spawn_reactor_thread;
use super::inner::ReactorInner;
use super::process::PerProcess;
use super::watch::TurnedBy;
use super::watch::monitor::Monitor;
use crate::engine::Engine;
use crate::runtime::implicit::{HiddenThread, permit};
use crate::sync::{Arc, MutexGuard};
use crate::time::clock::Clock;

/// The reactors that the whole process shares.
static PROCESS: PerProcess<Process> = PerProcess::new(Process { own: None, chosen: None });

#[derive(Default)]
struct Process {
    /// The one whose thread we started.
    own: Option<Arc<ReactorInner>>,
    /// The one that `set_fallback` put in its place for sockets and timers.
    chosen: Option<Arc<ReactorInner>>,
}

impl Process {
    fn own(&mut self) -> io::Result<Arc<ReactorInner>> {
        if let Some(own) = &self.own {
            return Ok(own.clone());
        }
        let own = ReactorInner::start(&Engine::mio(), Clock::System, TurnedBy::Thread)?;
        let turned = own.clone();
        spawn_reactor_thread(move || Monitor::new(turned).run())?;
        Ok(self.own.insert(own).clone())
    }
}

/// What the process shares now, without reactors that have ended.
fn process() -> MutexGuard<'static, Process> {
    let mut process = PROCESS.lock();
    process.own.take_if(|own| own.has_ended());
    process.chosen.take_if(|chosen| chosen.has_ended());
    process
}

/// The reactor for waits outside every runtime, of what was made or called at `place`. It starts
/// now if there is none.
///
/// # Errors
///
/// When the background thread cannot be started, or hidden threads are forbidden and the program
/// has not chosen a fallback reactor itself.
pub(crate) fn reactor_at(place: &'static Location<'static>) -> io::Result<Arc<ReactorInner>> {
    let mut process = process();
    match &process.chosen {
        Some(chosen) => Ok(chosen.clone()),
        None => permit(HiddenThread::REACTOR, place).and_then(|()| process.own()),
    }
}

/// The reactor on whose thread the monitor runs, started now if there is none.
pub(super) fn monitoring() -> io::Result<Arc<ReactorInner>> {
    process().own()
}

pub(super) fn set_fallback(shared: &Arc<ReactorInner>) -> Result<(), SetFallbackError> {
    let mut process = process();
    if process.chosen.is_some() || process.own.is_some() {
        return Err(SetFallbackError(()));
    }
    process.chosen = Some(shared.clone());
    Ok(())
}

/// There is a fallback reactor already.
#[derive(Debug)]
pub struct SetFallbackError(());

impl fmt::Display for SetFallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fallback reactor was already set, or started because it was needed")
    }
}

impl std::error::Error for SetFallbackError {}
