//! A task that blocks its worker, for the workload `wake-beside-blocked`.

use std::io;
use std::sync::mpsc::{Sender, channel};

/// Blocks a worker until it is dropped.
#[derive(Debug)]
pub struct Blocker {
    _end: Sender<()>,
}

impl Blocker {
    /// Has `spawn` start a task that blocks its thread, and returns once it does.
    ///
    /// # Errors
    ///
    /// If the task is dropped before it runs.
    pub fn start(spawn: impl FnOnce(Blocking)) -> io::Result<Blocker> {
        let (began, beginning) = channel();
        let (end, ending) = channel();
        spawn(Box::pin(async move {
            // Nobody listens any more if the peer is about to end.
            let _ = began.send(());
            let _ = ending.recv();
        }));
        beginning.recv().map_err(io::Error::other)?;
        Ok(Blocker { _end: end })
    }
}

/// The future that blocks.
pub type Blocking = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_blocks_from_its_start_to_its_drop() {
        let mut thread = None;
        let spawn = |blocking| {
            thread = Some(std::thread::spawn(move || smol::block_on(blocking)));
        };
        let blocker = Blocker::start(spawn).unwrap();
        let thread = thread.unwrap();
        assert!(!thread.is_finished());
        drop(blocker);
        thread.join().unwrap();
    }

    #[test]
    fn a_task_that_never_runs_is_an_error() {
        assert!(Blocker::start(drop).is_err());
    }
}
