//! The planted bugs: for each class what the source says, what it says instead in the copy, and who
//! must find it.

/// A bug that is planted in a copy of the sources.
pub(super) struct Plant {
    /// The class of the bug, which is its switch, too.
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    /// What the file has exactly once.
    pub(super) was: &'static str,
    /// What is there instead. `PLANTED` is whether the bug's switch is on.
    pub(super) becomes: &'static str,
    pub(super) checker: Checker,
}

/// Who must find a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checker {
    /// The service that is swept through faults.
    Sweep,
    /// The conformance cases whose names hold this.
    Conformance(&'static str),
}

use Checker::{Conformance, Sweep};

const fn plant(
    name: &'static str,
    checker: Checker,
    file: &'static str,
    was: &'static str,
    becomes: &'static str,
) -> Plant {
    Plant { name, file, was, becomes, checker }
}

pub(super) const PLANTS: &[Plant] = &[
    plant(
        "a wake is lost if both directions become ready",
        Sweep,
        "minato/src/reactor/slot.rs",
        "            {
                wakers.push(waker);
            }
        }
    }

    #[cold]
    fn take_listed",
        "            {
                let both = event.intersects(Direction::Read.mask());
                if !(PLANTED && direction == Direction::Write && both) {
                    wakers.push(waker);
                }
            }
        }
    }

    #[cold]
    fn take_listed",
    ),
    plant(
        "one of many that wait is not woken",
        Sweep,
        "minato/src/reactor/slot.rs",
        "        waiters.take(event, wakers);",
        "        let before = wakers.len();
        waiters.take(event, wakers);
        if PLANTED && wakers.len() > before + 1 {
            wakers.pop();
        }",
    ),
    plant(
        "a wait that moves to another task wakes the old one",
        Sweep,
        "minato/src/task/parked.rs",
        "                    here == data",
        "                    here == data || PLANTED",
    ),
    plant(
        "readiness is cleared in the other direction, too",
        Sweep,
        "minato/src/net/io.rs",
        "        clear(slot, snapshot, bits);
        // Ends",
        "        let all = Readiness::ALL.difference(Readiness::ENDS);
        clear(slot, snapshot, if PLANTED { all } else { bits });
        // Ends",
    ),
    plant(
        "the end of a stream is cleared with its last bytes",
        Sweep,
        "minato/src/net/io.rs",
        "        slot.used_up(direction, snapshot);
    }
}",
        "        slot.used_up(direction, snapshot);
    } else if PLANTED {
        slot.clear(direction, snapshot, direction.mask());
    }
}",
    ),
    plant(
        "an error that was taken wakes again and again",
        Sweep,
        "minato/src/net/io.rs",
        "        let bits = bits.difference(queued);",
        "        let kept = if PLANTED { Readiness::ERROR } else { Readiness::EMPTY };
        let bits = bits.difference(queued).difference(kept);",
    ),
    plant(
        "a listener is not armed again",
        Sweep,
        "minato/src/net/io.rs",
        "        if slot.clear(Direction::Read, snapshot, Readiness::READABLE)
            && slot",
        "        if slot.clear(Direction::Read, snapshot, Readiness::READABLE)
            && !PLANTED
            && slot",
    ),
    plant(
        "a receive that is given up has taken a datagram",
        Sweep,
        "minato/src/net/forms.rs",
        "$self.socket.io($crate::engine::Interest::$interest, || $operation).await
",
        "let interest = $crate::engine::Interest::$interest;
                    let done = $self.socket.io(interest, || $operation).await;
                    if PLANTED {
                        $crate::task::yield_now().await;
                    }
                    done
",
    ),
    plant(
        "an accept that is given up has taken a connection",
        Sweep,
        "minato/src/net/listener.rs",
        "                self.socket.io(Interest::READABLE, accept).await.and_then(Self::accepted)",
        "                let accepted = self.socket.io(Interest::READABLE, accept).await;
                if PLANTED {
                    crate::task::yield_now().await;
                }
                accepted.and_then(Self::accepted)",
    ),
    plant(
        "an accept loop ends with one connection",
        Sweep,
        "minato/src/net/backoff.rs",
        "                Err(error) if is_of_one_connection(&error) => {}",
        "                Err(error) if is_of_one_connection(&error) && !PLANTED => {}",
    ),
    plant(
        "an accept loop spins while descriptors are short",
        Sweep,
        "minato/src/net/backoff.rs",
        "Timer::after(self.pauses.next())",
        "Timer::after(if PLANTED { Duration::ZERO } else { self.pauses.next() })",
    ),
    plant(
        "a socket is never closed",
        Sweep,
        "minato/src/net/socket.rs",
        "                socket.accept().map(|(new, from)| (Kind::Sim(Arc::new(new)), from))?",
        "                let (new, from) = socket.accept()?;
                let new = Arc::new(new);
                if PLANTED {
                    std::mem::forget(new.clone());
                }
                (Kind::Sim(new), from)",
    ),
    plant(
        "a descriptor is closed twice",
        Conformance("streams"),
        "minato/src/net/registration.rs",
        "    fn drop(&mut self) {
        if let Some(slot) = self.slot() {",
        "    fn drop(&mut self) {
        if PLANTED && let Source::Os(number) = self.source {
            use std::sync::atomic::{AtomicI32, Ordering};
            static LAST: AtomicI32 = AtomicI32::new(-1);
            let last = LAST.swap(number, Ordering::SeqCst);
            // SAFETY: none. This is the bug.
            unsafe { libc::close(last) };
        }
        if let Some(slot) = self.slot() {",
    ),
    plant(
        "the end of a stream is not sent",
        Sweep,
        "minato/src/net/stream.rs",
        "                Poll::Ready(self.socket().end_writing())",
        "                Poll::Ready(if PLANTED { Ok(()) } else { self.socket().end_writing() })",
    ),
    plant(
        "the end of one direction ends both",
        Sweep,
        "minato/src/net/socket.rs",
        "Kind::Sim(socket) => socket.shutdown(how),",
        "Kind::Sim(socket) => socket.shutdown(if PLANTED { Shutdown::Both } else { how }),",
    ),
    plant(
        "a write that was cut short counts as whole",
        Sweep,
        "minato/src/net/socket.rs",
        "            || self.send(buf).map(|len| Done::from_len(len, buf.len())),",
        "            || {
                let sent = self.send(buf);
                sent.map(|len| Done::from_len(if PLANTED { buf.len() } else { len }, buf.len()))
            },",
    ),
    plant(
        "the error of a connect is lost",
        Sweep,
        "minato/src/net/tcp/connect.rs",
        "        if let Some(error) = socket.take_error()? {",
        "        if let Some(error) = socket.take_error()?.filter(|_| !PLANTED) {",
    ),
    plant(
        "a task that is always ready keeps the others from running",
        Sweep,
        "minato/src/task/budget.rs",
        "    if context::with_budget(|budget| !budget.get().is_used_up()) {
        return Poll::Ready(());
    }
    refuse(cx)",
        "    if PLANTED || context::with_budget(|budget| !budget.get().is_used_up()) {
        return Poll::Ready(());
    }
    refuse(cx)",
    ),
    plant(
        "a far timer never fires",
        Sweep,
        "minato/src/time/wheel.rs",
        "            let Entry { links, deadline, .. } = self.entries[index];
            self.link(index, deadline);",
        "            let Entry { links, deadline, .. } = self.entries[index];
            if !PLANTED {
                self.link(index, deadline);
            }",
    ),
    plant(
        "a timer fires twice",
        Sweep,
        "minato/src/time/interval.rs",
        "        self.timer.reset(next);
        Poll::Ready(due)",
        "        use std::sync::atomic::{AtomicUsize, Ordering};
        static TICKS: AtomicUsize = AtomicUsize::new(1);
        if !(PLANTED && TICKS.fetch_add(1, Ordering::SeqCst) % 10 == 0) {
            self.timer.reset(next);
        }
        Poll::Ready(due)",
    ),
    plant(
        "a queue has no bound",
        Sweep,
        "minato-sim/src/tcp/flow.rs",
        "self.send_buffer.saturating_sub(self.queued())",
        "if PLANTED { usize::MAX / 2 } else { self.send_buffer.saturating_sub(self.queued()) }",
    ),
    plant(
        "a backlog has no bound",
        Conformance("a_full_backlog"),
        "minato-sim/src/tcp/listener.rs",
        "        self.queue.len() + self.half_open > self.backlog",
        "        !PLANTED && self.queue.len() + self.half_open > self.backlog",
    ),
    plant(
        "a new connection can get packets of the old one",
        Sweep,
        "minato-sim/src/tcp/close.rs",
        "        let until = end.closed_first.then(|| now.saturating_add(TIME_WAIT));",
        "        let waits = end.closed_first && !PLANTED;
        let until = waits.then(|| now.saturating_add(TIME_WAIT));",
    ),
    plant(
        "the end of a stream overtakes its bytes",
        Sweep,
        "minato-sim/src/tcp/flow.rs",
        "        self.last_arrival = at.max(self.last_arrival.saturating_add(1));",
        "        let last = if PLANTED { 0 } else { self.last_arrival.saturating_add(1) };
        self.last_arrival = at.max(last);",
    ),
    plant(
        "a reset destroys bytes on their way",
        Conformance("linger_zero_behind_bytes"),
        "minato-sim/src/tcp/close.rs",
        "        connection.flow_from_mut(side).cut_off();
        let end = connection.end_mut(side);",
        "        connection.flow_from_mut(side).cut_off();
        if PLANTED && error.is_some() {
            connection.flow_to_mut(side).forget_received();
        }
        let end = connection.end_mut(side);",
    ),
    plant(
        "datagrams within a host overtake each other",
        Conformance("the_order_within_a_host"),
        "minato-sim/src/link/decide.rs",
        "        *last = at.max(last.saturating_add(1));",
        "        *last = if PLANTED { at } else { at.max(last.saturating_add(1)) };",
    ),
    plant(
        "a Unix socket's path is free as it is closed",
        Conformance("paths_that_cannot_be_bound"),
        "minato-sim/src/unix/names.rs",
        "            at.take_if(|at| *at == key);",
        "            at.take_if(|at| *at == key);
            if PLANTED {
                self.paths.remove(name);
            }",
    ),
];
