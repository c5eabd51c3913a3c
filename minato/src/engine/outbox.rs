//! Bytes that a socket has accepted and that its engine sends later (contract, rule 8).
//!
//! The bytes belong to the socket. The sockets with something to send wait in the mailbox of their
//! engine, each at most once, until the reactor's next turn.

use std::io::{self, IoSlice};
use std::sync::OnceLock;

use crate::sim::SimSocket;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};

/// The most bytes that an outbox holds (contract, rule 5).
const OUTBOX_LIMIT: usize = 64 * 1024;

/// The outboxes of one engine that have something to send.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Vec<Arc<Outbox>>>);

impl Mailbox {
    /// Sends what there is room for. `room` is called with the key of each socket that accepts
    /// bytes again: the world knows nothing of outboxes, and may have no event for it.
    pub(crate) fn send_all(&self, mut room: impl FnMut(usize)) {
        let due = std::mem::take(&mut *self.0.lock());
        for outbox in due {
            outbox.queued.store(false, Ordering::SeqCst);
            if !outbox.send() {
                self.queue(&outbox);
            }
            if outbox.take_room() {
                outbox.socket.registered_as().into_iter().for_each(&mut room);
            }
        }
    }

    fn queue(&self, outbox: &Arc<Outbox>) {
        if !outbox.queued.swap(true, Ordering::SeqCst) {
            self.0.lock().push(outbox.clone());
        }
    }

    fn dequeue(&self, outbox: &Arc<Outbox>) {
        if outbox.queued.load(Ordering::SeqCst) {
            self.0.lock().retain(|queued| !Arc::ptr_eq(queued, outbox));
        }
    }
}

struct Outbox {
    socket: Arc<SimSocket>,
    pending: Mutex<Pending>,
    /// Whether it is in the mailbox.
    queued: AtomicBool,
}

#[derive(Default)]
struct Pending {
    bytes: Vec<u8>,
    /// The error of a deferred send, for the next verb that can report it.
    error: Option<io::Error>,
    /// Whether a send was refused, or cut short, for want of room here.
    wants_room: bool,
}

impl Outbox {
    /// Sends what there is room for; returns whether that was all. An error stays here.
    fn send(&self) -> bool {
        let mut pending = self.pending.lock();
        while !pending.bytes.is_empty() {
            match self.socket.send(&pending.bytes) {
                Ok(sent) => drop(pending.bytes.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    pending.bytes.clear();
                    pending.error = Some(error);
                }
            }
        }
        true
    }

    fn flush(&self) {
        let mut pending = self.pending.lock();
        let bytes = std::mem::take(&mut pending.bytes);
        if !bytes.is_empty()
            && let Err(error) = self.socket.force_send(&bytes)
        {
            pending.error = Some(error);
        }
    }

    /// Whether somebody waits for room and there is some.
    fn take_room(&self) -> bool {
        let mut pending = self.pending.lock();
        let has_room = pending.wants_room && pending.bytes.len() < OUTBOX_LIMIT;
        pending.wants_room &= !has_room;
        has_room
    }
}

/// What a socket has of its outbox: nothing, unless its engine defers sends. Dropping it sends what
/// is left.
#[derive(Default)]
pub(crate) struct Deferred {
    mailbox: Option<Arc<Mailbox>>,
    outbox: OnceLock<Arc<Outbox>>,
}

impl Deferred {
    /// For a socket whose engine sends what is in `mailbox`.
    pub(crate) fn new(mailbox: Option<Arc<Mailbox>>) -> Self {
        Self { mailbox, outbox: OnceLock::new() }
    }

    /// For a socket of the same engine.
    pub(crate) fn for_accepted(&self) -> Self {
        Self::new(self.mailbox.clone())
    }

    /// Accepts bytes that `socket` is to send later; `None` if the engine does not defer sends.
    pub(crate) fn accept(
        &self,
        socket: &Arc<SimSocket>,
        bufs: &[IoSlice<'_>],
    ) -> Option<io::Result<usize>> {
        let mailbox = self.mailbox.as_ref()?;
        let new = || {
            let (pending, queued) = (Mutex::default(), AtomicBool::new(false));
            Arc::new(Outbox { socket: socket.clone(), pending, queued })
        };
        let outbox = self.outbox.get_or_init(new);
        let accepted = outbox.accept(bufs);
        if accepted.as_ref().is_ok_and(|accepted| *accepted > 0) {
            mailbox.queue(outbox);
        }
        Some(accepted)
    }

    /// Sends what was accepted. An error stays for the next verb.
    pub(crate) fn flush(&self) {
        if let Some(outbox) = self.outbox.get() {
            outbox.flush();
        }
    }

    /// Takes the error of a deferred send.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.outbox.get()?.pending.lock().error.take()
    }

    /// Takes the error of a deferred send for a receive, which does not report that the stream is
    /// closed for sending.
    pub(crate) fn take_recv_error(&self) -> Option<io::Error> {
        let mut pending = self.outbox.get()?.pending.lock();
        pending.error.take_if(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}

impl Outbox {
    fn accept(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pending = self.pending.lock();
        if let Some(error) = pending.error.take() {
            return Err(error);
        }
        // What can fail now fails now: sending nothing shows it. The next send reports the rest.
        self.socket.send(&[])?;
        let room = OUTBOX_LIMIT - pending.bytes.len();
        let asked: usize = bufs.iter().map(|buf| buf.len()).sum();
        if asked == 0 {
            return Ok(0);
        }
        pending.wants_room = asked > room;
        if room == 0 {
            // The outbox is in the mailbox, and the turn that makes room reports it.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut accepted = 0;
        for buf in bufs {
            let part = &buf[..buf.len().min(room - accepted)];
            pending.bytes.extend_from_slice(part);
            accepted += part.len();
        }
        Ok(accepted)
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        let (Some(mailbox), Some(outbox)) = (&self.mailbox, self.outbox.get()) else { return };
        // No caller is left who could be given an error.
        outbox.flush();
        // The mailbox must not keep the socket open until the next turn, which may never come.
        mailbox.dequeue(outbox);
    }
}
