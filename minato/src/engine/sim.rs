//! Readiness and verbs from a simulated host: the same sockets in a deterministic world.
//!
//! A wait takes the host's events. When there are none, the world goes on to its next event, so
//! virtual time passes only while nobody has anything to do. Tasks that wake themselves all the
//! time do not stop the clock: after [`BUSY_TURNS`] turns in a row that must not wait and find
//! nothing, time passes all the same, as it does on a real machine.
//!
//! A *stepped* host belongs to a [`Simulation`](crate::sim::Simulation), which moves the clock. A
//! turn of it that must not wait never does: two movers of one clock would pass by each other's
//! deadlines.
//!
//! An engine made with [`Engine::deferring_sends`](super::Engine::deferring_sends) accepts bytes
//! before it sends them, as a ring would (contract, rule 8): they stand in the socket's outbox
//! until the reactor's next turn, or until a verb comes whose order against them matters. The
//! sockets with something to send wait in the engine's mailbox, each at most once.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use minato_sim::{Host, Kind, Socket, SocketOption};

use super::{
    Address, Event, Family, Key, Membership, OptionName, OptionValue, Readiness, Received,
    Transport,
};
use crate::os::platform;
use crate::sync::{Arc, AtomicBool, AtomicU64, Ordering};

/// The most bytes that an outbox keeps back (contract, rule 5).
const OUTBOX_LIMIT: usize = 64 * 1024;

/// After this many turns in a row that find nothing and must not wait, time passes nevertheless.
const BUSY_TURNS: u32 = 100;

/// The most time that passes while tasks are ready, on a single host and in a simulation.
pub(crate) const BUSY_TIME: Duration = Duration::from_millis(1);

/// What the engine needs to know of its host.
pub(crate) struct SimHost {
    host: Host,
    defers_sends: bool,
    /// Whether a simulation moves the clock.
    stepped: bool,
    /// How many tasks were spawned on it.
    tasks: AtomicU64,
    /// The sockets whose outbox has something to send.
    mailbox: Mutex<Vec<Arc<SimSocket>>>,
}

impl SimHost {
    pub(super) fn new(host: Host, defers_sends: bool, stepped: bool) -> Arc<Self> {
        let (tasks, mailbox) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { host, defers_sends, stepped, tasks, mailbox })
    }

    /// Numbers the next task of the host.
    pub(crate) fn next_task(&self) -> u64 {
        self.tasks.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    fn mailbox(&self) -> MutexGuard<'_, Vec<Arc<SimSocket>>> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine for one host.
pub(crate) struct SimDriver {
    host: Arc<SimHost>,
    unparked: AtomicBool,
}

/// The events of the last wait.
#[derive(Default)]
pub(crate) struct SimWaiter {
    events: Vec<minato_sim::Event>,
    /// How many turns have found nothing since one found something or waited.
    busy_turns: u32,
}

impl SimDriver {
    pub(super) fn new(host: Arc<SimHost>) -> Self {
        Self { host, unparked: AtomicBool::new(false) }
    }

    pub(super) fn host(&self) -> &Arc<SimHost> {
        &self.host
    }

    pub(super) fn unpark(&self) -> io::Result<()> {
        self.unparked.store(true, Ordering::SeqCst);
        if self.host.stepped {
            self.host.host.notify();
        }
        Ok(())
    }

    pub(super) fn placeholder(&self) -> BorrowedFd<'_> {
        placeholder()
    }

    /// Waits for events; `next_timer` tells how long it is until the reactor's next timer, which
    /// no time that passes by itself may overtake.
    pub(super) fn wait(
        &self,
        waiter: &mut SimWaiter,
        timeout: Option<Duration>,
        next_timer: impl FnOnce() -> Option<Duration>,
    ) -> io::Result<()> {
        waiter.events.clear();
        self.send_outboxes(&mut waiter.events);
        self.host.host.take_events(&mut waiter.events);
        let unparked = self.unparked.swap(false, Ordering::SeqCst);
        if !waiter.events.is_empty() {
            waiter.busy_turns = 0;
            return Ok(());
        }
        let mut timeout = timeout;
        if unparked || timeout == Some(Duration::ZERO) {
            if self.host.stepped {
                return Ok(());
            }
            waiter.busy_turns += 1;
            if waiter.busy_turns < BUSY_TURNS {
                return Ok(());
            }
            timeout = Some(next_timer().map_or(BUSY_TIME, |timer| timer.min(BUSY_TIME)));
        }
        waiter.busy_turns = 0;
        let world = self.host.host.world();
        let limit = timeout.map(|timeout| world.now().saturating_add(timeout));
        if !world.advance(limit) && limit.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::Deadlock,
                "nothing can run in the simulated world, and no event is due",
            ));
        }
        self.host.host.take_events(&mut waiter.events);
        Ok(())
    }

    /// Sends what stands in outboxes; a socket that would block comes again. Whoever found an
    /// outbox too full learns here that it has room: the world knows nothing of outboxes, and may
    /// have nothing to report.
    fn send_outboxes(&self, events: &mut Vec<minato_sim::Event>) {
        let due = std::mem::take(&mut *self.host.mailbox());
        for socket in due {
            socket.queued.store(false, Ordering::SeqCst);
            // An error stays in the outbox for whoever uses the socket next.
            if socket.send_outbox().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                self.host.queue(&socket);
            }
            events.extend(socket.take_room().map(|key| minato_sim::Event {
                key: key.word() as u64,
                readiness: minato_sim::Readiness::WRITABLE,
            }));
        }
    }
}

impl SimHost {
    /// Puts a socket into the mailbox unless it is there.
    fn queue(&self, socket: &Arc<SimSocket>) {
        if !socket.queued.swap(true, Ordering::SeqCst) {
            self.mailbox().push(socket.clone());
        }
    }

    /// Takes a socket out of the mailbox.
    fn dequeue(&self, socket: &Arc<SimSocket>) {
        if socket.queued.load(Ordering::SeqCst) {
            self.mailbox().retain(|queued| !Arc::ptr_eq(queued, socket));
        }
    }
}

impl SimWaiter {
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn for_each_event(&mut self, mut each: impl FnMut(Event)) {
        for event in &self.events {
            each(Event {
                key: Key::from_word(event.key as usize),
                readiness: readiness_of(event.readiness),
            });
        }
    }
}

/// A simulated socket and the bytes that it has accepted and not sent.
pub(crate) struct SimSource {
    socket: Arc<SimSocket>,
    host: Arc<SimHost>,
}

struct SimSocket {
    socket: Socket,
    outbox: Mutex<Outbox>,
    /// Whether it is in the mailbox.
    queued: AtomicBool,
}

#[derive(Default)]
struct Outbox {
    bytes: Vec<u8>,
    /// What a deferred send failed with, for the next verb that could report it.
    error: Option<io::Error>,
    /// Somebody was told that there is not room for all they have.
    wants_room: bool,
    /// Under which key the socket is registered.
    key: Option<Key>,
}

impl SimSocket {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_outbox(&self) -> io::Result<()> {
        let mut outbox = self.outbox();
        while !outbox.bytes.is_empty() {
            match self.socket.send(&outbox.bytes) {
                Ok(sent) => drop(outbox.bytes.drain(..sent)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(error) => {
                    outbox.bytes.clear();
                    outbox.error = Some(error);
                }
            }
        }
        Ok(())
    }

    /// The key to report room under, if somebody wants to know and there is some.
    fn take_room(&self) -> Option<Key> {
        let mut outbox = self.outbox();
        let key = outbox.key.filter(|_| outbox.wants_room && outbox.bytes.len() < OUTBOX_LIMIT)?;
        outbox.wants_room = false;
        Some(key)
    }

    /// Hands everything over at once, for what must come after it. An error stays in the outbox.
    fn flush_outbox(&self) {
        let mut outbox = self.outbox();
        let bytes = std::mem::take(&mut outbox.bytes);
        if !bytes.is_empty()
            && let Err(error) = self.socket.force_send(&bytes)
        {
            outbox.error = Some(error);
        }
    }

    /// What a deferred send failed with.
    fn take_error(&self) -> Option<io::Error> {
        self.outbox().error.take()
    }
}

impl SimSource {
    pub(super) fn open(
        host: &Arc<SimHost>,
        family: Family,
        transport: Transport,
    ) -> io::Result<Self> {
        let family = match family {
            Family::V4 => minato_sim::Family::V4,
            Family::V6 => minato_sim::Family::V6,
            Family::Unix => return Err(unsupported("a Unix socket")),
        };
        let kind = match transport {
            Transport::Tcp => Kind::Stream,
            Transport::Udp => Kind::Datagram,
            _ => return Err(unsupported("a Unix socket")),
        };
        Ok(Self::of(host.host.socket(family, kind)?, host.clone()))
    }

    fn of(socket: Socket, host: Arc<SimHost>) -> Self {
        let outbox = Mutex::default();
        let socket = Arc::new(SimSocket { socket, outbox, queued: AtomicBool::new(false) });
        Self { socket, host }
    }

    pub(super) fn inner(&self) -> &Socket {
        &self.socket.socket
    }

    pub(super) fn is_on(&self, host: &SimHost) -> bool {
        self.host.host.number() == host.host.number()
    }

    pub(super) fn register(&self, key: Key) -> io::Result<()> {
        self.inner().register(key.word() as u64)?;
        self.socket.outbox().key = Some(key);
        Ok(())
    }

    pub(super) fn rearm(&self) -> io::Result<()> {
        self.inner().rearm()
    }

    pub(super) fn deregister(&self) -> io::Result<()> {
        self.socket.outbox().key = None;
        self.inner().deregister()
    }

    pub(super) fn connect(&self, address: &Address) -> io::Result<()> {
        self.inner().connect(ip(address)?)
    }

    pub(super) fn bind(&self, address: &Address) -> io::Result<()> {
        self.inner().bind(ip(address)?)
    }

    pub(super) fn listen(&self, backlog: i32) -> io::Result<()> {
        self.inner().listen(backlog)
    }

    pub(super) fn accept(&self) -> io::Result<(Self, Address)> {
        let (accepted, from) = self.inner().accept()?;
        Ok((Self::of(accepted, self.host.clone()), Address::Ip(from)))
    }

    pub(super) fn recv(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.or_error_at_end(self.inner().recv(buf)?)
    }

    pub(super) fn peek(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
        self.or_error_at_end(self.inner().peek(buf)?)
    }

    pub(super) fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.or_error_at_end(self.inner().recv_vectored(bufs)?)
    }

    /// How many bytes were received; at the end of the stream, the error of a deferred send. The
    /// world gave that to the send, and so cannot give it to the receive that comes next.
    fn or_error_at_end(&self, len: usize) -> io::Result<usize> {
        // A send that only reports that the stream was closed is none of the receiver's business.
        let concerns = |error: &mut io::Error| error.kind() != io::ErrorKind::BrokenPipe;
        match self.socket.outbox().error.take_if(|error| len == 0 && concerns(error)) {
            Some(error) => Err(error),
            None => Ok(len),
        }
    }

    pub(super) fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.send_vectored(&[IoSlice::new(buf)])
    }

    pub(super) fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if !self.host.defers_sends || self.inner().kind() == Kind::Datagram {
            return self.inner().send_vectored(bufs);
        }
        let mut outbox = self.socket.outbox();
        if let Some(error) = outbox.error.take() {
            return Err(error);
        }
        // What can fail now shall fail now: sending nothing tells. The rest is told with the next
        // send.
        self.inner().send_vectored(&[])?;
        let room = OUTBOX_LIMIT - outbox.bytes.len();
        let asked: usize = bufs.iter().map(|buf| buf.len()).sum();
        if asked == 0 {
            return Ok(0);
        }
        outbox.wants_room = asked > room;
        if room == 0 {
            // It stands in the mailbox, and the turn that makes room reports it.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut accepted = 0;
        for buf in bufs {
            let part = &buf[..buf.len().min(room - accepted)];
            outbox.bytes.extend_from_slice(part);
            accepted += part.len();
        }
        drop(outbox);
        self.host.queue(&self.socket);
        Ok(accepted)
    }

    pub(super) fn recv_from(
        &self,
        buf: &mut [MaybeUninit<u8>],
        peek: bool,
    ) -> io::Result<(Received, Address)> {
        let socket = self.inner();
        let received = if peek { socket.peek_from(buf) } else { socket.recv_from(buf) };
        let (len, truncated, from) = received?;
        Ok((Received { len, truncated }, Address::Ip(from)))
    }

    pub(super) fn send_to(&self, buf: &[u8], target: &Address) -> io::Result<usize> {
        self.inner().send_to(buf, ip(target)?)
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner().shutdown(how)
    }

    pub(super) fn local_address(&self) -> io::Result<Address> {
        self.inner().local_addr().map(Address::Ip)
    }

    pub(super) fn peer_address(&self) -> io::Result<Address> {
        self.inner().peer_addr().map(Address::Ip)
    }

    pub(super) fn peer_credentials(&self) -> io::Result<(u32, u32, Option<i32>)> {
        Err(unsupported("the credentials of a peer"))
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self.socket.take_error() {
            Some(error) => Ok(Some(error)),
            None => self.inner().take_error(),
        }
    }

    pub(super) fn flush_outbox(&self) {
        self.socket.flush_outbox();
    }

    /// What a deferred send failed with, for a verb that is about to go round the outbox.
    pub(super) fn kept_error(&self) -> io::Result<()> {
        self.socket.take_error().map_or(Ok(()), Err)
    }

    pub(super) fn placeholder(&self) -> BorrowedFd<'_> {
        placeholder()
    }

    pub(super) fn option(&self, name: OptionName) -> io::Result<OptionValue> {
        use OptionValue::{Flag, Number, Time};
        let options = self.inner().options();
        let v6 = self.inner().family() == minato_sim::Family::V6;
        match name {
            OptionName::OnlyV6 | OptionName::MulticastLoopV6 if !v6 => {
                return Err(not_of_this_family());
            }
            _ => {}
        }
        Ok(match name {
            OptionName::ReuseAddress => Flag(options.reuse_address),
            OptionName::ReusePort => Flag(options.reuse_port),
            OptionName::NoDelay => Flag(options.nodelay),
            OptionName::KeepAlive => Flag(options.keepalive),
            OptionName::KeepAliveTime => Time(Some(options.keepalive_idle)),
            OptionName::KeepAliveInterval => Time(Some(options.keepalive_interval)),
            OptionName::KeepAliveRetries => Number(options.keepalive_retries),
            OptionName::Linger => Time(options.linger),
            OptionName::Ttl => Number(options.ttl),
            OptionName::SendBufferSize => Number(options.send_buffer as u32),
            OptionName::ReceiveBufferSize => Number(options.receive_buffer as u32),
            OptionName::Broadcast => Flag(options.broadcast),
            OptionName::OnlyV6 => Flag(options.only_v6),
            OptionName::MulticastLoopV4 => Flag(options.multicast_loop_v4),
            OptionName::MulticastTtlV4 => Number(options.multicast_ttl_v4),
            OptionName::MulticastLoopV6 => Flag(options.multicast_loop_v6),
        })
    }

    pub(super) fn set_option(&self, name: OptionName, value: OptionValue) -> io::Result<()> {
        let time = |value: OptionValue| value.time().map(Option::unwrap_or_default);
        self.inner().set_option(match name {
            OptionName::ReuseAddress => SocketOption::ReuseAddress(value.flag()?),
            OptionName::ReusePort => SocketOption::ReusePort(value.flag()?),
            OptionName::NoDelay => SocketOption::NoDelay(value.flag()?),
            OptionName::KeepAlive => SocketOption::Keepalive(value.flag()?),
            OptionName::KeepAliveTime => SocketOption::KeepaliveIdle(time(value)?),
            OptionName::KeepAliveInterval => SocketOption::KeepaliveInterval(time(value)?),
            OptionName::KeepAliveRetries => SocketOption::KeepaliveRetries(value.number()?),
            OptionName::Linger => SocketOption::Linger(value.time()?),
            OptionName::Ttl => SocketOption::TimeToLive(value.number()?),
            OptionName::SendBufferSize => SocketOption::SendBuffer(value.number()? as usize),
            OptionName::ReceiveBufferSize => SocketOption::ReceiveBuffer(value.number()? as usize),
            OptionName::Broadcast => SocketOption::Broadcast(value.flag()?),
            OptionName::OnlyV6 => SocketOption::OnlyV6(value.flag()?),
            OptionName::MulticastLoopV4 => SocketOption::MulticastLoopV4(value.flag()?),
            OptionName::MulticastTtlV4 => SocketOption::MulticastTtlV4(value.number()?),
            OptionName::MulticastLoopV6 => SocketOption::MulticastLoopV6(value.flag()?),
        })
    }

    pub(super) fn change_membership(&self, change: Membership) -> io::Result<()> {
        self.inner().set_option(match change {
            Membership::JoinV4(group, interface) => SocketOption::JoinV4(group, interface),
            Membership::LeaveV4(group, interface) => SocketOption::LeaveV4(group, interface),
            Membership::JoinV6(group, interface) => SocketOption::JoinV6(group, interface),
            Membership::LeaveV6(group, interface) => SocketOption::LeaveV6(group, interface),
        })
    }
}

impl Drop for SimSource {
    fn drop(&mut self) {
        // Its bytes go out first in any case. An error has nobody left to be told to.
        self.socket.flush_outbox();
        // The mailbox must not keep the socket open until the next turn, which may never come.
        self.host.dequeue(&self.socket);
    }
}

fn ip(address: &Address) -> io::Result<SocketAddr> {
    match address {
        Address::Ip(address) => Ok(*address),
        Address::Unix(_) => Err(unsupported("a Unix address")),
    }
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("{what} cannot be had on the sim engine, which has TCP and UDP"),
    )
}

/// What Linux says when an option of IPv6 is read from an IPv4 socket.
fn not_of_this_family() -> io::Error {
    io::Error::from_raw_os_error(libc::EOPNOTSUPP)
}

/// The descriptor that simulated sockets lend: one on which every socket call fails.
fn placeholder() -> BorrowedFd<'static> {
    static PLACEHOLDER: OnceLock<OwnedFd> = OnceLock::new();
    PLACEHOLDER
        .get_or_init(|| platform::placeholder().expect("a descriptor that stands for nothing"))
        .as_fd()
}

/// The world's readiness in the library's words.
fn readiness_of(event: minato_sim::Readiness) -> Readiness {
    use minato_sim::Readiness as World;
    let bits = [
        (World::READABLE, Readiness::READABLE),
        (World::WRITABLE, Readiness::WRITABLE),
        (World::READ_CLOSED, Readiness::READ_CLOSED),
        (World::WRITE_CLOSED, Readiness::WRITE_CLOSED),
        (World::PRIORITY, Readiness::PRIORITY),
        (World::ERROR, Readiness::ERROR),
    ];
    let set = bits.into_iter().filter(|(world, _)| event.contains(*world));
    set.fold(Readiness::EMPTY, |all, (_, bit)| all | bit)
}
