//! Bytes that a socket has accepted and that its host sends later, as if the kernel had them in a
//! ring.
//!
//! The bytes belong to the socket. The sockets with something to send wait in the mailbox of their
//! host, each at most once, until the program calls [`Mailbox::send_all`].

use std::io::{self, IoSlice};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::{Event, Readiness, Socket};

/// The most bytes that an outbox holds.
const OUTBOX_LIMIT: usize = 64 * 1024;

/// The outboxes of one host that have something to send.
pub struct Mailbox<S>(Mutex<Vec<Arc<Outbox<S>>>>);

impl<S> Default for Mailbox<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Deref<Target = Socket>> Mailbox<S> {
    /// Sends what there is room for. Adds an event for each socket that accepts bytes again: the
    /// world knows nothing of outboxes, and may have none for it.
    pub fn send_all(&self, events: &mut Vec<Event>) {
        let due = std::mem::take(&mut *lock(&self.0));
        for outbox in due {
            outbox.queued.store(false, Ordering::SeqCst);
            if !outbox.send() {
                self.queue(&outbox);
            }
            if outbox.take_room()
                && let Some(key) = outbox.socket.registered_as()
            {
                events.push(Event { key, readiness: Readiness::WRITABLE });
            }
        }
    }

    fn queue(&self, outbox: &Arc<Outbox<S>>) {
        if !outbox.queued.swap(true, Ordering::SeqCst) {
            lock(&self.0).push(outbox.clone());
        }
    }

    fn dequeue(&self, outbox: &Arc<Outbox<S>>) {
        if outbox.queued.load(Ordering::SeqCst) {
            lock(&self.0).retain(|queued| !Arc::ptr_eq(queued, outbox));
        }
    }
}

struct Outbox<S> {
    socket: Arc<S>,
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

impl<S: Deref<Target = Socket>> Outbox<S> {
    /// Sends what there is room for; returns whether that was all. An error stays here.
    fn send(&self) -> bool {
        let mut pending = lock(&self.pending);
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
        let mut pending = lock(&self.pending);
        let bytes = std::mem::take(&mut pending.bytes);
        if !bytes.is_empty()
            && let Err(error) = self.socket.force_send(&bytes)
        {
            pending.error = Some(error);
        }
    }

    /// Whether somebody waits for room and there is some.
    fn take_room(&self) -> bool {
        let mut pending = lock(&self.pending);
        let has_room = pending.wants_room && pending.bytes.len() < OUTBOX_LIMIT;
        pending.wants_room &= !has_room;
        has_room
    }
}

/// What a socket has of its outbox: nothing, unless its host defers sends. Dropping it sends the
/// rest.
pub struct Deferred<S: Deref<Target = Socket>> {
    mailbox: Option<Arc<Mailbox<S>>>,
    outbox: OnceLock<Arc<Outbox<S>>>,
}

impl<S: Deref<Target = Socket>> Deferred<S> {
    /// For a socket whose host sends what is in `mailbox`.
    pub fn new(mailbox: Option<Arc<Mailbox<S>>>) -> Self {
        Self { mailbox, outbox: OnceLock::new() }
    }

    /// For a socket of the same host.
    pub fn for_accepted(&self) -> Self {
        Self::new(self.mailbox.clone())
    }

    /// Accepts bytes that `socket` is to send later; `None` if its host does not defer sends.
    pub fn accept(&self, socket: &Arc<S>, bufs: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
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
    pub fn flush(&self) {
        if let Some(outbox) = self.outbox.get() {
            outbox.flush();
        }
    }

    /// Takes the error of a deferred send.
    pub fn take_error(&self) -> Option<io::Error> {
        lock(&self.outbox.get()?.pending).error.take()
    }

    /// Takes the error of a deferred send for a receive, which does not report that the stream is
    /// closed for sending.
    pub fn take_recv_error(&self) -> Option<io::Error> {
        let mut pending = lock(&self.outbox.get()?.pending);
        pending.error.take_if(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}

impl<S: Deref<Target = Socket>> Outbox<S> {
    fn accept(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pending = lock(&self.pending);
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

impl<S: Deref<Target = Socket>> Drop for Deferred<S> {
    fn drop(&mut self) {
        let (Some(mailbox), Some(outbox)) = (&self.mailbox, self.outbox.get()) else { return };
        // No caller is left who could be given an error.
        outbox.flush();
        // The mailbox must not keep the socket open until the next turn, which may never come.
        mailbox.dequeue(outbox);
    }
}
