//! Ctrl-C, bridged from the signal into the runtime.

use std::io;
use std::process;

use futures_channel::oneshot;

/// What a shell reports for a program that Ctrl-C ended.
const ENDED_BY_CTRL_C: i32 = 130;

/// Completes at the first Ctrl-C.
#[derive(Debug)]
pub(crate) struct Shutdown {
    asked: oneshot::Receiver<()>,
}

impl Shutdown {
    /// From now on the first Ctrl-C (or SIGTERM, or SIGHUP) is announced, and the second one ends
    /// the program at once.
    pub(crate) fn on_ctrl_c() -> io::Result<Self> {
        let (announce, asked) = oneshot::channel();
        let mut announce = Some(announce);
        // The handler is called on a thread of its own, not in the signal, so it may wake tasks.
        ctrlc::set_handler(move || match announce.take() {
            // There is no receiver if the program is about to end.
            Some(announce) => _ = announce.send(()),
            None => process::exit(ENDED_BY_CTRL_C),
        })
        .map_err(|error| io::Error::other(format!("cannot wait for Ctrl-C: {error}")))?;
        Ok(Self { asked })
    }

    /// Waits for it.
    pub(crate) async fn asked(self) {
        // The handler is never removed, so the sender goes only by sending.
        _ = self.asked.await;
    }
}
