//! # The contract of the engines
//!
//! An engine offers *events*: `Driver::register` names a socket by a `Key`, and `Driver::wait`
//! reports what became possible, as `Event`s. The verbs of sockets (connect, accept, receive and
//! send, one by one and in bulk, shut down, options) belong to the kind of socket: `OsSocket` makes
//! system calls, `SimSocket` calls into a simulated world with every errno that Linux would give.
//!
//! 1. **Spurious readiness is legal; lost readiness is not.** Events are edge-triggered: after a
//!    registration, a re-arm or a verb that would block, what is or becomes possible is reported at
//!    least once. Both directions are registered together and, where the system has it, priority.
//! 2. **A stale or unknown key is ignored and counted, never followed.** A key is an index and a
//!    generation, never a pointer, so an event for a closed socket finds nobody.
//! 3. **Waking happens after locks are released.** An engine never wakes a task; it reports.
//! 4. **A panic in a waker does not stop the reactor.** The turn goes on with the next one.
//! 5. **Every queue has a bound.** Events per wait, bytes in an outbox, entries of a mailbox.
//! 6. **Errors of the kernel never panic, and reach the caller unwrapped**: `raw_os_error` stays.
//! 7. **Any thread may use any socket.** `register`, `rearm`, `deregister` and `unpark` may be
//!    called from every thread at any time; `wait` only by the one that holds the turn. What other
//!    threads leave for the turn is in the engine's mailbox, where a socket is at most once.
//! 8. **A verb may accept bytes that it has not sent yet.** They are in the socket's *outbox*.
//!    Every path that goes around the sending verbs, and every verb whose order against the bytes
//!    matters, first calls `Socket::flush_outbox`. On `mio` the outbox is always empty.
//!
//! Tests cite these rules by number.
