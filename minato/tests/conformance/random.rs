//! Programs of socket calls that nobody wrote, on Linux and in a world.
//!
//! A program is a list of steps, drawn from a number. Each step makes something or acts on what an
//! earlier one has made, which it knows by that step's number: so a step can be left out, and the
//! others still mean the same. What each step saw is compared. On a difference the program is run
//! again with longer pauses, since the loopback of a busy machine may be late; if it still differs,
//! steps are left out as long as it does, and what is left is printed.

use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use minato::net::{TcpListener, TcpSocket, TcpStream};
use minato::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};

use crate::directory;
use crate::kit::{self, At, Place, outcome_text};

/// What the sockets of a program are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tcp,
    Unix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Make a listener, a connection to a listener, or two connected streams.
    Listen(u32),
    Connect,
    Accept,
    Pair,
    /// Make a datagram socket, connect it to another one, or send to that.
    Datagram,
    Attach,
    SendTo(usize),
    Write(usize),
    Read(usize),
    Peek(usize),
    Shutdown(Shutdown),
    Linger(Option<u64>),
    Error,
    Close,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    number: usize,
    action: Action,
    /// The steps that made what it acts on, and to what.
    on: usize,
    to: usize,
}

/// A generator of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// The program of a number.
fn program(kind: Kind, seed: u64) -> Vec<Step> {
    let mut numbers = Numbers(seed);
    let length = 8 + numbers.below(30);
    let (mut listeners, mut streams, mut datagrams) = (Vec::new(), Vec::new(), Vec::new());
    let mut steps = Vec::new();
    for number in 0..length {
        let size = numbers.one_of(&[0, 1, 3, 10, 100, 1000, 5000]);
        let hows = [Shutdown::Read, Shutdown::Write, Shutdown::Write, Shutdown::Both];
        let action = match numbers.below(20) {
            _ if listeners.is_empty() => Action::Listen(numbers.one_of(&[0, 1, 8])),
            0 => Action::Listen(numbers.one_of(&[0, 1, 8])),
            1 | 2 => Action::Connect,
            3 | 4 => Action::Accept,
            5 if kind == Kind::Unix => Action::Pair,
            6 | 7 if kind == Kind::Unix => {
                numbers.one_of(&[Action::Datagram, Action::Attach, Action::SendTo(size)])
            }
            5..=9 => Action::Write(size),
            10..=12 => Action::Read(size),
            13 => Action::Peek(size),
            14 | 15 => Action::Shutdown(numbers.one_of(&hows)),
            16 => Action::Linger(numbers.one_of(&[None, Some(0), Some(0), Some(2)])),
            17 => Action::Error,
            _ => Action::Close,
        };
        let any: Vec<usize> = [&listeners[..], &streams, &datagrams].concat();
        let of = match action {
            Action::Connect | Action::Accept => &listeners,
            Action::Attach | Action::SendTo(_) => &datagrams,
            Action::Close => &any,
            // Datagram sockets have reads and writes, too.
            _ if !datagrams.is_empty() && numbers.below(4) == 0 => &datagrams,
            _ => &streams,
        };
        let mut pick = || if of.is_empty() { number } else { of[numbers.below(of.len())] };
        steps.push(Step { number, action, on: pick(), to: pick() });
        match action {
            Action::Listen(_) => listeners.push(number),
            Action::Connect | Action::Accept => streams.push(number),
            // The second one has a number beyond all steps.
            Action::Pair => streams.extend([number, number + SECOND]),
            Action::Datagram => datagrams.push(number),
            _ => {}
        }
    }
    steps
}

/// What the second stream of a pair counts more.
const SECOND: usize = 1000;

enum Thing {
    TcpListener(TcpListener),
    UnixListener(UnixListener, PathBuf),
    Tcp(TcpStream),
    Unix(UnixStream),
    Datagram(UnixDatagram, PathBuf),
}

/// Calls the same on whatever has it; `None` on what has not.
macro_rules! on {
    ($thing:expr, $($kind:ident)|+, $socket:ident => $result:expr) => {
        match $thing {
            $(Thing::$kind($socket, ..) => Some($result),)+
            _ => None,
        }
    };
}

/// A program that runs.
struct Run {
    at: At,
    kind: Kind,
    pause: Duration,
    things: BTreeMap<usize, Thing>,
    folder: tempfile::TempDir,
}

impl Run {
    async fn settle(&self) {
        if self.kind == Kind::Tcp {
            minato::time::sleep(self.pause).await;
        }
    }

    /// What a step saw.
    async fn step(&mut self, step: &Step) -> String {
        let made = match step.action {
            Action::Listen(backlog) => Some(self.listen(step.number, backlog)),
            Action::Connect => Some(self.connect(step.on).await),
            Action::Accept => Some(self.accept(step.on)),
            Action::Pair => Some(UnixStream::pair().map(|(one, two)| {
                self.things.insert(step.number + SECOND, Thing::Unix(two));
                Thing::Unix(one)
            })),
            Action::Datagram => {
                let path = self.folder.path().join(step.number.to_string());
                Some(UnixDatagram::bind(&path).map(|socket| Thing::Datagram(socket, path)))
            }
            Action::Close => return format!("{}", self.things.remove(&step.on).is_some()),
            _ => None,
        };
        match made {
            Some(Ok(thing)) => {
                self.things.insert(step.number, thing);
                "Ok".to_owned()
            }
            Some(Err(error)) => outcome_text(&Err::<(), _>(error)),
            None => self.act(step).unwrap_or_else(|| "nothing to act on".to_owned()),
        }
    }

    fn listen(&self, number: usize, backlog: u32) -> io::Result<Thing> {
        if self.kind == Kind::Tcp {
            let socket = TcpSocket::new_v4()?;
            socket.bind("127.0.0.1:0".parse().unwrap())?;
            return socket.listen(backlog).map(Thing::TcpListener);
        }
        let path = self.folder.path().join(number.to_string());
        let socket = UnixSocket::new_stream()?;
        socket.bind(&path)?;
        Ok(Thing::UnixListener(socket.listen(backlog)?, path))
    }

    /// A connect that has not ended after a pause is given up.
    async fn connect(&self, to: usize) -> io::Result<Thing> {
        let nobody = || io::Error::from(io::ErrorKind::NotFound);
        let connecting = async {
            match self.things.get(&to).ok_or_else(nobody)? {
                Thing::TcpListener(listener) => {
                    let stream = TcpStream::connect(listener.local_addr()?).await?;
                    // Neither place holds small segments back then.
                    stream.set_nodelay(true)?;
                    Ok(Thing::Tcp(stream))
                }
                Thing::UnixListener(_, path) => Ok(Thing::Unix(UnixStream::connect(path).await?)),
                _ => Err(nobody()),
            }
        };
        let mut connecting = Box::pin(connecting);
        for _ in 0..3 {
            if let std::task::Poll::Ready(done) = futures::poll!(&mut connecting) {
                return done;
            }
            self.settle().await;
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    fn accept(&self, on: usize) -> io::Result<Thing> {
        match self.things.get(&on) {
            Some(Thing::TcpListener(listener)) => {
                let (stream, _) = listener.try_accept()?;
                _ = stream.set_nodelay(true);
                Ok(Thing::Tcp(stream))
            }
            Some(Thing::UnixListener(listener, _)) => Ok(Thing::Unix(listener.try_accept()?.0)),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn act(&self, step: &Step) -> Option<String> {
        let thing = self.things.get(&step.on)?;
        let mut buf = vec![0; 8192];
        let seen = |len: io::Result<usize>| outcome_text(&len);
        Some(match step.action {
            Action::Write(size) => {
                let bytes: Vec<u8> = (0..size).map(|n| (n + step.number) as u8).collect();
                let sent = on!(thing, Tcp | Unix, socket => socket.try_write(&bytes));
                seen(sent.or_else(|| on!(thing, Datagram, socket => socket.try_send(&bytes)))?)
            }
            Action::Read(size) => {
                let buf = &mut buf[..size.max(1)];
                let read = on!(thing, Tcp | Unix, socket => socket.try_read(buf));
                let read = read.or_else(|| on!(thing, Datagram, socket => socket.try_recv(buf)))?;
                let sum = read.as_ref().map_or(0, |len| {
                    buf[..*len].iter().fold(0_u32, |sum, byte| sum * 31 % 65_521 + u32::from(*byte))
                });
                format!("{} {sum}", seen(read))
            }
            Action::Peek(_) => {
                // The address of the peer: whether there is one.
                let known = on!(thing, Tcp, socket => socket.peer_addr().map(drop));
                let known =
                    known.or_else(|| on!(thing, Unix | Datagram, it => it.peer_addr().map(drop)));
                outcome_text(&known?)
            }
            Action::Shutdown(how) => {
                let shut = on!(thing, Tcp | Unix | Datagram, it => it.shutdown_half(how))?;
                outcome_text(&shut)
            }
            Action::Linger(seconds) => {
                let linger = seconds.map(Duration::from_secs);
                outcome_text(&on!(thing, Tcp, socket => socket.set_linger(linger))?)
            }
            Action::Error => {
                let error = on!(thing, Tcp | Unix | Datagram, it => it.take_error())?;
                format!("{:?}", error.map(|error| error.map(|error| error.raw_os_error())).ok())
            }
            Action::Attach | Action::SendTo(_) => {
                let Some(Thing::Datagram(_, path)) = self.things.get(&step.to) else { return None };
                let socket = on!(thing, Datagram, socket => socket)?;
                match step.action {
                    Action::SendTo(size) => seen(socket.try_send_to(&vec![7; size], path)),
                    _ => outcome_text(&socket.connect(path)),
                }
            }
            _ => return None,
        })
    }
}

/// What the steps of a program see in a place.
fn run(kind: Kind, steps: &[Step], place: Place, pause: Duration) -> Vec<String> {
    kit::notes(place, 1, &|at: At| {
        let steps = steps.to_vec();
        async move {
            let (things, folder) = (BTreeMap::new(), directory());
            let mut run = Run { at, kind, pause, things, folder };
            for step in &steps {
                let saw = run.step(step).await;
                run.settle().await;
                run.at.note(saw);
            }
        }
    })
}

/// What a program shows in both places, if that is not the same.
fn difference(kind: Kind, steps: &[Step], pause: Duration) -> Option<(Vec<String>, Vec<String>)> {
    let linux = run(kind, steps, Place::CurrentThread, pause);
    let world = run(kind, steps, Place::Sim, pause);
    (linux != world).then_some((linux, world))
}

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_millis(20);

/// The fewest steps that still differ.
fn cut_down(mut steps: Vec<Step>, differs: impl Fn(&[Step]) -> bool) -> Vec<Step> {
    let mut size = steps.len().div_ceil(2);
    loop {
        let mut from = 0;
        while from < steps.len() {
            let to = (from + size).min(steps.len());
            let without = [&steps[..from], &steps[to..]].concat();
            if differs(&without) {
                steps = without;
            } else {
                from = to;
            }
        }
        if size == 1 {
            return steps;
        }
        size = size.div_ceil(2);
    }
}

fn check(kind: Kind, programs: Range<u64>) {
    for seed in programs.clone() {
        let steps = program(kind, seed);
        if difference(kind, &steps, SHORT).is_none() || difference(kind, &steps, LONG).is_none() {
            continue;
        }
        let least = cut_down(steps, |steps| difference(kind, steps, LONG).is_some());
        let Some((linux, world)) = difference(kind, &least, LONG) else { continue };
        let lines = least.iter().zip(linux).zip(world).map(|((step, linux), world)| {
            let Step { number, action, on, to } = step;
            let mark = if linux == world { " " } else { "!" };
            format!("{mark} {number}: {action:?} on {on} (to {to}): Linux {linux}, a world {world}")
        });
        let lines: Vec<String> = lines.collect();
        panic!("program {seed} of {kind:?} differs:\n{}", lines.join("\n"));
    }
    println!("random programs over {kind:?}: {programs:?} are the same on Linux and in a world");
}

/// The programs that run, or those that `MINATO_PROGRAMS=first..last` asks for.
fn programs(default: Range<u64>) -> Range<u64> {
    let Ok(asked) = std::env::var("MINATO_PROGRAMS") else { return default };
    let parsed = asked
        .split_once("..")
        .and_then(|(first, last)| Some(first.trim().parse().ok()?..last.trim().parse().ok()?));
    parsed.unwrap_or_else(|| panic!("MINATO_PROGRAMS is {asked}, and not first..last"))
}

#[test]
fn programs_over_tcp() {
    check(Kind::Tcp, programs(0..40));
}

#[test]
fn programs_over_unix_sockets() {
    check(Kind::Unix, programs(0..300));
}

#[test]
fn a_program_is_cut_down_to_what_matters() {
    let steps = program(Kind::Unix, 7);
    let closes = |steps: &[Step]| steps.iter().any(|step| step.action == Action::Close);
    let writes = |steps: &[Step]| steps.iter().any(|step| matches!(step.action, Action::Write(_)));
    let all = (0..100).map(|seed| program(Kind::Unix, seed));
    let wanted = all.into_iter().find(|steps| closes(steps) && writes(steps)).unwrap_or(steps);
    assert_eq!(cut_down(wanted, |steps| closes(steps) && writes(steps)).len(), 2);
}
