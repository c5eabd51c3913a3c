//! Requests over connections that stay: closed loop, open loop and lockstep.

use std::io;
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;

use super::connection::{CHUNK, Connection, Pattern};
use super::histogram::Recorder;
use super::{Figures, LoadOptions, Watch, context, used};
use crate::sample::Sample;

/// How long answers may come after the measured window.
const GRACE: u64 = 5_000_000_000;

/// What decides when a request is sent.
#[derive(Clone, Copy, PartialEq)]
enum Schedule {
    /// As soon as another is answered.
    Closed,
    /// When all connections are answered.
    Lockstep,
    /// Every so many nanoseconds, in turn on each connection.
    Open { interval: f64 },
}

/// The measured window, in nanoseconds since the start.
struct Window {
    begin: u64,
    end: u64,
    before: Option<Sample>,
    after: Option<Sample>,
    has_begun: bool,
    has_ended: bool,
}

struct Driver<'a> {
    options: &'a LoadOptions,
    watch: &'a Watch,
    schedule: Schedule,
    epoll: Epoll,
    connections: Vec<Connection>,
    blocker: Option<Connection>,
    started: Instant,
    window: Window,
    recorder: Recorder,
    asked: u64,
    answered: u64,
    /// Answers within the window.
    operations: u64,
    /// Requests of the open loop so far, and requests that block.
    scheduled: u64,
    blocks: u64,
}

/// Opens the connections, loads the server, and returns what that showed.
pub(super) fn run(options: &LoadOptions, watch: &Watch) -> io::Result<Figures> {
    let open = |pattern| Connection::open(options.address, pattern).map_err(context("connecting"));
    let pattern = Pattern::plain(options.traffic.size);
    let mut connections = Vec::with_capacity(options.traffic.connections);
    for _ in 0..options.traffic.connections {
        connections.push(open(pattern.clone())?);
    }
    let unburdened = watch.sample()?;
    let mut idle = Vec::with_capacity(options.idle);
    for _ in 0..options.idle {
        idle.push(open(pattern.clone())?);
    }
    let burdened = watch.sample()?;
    let rest = rest(options, watch)?;
    let blocker = match options.block_every {
        Some(_) => Some(open(Pattern::blocking(options.traffic.size))?),
        None => None,
    };
    let mut figures = Driver::new(options, watch, connections, blocker)?.drive()?;
    if let Some(server) = &mut figures.server {
        server.rest_nanoseconds_per_second = rest;
        if let (Some(before), Some(after), 1..) = (unburdened, burdened, options.idle) {
            let grown = after.resident as f64 - before.resident as f64;
            server.bytes_per_idle = Some(grown / options.idle as f64);
        }
    }
    Ok(figures)
}

/// The server's CPU time a second while nothing is sent to it.
fn rest(options: &LoadOptions, watch: &Watch) -> io::Result<Option<f64>> {
    let Some(sampler) = watch.sampler.as_ref().filter(|_| !options.rest.is_zero()) else {
        return Ok(None);
    };
    // What follows the last answer is not rest yet.
    thread::sleep(Duration::from_millis(20));
    let (begun, before) = (Instant::now(), sampler.cpu()?);
    thread::sleep(options.rest);
    let used = sampler.cpu()?.saturating_sub(before);
    Ok(Some(used.as_nanos() as f64 / begun.elapsed().as_secs_f64()))
}

impl<'a> Driver<'a> {
    fn new(
        options: &'a LoadOptions,
        watch: &'a Watch,
        connections: Vec<Connection>,
        blocker: Option<Connection>,
    ) -> io::Result<Driver<'a>> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        for (at, connection) in connections.iter().chain(&blocker).enumerate() {
            let both = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            epoll.add(connection, EpollEvent::new(both, at as u64))?;
        }
        let schedule = match options.rate {
            Some(rate) => Schedule::Open { interval: 1e9 / rate },
            None if options.lockstep => Schedule::Lockstep,
            None => Schedule::Closed,
        };
        if options.rate.is_some() {
            // The kernel delays wakes by up to 50 us otherwise.
            let _ = nix::sys::prctl::set_timerslack(1);
        }
        let begin = if options.operations.is_some() { 0 } else { nanoseconds(options.warm_up) };
        let end = match options.operations {
            Some(_) => u64::MAX,
            None => begin + nanoseconds(options.seconds),
        };
        let (before, after) = (None, None);
        let window = Window { begin, end, before, after, has_begun: false, has_ended: false };
        Ok(Driver {
            options,
            watch,
            schedule,
            epoll,
            connections,
            blocker,
            started: Instant::now(),
            window,
            recorder: Recorder::new()?,
            asked: 0,
            answered: 0,
            operations: 0,
            scheduled: 0,
            blocks: 0,
        })
    }

    fn now(&self) -> u64 {
        nanoseconds(self.started.elapsed())
    }

    fn drive(mut self) -> io::Result<Figures> {
        let mut events = vec![EpollEvent::empty(); 1024];
        let mut scratch = vec![0; CHUNK];
        self.started = Instant::now();
        self.turn_window()?;
        if self.schedule == Schedule::Closed {
            self.ask_all(self.options.traffic.pipeline)?;
        }
        loop {
            self.turn_window()?;
            if self.window.has_ended {
                let late = self.now() > self.window.end + GRACE;
                if self.asked == self.answered || late {
                    break;
                }
            } else {
                self.ask_due()?;
            }
            let count = self.wait(&mut events)?;
            for event in &events[..count] {
                self.serve(event.data() as usize, &mut scratch)?;
            }
        }
        Ok(self.finish())
    }

    /// Begins and ends the window when it is time.
    fn turn_window(&mut self) -> io::Result<()> {
        if !self.window.has_begun && self.now() >= self.window.begin {
            self.window.before = self.watch.sample()?;
            let late = self.now() - self.window.begin;
            self.window.begin += late;
            self.window.end = self.window.end.saturating_add(late);
            self.window.has_begun = true;
        }
        let enough = self.options.operations.is_some_and(|count| self.answered >= count);
        if !self.window.has_ended && (enough || self.now() >= self.window.end) {
            self.window.end = self.now();
            self.window.after = self.watch.sample()?;
            self.window.has_ended = true;
        }
        Ok(())
    }

    /// Sends what is due by the clock, or by all being answered.
    fn ask_due(&mut self) -> io::Result<()> {
        match self.schedule {
            Schedule::Closed => {}
            Schedule::Lockstep => {
                if self.asked == self.answered {
                    self.ask_all(self.options.traffic.pipeline)?;
                }
            }
            Schedule::Open { interval } => {
                while self.due(interval) <= self.now() {
                    let at = (self.scheduled % self.connections.len() as u64) as usize;
                    let intended = self.due(interval);
                    self.scheduled += 1;
                    self.ask(at, 1, intended)?;
                }
            }
        }
        if let Some(due) = self.block_due().filter(|due| *due <= self.now()) {
            self.blocks += 1;
            if let Some(blocker) = &mut self.blocker {
                blocker.ask(due);
                blocker.flush().map_err(context("sending"))?;
            }
        }
        Ok(())
    }

    /// When the next request of the open loop is to be sent.
    fn due(&self, interval: f64) -> u64 {
        (self.scheduled as f64 * interval) as u64
    }

    /// When the next request that blocks is to be sent: the first shortly after the window began.
    fn block_due(&self) -> Option<u64> {
        let every = nanoseconds(self.options.block_every?);
        Some(nanoseconds(self.options.warm_up) + every / 10 + self.blocks * every)
    }

    fn ask_all(&mut self, each: usize) -> io::Result<()> {
        for at in 0..self.connections.len() {
            let now = self.now();
            self.ask(at, each, now)?;
        }
        Ok(())
    }

    /// Sends requests on a connection, unless enough have been sent.
    fn ask(&mut self, at: usize, count: usize, intended: u64) -> io::Result<()> {
        let connection = &mut self.connections[at];
        for _ in 0..count {
            if self.options.operations.is_some_and(|wanted| self.asked >= wanted) {
                break;
            }
            self.asked += 1;
            connection.ask(intended);
        }
        connection.flush().map_err(context("sending"))
    }

    fn wait(&self, events: &mut [EpollEvent]) -> io::Result<usize> {
        let mut until = match (self.window.has_begun, self.window.has_ended) {
            (false, _) => self.window.begin,
            (true, false) => self.window.end,
            (true, true) => self.window.end + GRACE,
        };
        if !self.window.has_ended {
            if let Schedule::Open { interval } = self.schedule {
                until = until.min(self.due(interval));
            }
            until = until.min(self.block_due().unwrap_or(u64::MAX));
        }
        let mut timeout = EpollTimeout::ZERO;
        let left = Duration::from_nanos(until.saturating_sub(self.now()));
        if matches!(self.schedule, Schedule::Open { .. }) {
            // epoll's own timeout counts milliseconds.
            let mut readable = [PollFd::new(self.epoll.0.as_fd(), PollFlags::POLLIN)];
            ppoll(&mut readable, Some(TimeSpec::from_duration(left)), None).or_else(interrupted)?;
        } else {
            let milliseconds = left.as_millis().min(1000) + 1;
            timeout = EpollTimeout::from(milliseconds as u16);
        }
        Ok(self.epoll.wait(events, timeout).map(|count| count as i32).or_else(interrupted)?
            as usize)
    }

    /// Takes a connection's answers, and in a closed loop asks anew.
    fn serve(&mut self, at: usize, scratch: &mut [u8]) -> io::Result<()> {
        if at == self.connections.len() {
            if let Some(blocker) = &mut self.blocker {
                blocker.receive(scratch, |_| ()).map_err(context("receiving"))?;
            }
            return Ok(());
        }
        let now = self.now();
        let in_window = |time: u64| {
            let Window { begin, end, has_begun, has_ended, .. } = self.window;
            has_begun && time >= begin && (!has_ended || time < end)
        };
        let (counts, mut answers) = (in_window(now), 0);
        let recorder = &mut self.recorder;
        let record = |intended| {
            answers += 1;
            if in_window(intended) {
                recorder.record(now.saturating_sub(intended));
            }
        };
        self.connections[at].receive(scratch, record).map_err(context("receiving"))?;
        self.answered += answers as u64;
        self.operations += if counts { answers as u64 } else { 0 };
        if self.schedule == Schedule::Closed && !self.window.has_ended {
            return self.ask(at, answers, now);
        }
        self.connections[at].flush().map_err(context("sending"))
    }

    fn finish(mut self) -> Figures {
        let now = self.now();
        let mut unanswered = 0;
        for intended in self.connections.iter().flat_map(Connection::unanswered) {
            if intended < self.window.end {
                unanswered += 1;
                self.recorder.record(now.saturating_sub(intended));
            }
        }
        Figures {
            operations: self.operations,
            nanoseconds: self.window.end.saturating_sub(self.window.begin),
            unanswered,
            latency: self.recorder.latencies(),
            server: used(self.window.before, self.window.after),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A wait that a signal cut short has found nothing.
fn interrupted(errno: nix::errno::Errno) -> nix::Result<i32> {
    if errno == nix::errno::Errno::EINTR { Ok(0) } else { Err(errno) }
}
